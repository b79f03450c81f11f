"""The voicemail extension: it takes messages for those who do not answer, and plays them to them.

Its calls need the mailboxes, so the serving function is that of `calls/voicemail/service.py`.
"""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.voicemail import VoicemailExtension

VOICEMAIL = ExtensionKind(name="voicemail", api_name="Voicemail", settings=VoicemailExtension)
