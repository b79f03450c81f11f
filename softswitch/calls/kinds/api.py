"""The API extension: a web application is asked what to do with each call.

Scripts stand above call control, so the serving function is that of `ozml/services.py`.
"""

from __future__ import annotations

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.settings.extensions.api import ApiExtension

API = ExtensionKind(
    name="api",
    api_name="API extension",
    settings=ApiExtension,
    is_scripted=True,
    takes_messages=True,
)
