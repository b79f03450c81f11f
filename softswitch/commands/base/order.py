"""Orders: what a command asks of a party or of a whole call, as one frozen value.

An order says in one file how it is done on a real call and what `softswitch script` shows in its
place; the file of each stands in `commands/orders/`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.call_task import Course
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.ports.media_port import MediaPort
from softswitch.calls.setup.answering import Answering
from softswitch.calls.transfer.transfer import Transfers
from softswitch.commands.base.codes import Code, CommandError
from softswitch.store.database.changes import Change

T = TypeVar("T")

TellUrl = Callable[[str, Mapping[str, str]], Awaitable[None]]
"Sends fields to an application at a URL."
StartWork = Callable[[Awaitable[None]], None]
"Lets work go on that nobody waits for, and owns it."


class AlarmStore(Protocol):
    """What orders need of the store; a script in the terminal needs none, and loads none."""

    def write(self, *changes: Change) -> asyncio.Future[None]:
        """The future is done when the changes are on disk; raises StoreError."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """What orders need besides the call."""

    recordings: Path
    recording_url: Callable[[str, str | None], Awaitable[str]]
    "The URL of a recording, by its path below `recordings`, for the application at a URL."
    directory: Directory
    routing: Routing
    calls: Calls
    answering: Answering
    transfers: Transfers
    begin: Callable[[Call, Course], None]
    "Lets a call take its course."
    store: AlarmStore
    finished: TellUrl
    "Tells an application how a transferred call ended."
    start: StartWork


@dataclass(frozen=True, slots=True)
class LivePhone:
    """A party of a real call."""

    party: Party
    dtmf: str = "auto"
    "How keys are sent to it: `auto`, `event`, `info` or `inband`."

    @property
    def present(self) -> Party:
        """The party, or the one that stands in its place by now."""
        party = self.party
        while party.successor is not None:
            party = party.successor
        return party

    def port(self, command: str) -> MediaPort:
        """Its media port. Raises CommandError 303, which names the command, where it has none."""
        port = self.present.audio.port
        if port is None:
            raise CommandError(Code.INAPPROPRIATE_COMMAND, command)
        return port


@dataclass(slots=True)
class Simulation:
    """The simulated call of `softswitch script`, with its one caller."""

    say: Callable[[str], None]
    "Shows a line."
    sounds: list[str] | None = None
    "The results of the first `Detect`, the second and so on; None: one is assumed."
    answered: bool = False


class PartyOrder(ABC, Generic[T]):
    """What one party is asked to do."""

    __slots__ = ()

    @abstractmethod
    async def perform(self, phone: LivePhone) -> T:
        """Do it; returns when it is done. Raises CommandError when it cannot be done."""

    @abstractmethod
    async def simulate(self, simulation: Simulation) -> T:
        """Show it, and take the time that it would take where time matters."""


class CallOrder(ABC, Generic[T]):
    """What a call as a whole is asked to do."""

    __slots__ = ()

    @abstractmethod
    async def perform(self, call: Call, context: CallContext) -> T:
        """Do it; returns when it is done. Raises CommandError when it cannot be done."""

    @abstractmethod
    async def simulate(self, simulation: Simulation) -> T:
        """Show it. Raises CommandError when it could not be done."""
