"""The IVR extension: an OzML script, on disk or fetched for every call, plays the callee.

Scripts stand above call control, so the serving function is that of `ozml/services.py`.
"""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.ivr import IvrExtension

IVR = ExtensionKind(name="ivr", api_name="IVR extension", settings=IvrExtension, is_scripted=True)
