"""The switch as commands see it, besides the calls that are up.

The real one is `running/switch.py`, that of `softswitch script` is `ozml/terminal/simulation.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from softswitch.commands.base.elements import Block
from softswitch.commands.base.values import MachineDetection
from softswitch.guard.rights import User
from softswitch.messaging.queue.outgoing import Outgoing


@dataclass(frozen=True, slots=True)
class Dialling:
    """A call that a command starts."""

    dialed: str
    api_extension: str | None = None
    caller_id: str | None = None
    caller_display_name: str | None = None
    ring_time: float = 60.0
    "In seconds."
    url: str | None = None
    "Gets CallConnected; its answer is the script."
    script: str | None = None
    "OzML that runs when the call is answered; wins over `url`."
    state_scripts: Mapping[str, Block] = field(default_factory=dict)
    "`Request`: a script for each state, by the name of its element."
    error_url: str | None = None
    finished_url: str | None = None
    machine_detection: MachineDetection = MachineDetection.OFF
    both: bool = False
    "`CallSetup`: the number of `caller_id` is rung first, and no script runs."


@dataclass(frozen=True, slots=True)
class ChosenVoice:
    """How a text is said."""

    language: str | None = None
    voice: str | None = None
    "None: the best voice of the language."
    unknown: tuple[tuple[str, str], ...] = ()
    "Parameters that name nothing here, each with a sentence; another voice speaks instead."


@dataclass(frozen=True, slots=True)
class AlarmOrder:
    """A Contact ID report that a command sends."""

    phone_number: str
    account: str
    "Four digits out of 0-9 and B-F."
    qualifier: str
    "`NewEvent`, `NewRestore` or `StatusReport`."
    code: str
    "Three digits."
    partition: str
    "Two digits."
    zone: str
    "Three digits."
    api_extension: str | None = None
    result_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """Which page of the call history."""

    number: int
    "From 0, behind `after` where that is given."
    rows: int
    "Records on a page."
    after: str | None
    "The id of the call that the first page begins behind."
    descending: bool


class SwitchContext(Protocol):
    """The switch as commands see it."""

    @property
    def user(self) -> User:
        """In whose name commands act; an application reaches its own extensions only (306)."""

    async def dial(self, dialling: Dialling) -> str:
        """Start a call; its CallId as soon as it is under way. Raises CommandError 401, 402."""

    async def connect(self, caller: str, callee: str, error_url: str | None) -> str:
        """Ring the caller, then the callee, and let them talk; the CallId."""

    def api_extension(self, address: str) -> str:
        """The number of an extension in whose name commands may act. Raises CommandError 401."""

    def active_calls(self) -> Iterable[Mapping[str, str]]:
        """The rows of ListActiveCalls."""

    async def call_history(
        self,
        filters: Mapping[str, str | datetime],
        page: HistoryPage,
        *,
        quality: bool,
    ) -> tuple[int, Sequence[Mapping[str, str]]]:
        """How many records fit, and one page of them, if wanted with the quality of the sound.

        Raises CommandError 801.
        """

    def extensions(
        self, type_name: str | None, part: slice
    ) -> tuple[int, Iterator[Mapping[str, str]]]:
        """How many extensions of a type there are, and the rows of a part of them, one by one."""

    def extension_types(self) -> Iterable[str]:
        """The types that the settings know."""

    def addressbooks(self) -> Iterable[str]:
        """The names of the address books."""

    def contacts(self, addressbook: str) -> Sequence[Mapping[str, str]] | None:
        """The contacts of one address book; None where there is no such book."""

    async def send_message(self, message: Outgoing) -> str:
        """Take a message to be sent; its id, once it is stored. Raises CommandError 501."""

    async def wait_for_message(
        self, connection: str, address: str | None, timeout: float
    ) -> str | None:
        """The text of the next message that arrives there; None when none does in time."""

    async def messages(
        self, user: str, folder: str, limit: int, after: str
    ) -> Sequence[Mapping[str, str]]:
        """Messages of a user's folder; `after` is `delete`, `mark` or `leave`."""

    async def delete_file(self, path: str) -> None:
        """Delete a file inside the allowed directories."""

    async def move_file(self, path: str, directory: str) -> None:
        """Move a file between allowed directories."""

    async def voice(self, language: str | None, voice: str | None) -> ChosenVoice:
        """The voice for what a command names; never fails."""

    async def send_alarm(self, alarm: AlarmOrder) -> str:
        """Call a receiver and report; the CallId as soon as it is under way."""
