"""A kind of extensions whose callee is played by call control itself."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.call.services import Service
from softswitch.calls.numbers.extension import ExtensionKind


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedKind(ExtensionKind):
    """A kind with the function that serves the calls to it."""

    serve: Service
    "Answers the call and plays its callee; ends by raising CallEnds."
