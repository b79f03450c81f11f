"""What a running command acts on: its call, its parties and the rest of the house.

The protocols here are the door between commands and call control: HTTP, scripts and the simulated
caller of `softswitch script` each bring an implementation, and a command cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from softswitch.commands.base.command import Block, Contexts, Node
from softswitch.commands.base.values import MachineDetection, Parties


class ScriptEnds(Exception):
    """`Exit`: no later command of the script runs."""


class ScriptMoves(Exception):
    """`GoTo`: the script goes on with the document at this URL, and does not come back."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


class ScriptLeaves(Exception):
    """The call goes on without the script: it was transferred or forwarded."""


class BackToMenu(Exception):
    """The back key of a nested menu: the menu around it begins again."""


@dataclass(frozen=True, slots=True)
class Listing:
    """The rows of a list command."""

    name: str
    "The element around the rows: `ActiveCalls`."
    row: str
    "The element of one row: `Call`."
    rows: Sequence[Mapping[str, str] | str]
    total: int | None = None
    "`TotalRecords`: how many there are after filtering, before paging."


@dataclass(frozen=True, slots=True)
class Reply:
    """What a command answers beside `Code` and `Message`."""

    fields: Mapping[str, str] = field(default_factory=dict)
    listing: Listing | None = None


@dataclass(frozen=True, slots=True)
class Sound:
    """An audio file that was found and can be read."""

    source: str
    "As the command named it."
    path: str
    "Where the media worker reads it."


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """What is to be recorded, and when the recording ends."""

    format: str
    "`wav`, `flac` or `mp3`."
    directory: str | None = None
    "Below the recordings' directory."
    duration: float | None = None
    "Longest duration in seconds."
    inactivity: float | None = None
    "Ends after so many seconds of silence."
    finish_digits: str = ""
    "Any of these keys ends it."
    mute_keys: bool = False
    "Whether the sound of keys is left out, and kept from the other party meanwhile."


@dataclass(frozen=True, slots=True)
class Recording:
    """A finished recording."""

    path: str
    url: str
    "From where it can be downloaded; empty when nothing was recorded."
    seconds: float
    error: str = ""
    "Why it ended too early, or did not begin."


class ControlledParty(Protocol):
    """One party of a call: what it hears, and the keys it presses."""

    async def play(self, sound: Sound, *, repeat: bool, timeout: float | None) -> None:
        """Play a file; returns when it has been played. A second sound queues behind the first."""

    async def speak(self, text: str, *, language: str | None, voice: str | None) -> None:
        """Say a text; returns when it has been said."""

    async def beep(self, frequency: int, milliseconds: int) -> None:
        """Sound a tone; returns when it has ended."""

    async def send_dtmf(self, keys: str) -> None:
        """Send keys to the party; returns when the last has been sent."""

    def stop_sound(self) -> None:
        """End what the party hears of us at once."""

    async def key(self) -> str:
        """The next key that the party presses; keys wait until they are asked for."""

    def forget_keys(self) -> None:
        """Drop the keys that nobody has asked for."""

    async def hear(self, kinds: Sequence[str], seconds: float) -> str:
        """What is heard of the party first of these kinds, see `Detect`; silence takes `seconds`.

        Empty when the party leaves.
        """


class Variables(Protocol):
    """The variables of a call's scripts."""

    def set(self, name: str, value: str) -> None: ...
    def get(self, name: str) -> str | None: ...
    def set_array(self, name: str, values: Sequence[str]) -> None: ...
    def array(self, name: str) -> tuple[str, ...] | None: ...
    def loop(self, name: str) -> AbstractContextManager[Any]: ...


class ControlledRecording(Protocol):
    """A recording that goes on."""

    def stop(self) -> None:
        """End it with what was said up to now."""

    async def finished(self) -> Recording:
        """Wait until the file is closed; waiting may be given up without ending the recording."""


class ControlledCall(Protocol):
    """A call as commands see it. Every method raises CommandError when it cannot be done."""

    @property
    def id(self) -> str: ...

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call: CallId, CallerId, CallState, …"""

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The parties that are meant; `command` is the one that an error names."""

    async def answer(self) -> None:
        """Answer the call if it still rings."""

    def reject(self, status: int) -> None:
        """Refuse a ringing call with a SIP status."""

    async def hang_up(self) -> None:
        """End the call for everybody."""

    async def hold(self) -> None:
        """Put both legs on hold."""

    async def unhold(self) -> None:
        """Bring both legs back from `hold`."""

    async def forward(self, destination: str) -> None:
        """Redirect the call that still rings."""

    async def blind_transfer(
        self, target: str, transferor: Parties | None, finished_url: str | None
    ) -> None:
        """Connect the party that stays to the target; returns when the target has answered."""

    async def attended_transfer(self, target_call_id: str, transferor: Parties | None) -> None:
        """Join the parties that stay of this call and of another."""

    def record(self, order: RecordingOrder) -> ControlledRecording:
        """Record from now on, until an end of the order or of the call."""


@dataclass(frozen=True, slots=True)
class Dialling:
    """A call that a command starts."""

    dialed: str
    api_extension: str | None = None
    caller_id: str | None = None
    caller_display_name: str | None = None
    ring_time: float = 60.0
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


class SwitchContext(Protocol):
    """The rest of the switch, as commands see it."""

    async def dial(self, dialling: Dialling) -> str:
        """Start a call; its CallId as soon as it is under way. Raises CommandError 401, 402."""

    async def connect(self, caller: str, callee: str, error_url: str | None) -> str:
        """Ring the caller, then the callee, and let them talk; the CallId."""

    def active_calls(self) -> Iterable[Mapping[str, str]]:
        """The rows of ListActiveCalls."""

    async def call_history(
        self,
        filters: Mapping[str, str | datetime],
        page: int,
        rows: int,
        *,
        descending: bool,
        quality: bool,
    ) -> tuple[int, Sequence[Mapping[str, str]]]:
        """How many records fit, and one page of them, if wanted with the quality of the sound."""

    def extensions(self, type_name: str | None) -> Iterable[Mapping[str, str]]:
        """The rows of ListExtensions."""

    def extension_types(self) -> Iterable[str]:
        """The types that the settings know."""

    def addressbooks(self) -> Iterable[str]:
        """The names of the address books."""

    def contacts(self, addressbook: str) -> Sequence[Mapping[str, str]] | None:
        """The contacts of one address book; None where there is no such book."""

    async def send_message(self, message: OutgoingMessage) -> str:
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

    async def send_alarm(self, alarm: AlarmOrder) -> str:
        """Call a receiver and report; the CallId as soon as it is under way."""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message that a command hands over."""

    text: str
    connection: str | None = None
    "`name@host`; None lets the rules choose by recipient."
    kind: str = "sms"
    "`sms`, `email` or `any`."
    recipient: str = ""
    sender: str = ""
    subject: str = ""
    report_url: str | None = None
    user: str = ""


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


@dataclass(frozen=True, slots=True)
class Alarm:
    """A Contact ID report that has been received, stored and acknowledged."""

    account: str
    qualifier: str
    code: str
    name: str
    partition: str
    zone: str


class RouteOrder(Protocol):
    """What `Route` says: see `commands/route.py`."""

    @property
    def destination(self) -> str: ...
    @property
    def ring_time(self) -> float: ...
    @property
    def caller_id(self) -> str | None: ...
    @property
    def dialed_number(self) -> str | None: ...


class Context(Protocol):
    """One door through which commands come, and the call they are about."""

    door: Contexts
    user: str
    "Who commands: the HTTP user, or the extension that the script belongs to."
    house: SwitchContext
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
        """Whom a sound is for: in a script of an extension always the other party.

        `command` is the one that an error names.
        """

    async def sound(self, source: str) -> Sound:
        """Find an audio file or fetch a URL. Raises CommandError 302."""

    async def perform(self, *work: Awaitable[None]) -> None:
        """Wait for the work in a script; over HTTP and for third parties let it go on."""

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

    def alarms(self) -> AsyncIterator[Alarm]:
        """Shake hands with a panel; every report, once it is stored and acknowledged."""

    async def sleep(self, seconds: float) -> None:
        """Wait; the simulated caller skips the time."""

    def route(self, order: RouteOrder) -> None:
        """Take the answer to RoutingInterception."""

    def read_document(self, source: str) -> Node:
        """The root of an OzML document. Raises CommandError 300 with line and column."""


def elements_named(block: Sequence[Node], name: str) -> list[Node]:
    """The elements of that name, in any letter case."""
    return [node for node in block if node.name.lower() == name.lower()]
