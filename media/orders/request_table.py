"""Which part of the worker answers each type of request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from media.control.message import ControlMessage
from media.control.session import Reply

Asked = TypeVar("Asked", bound=ControlMessage)


class Refusal(ValueError):
    """A request that cannot be carried out; the sentence goes back."""


class RequestTable:
    """Functions by the type of the request that they take."""

    def __init__(self) -> None:
        # `add` is what keeps the types of key and value together
        self._functions: dict[type[ControlMessage], Callable[..., Reply | None]] = {}

    def add(self, request: type[Asked], answer: Callable[[Asked], Reply | None]) -> None:
        """Let `answer` take all requests of a type; what it returns, if anything, is sent back.

        It may raise KeyError or `Refusal`, whose sentence is sent back.
        """
        self._functions[request] = answer

    def answer(self, request: ControlMessage) -> Reply | None:
        """Answer a request; raises what its function raises, and KeyError when there is none."""
        return self._functions[type(request)](request)


class OrderTaker(Protocol):
    """A part of the worker that answers some of the requests."""

    def add_requests(self, table: RequestTable) -> None:
        """Enter into the table what this part answers."""

    def changed(self, row: int) -> None:
        """Take into account that a leg has other formats, or is heard by another leg."""

    def forget(self, row: int) -> None:
        """Let go of a leg that is about to be closed."""

    def settle(self, now: float) -> None:
        """Do what is due, once a tick and before it; `now` is in seconds."""

    def close(self) -> None:
        """End threads and processes of this part: the worker is about to end."""
