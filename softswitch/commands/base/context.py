"""What a running command acts on: its script, its call and the parties of the call.

HTTP, scripts and the simulated call of `softswitch script` each bring an implementation of these
protocols, and a command cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, TypeVar

from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.elements import Block, Node
from softswitch.commands.base.order import CallOrder, PartyOrder
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.switch_context import SwitchContext
from softswitch.commands.base.values import Parties

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file that was found and can be read."""

    source: str
    "As the command named it."
    path: str
    "Where the media worker reads it."


@dataclass(frozen=True, slots=True)
class RouteOrder:
    """Where RoutingInterception sends a call: see `commands/route.py`."""

    destination: str
    "Empty: the caller is rejected."
    ring_time: float
    "In seconds."
    caller_id: str | None
    dialed_number: str | None


class ControlledParty(Protocol):
    """One party of a call: it performs orders, and presses keys."""

    async def perform(self, order: PartyOrder[T]) -> T:
        """Do what is ordered; returns when it is done. Raises CommandError when it cannot be."""

    def stop_sound(self) -> None:
        """End the sounds that the party hears, and those that wait, at once."""

    async def key(self) -> str:
        """The next key that the party presses; keys wait until they are asked for."""

    def forget_keys(self) -> None:
        """Drop the keys that have not been asked for."""

    def privately(self) -> AbstractContextManager[None]:
        """Let no trace tell which keys it presses meanwhile."""

    def hide(self, secret: str) -> None:
        """Let no trace tell from now on what it has entered in private."""


class ControlledCall(Protocol):
    """A call as commands see it."""

    @property
    def id(self) -> str: ...

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call: CallId, CallerId, CallState, …"""

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The parties that are meant; `command` is the one that an error names.

        Raises CommandError 303, 601.
        """

    async def perform(self, order: CallOrder[T]) -> T:
        """Do what is ordered; returns when it is done. Raises CommandError when it cannot be."""


class Variables(Protocol):
    """The variables of a call's scripts."""

    def set(self, name: str, value: str) -> None: ...
    def get(self, name: str) -> str | None: ...
    def set_array(self, name: str, values: Sequence[str]) -> None: ...
    def array(self, name: str) -> tuple[str, ...] | None: ...
    def loop(self, name: str) -> AbstractContextManager[Callable[[str], None]]: ...


class Context(Protocol):
    """One command while it runs: its origin, and what it acts on."""

    origin: Contexts
    "Where the command stands: one of the contexts."
    user: str
    "The HTTP user, or the extension that the script belongs to."
    switch: SwitchContext
    extension: str | None
    "The extension whose script it is; None over HTTP."
    menu_depth: int
    "How many menus stand around the command."

    @property
    def variables(self) -> Variables:
        """The variables of the call's scripts."""

    def call(self, call_id: str | None = None) -> ControlledCall:
        """The call of that id, or the one that the script is about. Raises CommandError 601."""

    def parties(
        self, call_id: str | None, side: Parties, command: str
    ) -> Sequence[ControlledParty]:
        """The parties that a command is for; in a script of an extension always the other party.

        `command` is the one that an error names.
        """

    async def sound(self, source: str) -> Sound:
        """Find an audio file or fetch a URL. Raises CommandError 302."""

    async def perform(self, *work: Awaitable[None], endless: bool = False) -> None:
        """Wait for the work in a script; over HTTP and for third parties let it go on.

        What is `endless` is nothing that `heard_out` waits for.
        """

    async def heard_out(self) -> None:
        """Wait until the parties have heard what this script has let go on."""

    def afterwards(self, work: Awaitable[None]) -> None:
        """Let work go on although the script, or its call, has ended."""

    def replace(self, text: str) -> str:
        """The text with the variables of the script in it."""

    async def run(self, block: Block) -> None:
        """Run commands that stand inside a command."""

    def menu(self) -> AbstractContextManager[None]:
        """While it lasts, `menu_depth` is one more."""

    async def notify(
        self,
        url: str | None,
        name: str,
        fields: Mapping[str, str],
        *,
        call: ControlledCall | None = None,
        needed: bool = False,
    ) -> None:
        """Tell an application, and run the OzML of its answer. Nothing happens without a URL.

        `call` is the one it is about, where that is not the script's own. A script ends when an
        answer is `needed` that cannot be had.
        """

    async def warn(self, error: CommandError) -> None:
        """Tell that a command is done in another way than it was asked to: log, Error, reply."""

    async def sleep(self, seconds: float) -> None:
        """Wait; the simulated caller skips the time."""

    def route(self, order: RouteOrder) -> None:
        """Take the answer to RoutingInterception."""

    def read_document(self, source: str) -> Node:
        """The root of an OzML document. Raises CommandError 300 with line and column."""
