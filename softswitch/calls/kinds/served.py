"""A kind of extensions whose callee is played by call control itself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.setup.answering import Answering


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServedKind(ExtensionKind):
    """A kind with the function that serves the calls to it."""

    serve: Callable[[Answering, Call, Extension], Awaitable[None]]
    "Answers the call and plays its callee; ends by raising CallEnds."
