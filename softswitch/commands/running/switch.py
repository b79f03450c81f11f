"""The real switch behind `SwitchContext` of `base/switch_context.py`: calls, store, messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls, TooManyCalls
from softswitch.calls.call_task import Course
from softswitch.calls.endings.endings import NotReached
from softswitch.calls.endings.states import FINAL
from softswitch.calls.kinds import KINDS
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import COMMAND
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.rights import forbidding
from softswitch.commands.base.switch_context import (
    AlarmOrder,
    ChosenVoice,
    Dialling,
    HistoryPage,
    SwitchContext,
)
from softswitch.commands.running.messages import CommandMessages
from softswitch.commands.running.own_calls import concerns
from softswitch.commands.running.rows import Row, active_call_row, history_row, quality_fields
from softswitch.commands.running.voices import Voices
from softswitch.guard.files import AllowedFiles, PathRefused
from softswitch.guard.rights import User, Whose, whose_switch
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.store.call_history import CallFilter, PageWanted
from softswitch.store.errors import StoreError
from softswitch.store.store import Store


@dataclass(frozen=True, slots=True)
class CallStarts:
    """How calls start that commands ask for; the layers above bring it."""

    begin: Callable[[Call, Course], None]
    "Lets a call take its course."
    course_of: Callable[[SwitchContext, Dialling], Course]
    "The course of a call whose script acts on this switch."
    alarm_course: Callable[[AlarmOrder], Course]
    "The course of a call that reports an alarm."


class RunningSwitch:
    """Calls, extensions, messages and files, as commands ask for them."""

    def __init__(
        self,
        *,
        calls: Calls,
        plan: DialPlan,
        now: Callable[[], float],
        store: Store,
        files: AllowedFiles,
        addressbooks: Mapping[str, Sequence[Row]],
        messages: CommandMessages,
        starts: CallStarts,
        voices: Voices,
        caller_number: str | None = None,
        whose: Whose = whose_switch,
    ) -> None:
        """`caller_number` is shown by calls for which a command names no caller; `whose` says in
        whose name commands act."""
        self._whose = whose
        self._calls = calls
        self._plan = plan
        self._now = now
        self._store = store
        self._files = files
        self._addressbooks = addressbooks
        self._messages = messages
        self._starts = starts
        self._voices = voices
        self._caller_number = caller_number

    @property
    def user(self) -> User:
        """In whose name commands act, with the rights of this moment."""
        return self._whose()

    # -- calls -------------------------------------------------------------------------------------

    async def dial(self, dialling: Dialling) -> str:
        """Start a call; its CallId as soon as it is under way."""
        self._own_caller(dialling.api_extension, dialling.dialed, dialling.caller_id)
        extension = self._caller(dialling.api_extension)
        shown = _number(dialling.caller_id or "") or self._number_of(extension, dialling.dialed)
        name = self._name_of(dialling, shown, extension)
        self._reachable(dialling.dialed)
        return self._begin(shown, name, dialling.dialed, self._starts.course_of(self, dialling))

    async def connect(self, caller: str, callee: str, error_url: str | None) -> str:
        """Ring the caller, then the callee, and let them talk; the CallId."""
        self._own("Caller", caller)
        self._reachable(caller)
        self._reachable(callee)
        dialling = Dialling(dialed=callee, caller_id=caller, error_url=error_url, both=True)
        course = self._starts.course_of(self, dialling)
        return self._begin(_number(caller), "", callee, course)

    async def send_alarm(self, alarm: AlarmOrder) -> str:
        """Call a receiver and report; the CallId as soon as it is under way."""
        self._own_caller(alarm.api_extension, alarm.phone_number)
        extension = self._caller(alarm.api_extension)
        number = self._number_of(extension, alarm.phone_number)
        self._reachable(alarm.phone_number)
        return self._begin(number, "", alarm.phone_number, self._starts.alarm_course(alarm))

    def _begin(self, caller: str, name: str, dialed: str, course: Course) -> str:
        """Begin a call, whose id it returns. Raises CommandError 402 where there are too many."""
        number = _number(dialed)
        is_urgent = self._plan.routing.is_emergency(number, COMMAND)
        try:
            call = self._calls.new((caller, name), number, is_urgent=is_urgent)
        except TooManyCalls as error:
            raise CommandError(
                Code.CALL_CONNECT_FAILED, dialed[:64], "Error", detail=str(error)
            ) from None
        self._starts.begin(call, course)
        return call.id

    def api_extension(self, address: str) -> str:
        """The number of an extension in whose name commands may act. Raises CommandError 401."""
        self._own("ApiExtension", address)
        extension = self._caller(address)
        assert extension is not None
        return extension.number

    def _own(self, parameter: str, address: str) -> None:
        """Raise CommandError 306 for what is no extension of the application that asks."""
        with forbidding(parameter):
            self.user.require_own(_number(address))

    def _own_caller(
        self, api_extension: str | None, dialed: str, caller_id: str | None = None
    ) -> None:
        """See that an application calls from its own extensions, or to them. Raises CommandError.

        What it lets others see as the caller is its own as well.
        """
        if caller_id:
            self._own("CallerId", caller_id)
        if api_extension is not None or not self.user.owns(_number(dialed)):
            self._own("ApiExtension", api_extension or "")

    def _number_of(self, extension: Extension | None, dialed: str) -> str:
        """The number that a call shows: its extension's, that of the settings, or the dialled."""
        if extension is not None:
            return extension.number
        return self._caller_number or _number(dialed)

    def _name_of(self, dialling: Dialling, shown: str, extension: Extension | None) -> str:
        """The name that a call shows; of an application that of the extension that it shows."""
        if self.user.own is not None:
            extension = self._plan.directory.find(shown)
        elif dialling.caller_display_name:
            return dialling.caller_display_name
        return extension.name if extension is not None else ""

    def _caller(self, address: str | None) -> Extension | None:
        """The API extension that places a call. Raises CommandError 401."""
        if address is None:
            return None
        extension = self._plan.directory.find(_number(address))
        if extension is None or not extension.kind.is_scripted:
            raise CommandError(Code.API_EXTENSION_UNAVAILABLE, address[:64])
        return extension

    def _reachable(self, address: str) -> None:
        """Raise CommandError 402 for a number that cannot be rung."""
        try:
            self._plan.reach(_number(address))
        except NotReached as error:
            state = "NotFound" if error.ending.status == 404 else "Error"
            raise CommandError(
                Code.CALL_CONNECT_FAILED, address[:64], state, detail=error.ending.detail
            ) from None

    async def voice(self, language: str | None, voice: str | None) -> ChosenVoice:
        """The voice for what a command names."""
        return await self._voices.choose(language, voice)

    def active_calls(self) -> Iterator[Row]:
        """The rows of ListActiveCalls, oldest first."""
        now = self._now()
        for call in self._calls:
            if call.state in FINAL or not concerns(call, self.user):
                continue
            yield active_call_row(call, now)

    async def call_history(
        self,
        filters: Mapping[str, str | datetime],
        page: HistoryPage,
        *,
        quality: bool,
    ) -> tuple[int, Sequence[Row]]:
        """How many records fit, and one page of them, if wanted with the quality of the sound."""
        same = {name: value for name, value in filters.items() if isinstance(value, str)}
        times = {
            _TIMES[name]: value.timestamp()
            for name, value in filters.items()
            if isinstance(value, datetime)
        }
        own = None if self.user.own is None else self.user.own.ranges
        wanted = CallFilter(own=own, **same, **times)  # type: ignore[arg-type]
        try:
            found = await self._store.list_calls(
                wanted,
                PageWanted(
                    limit=page.rows,
                    offset=page.number * page.rows,
                    after=page.after,
                    oldest_first=not page.descending,
                ),
            )
        except StoreError as error:
            raise CommandError(Code.DATABASE_AWAY, detail=str(error)) from None
        return found.total, [
            history_row(record) | (quality_fields(record) if quality else {})
            for record in found.calls
        ]

    # -- people ------------------------------------------------------------------------------------

    def extensions(self, type_name: str | None, part: slice) -> tuple[int, Iterator[Row]]:
        """How many extensions of a type there are, and the rows of a part of them."""
        wanted = (type_name or "").strip().lower()
        found = self._plan.directory.of_kinds(
            lambda kind: not wanted or wanted in (kind.api_name.lower(), kind.name)
        )
        if self.user.own is not None:
            found = [each for each in found if self.user.owns(each.number)]
        numbers = range(*part.indices(len(found)))
        return len(found), (self._extension_row(found[number]) for number in numbers)

    def _extension_row(self, extension: Extension) -> Row:
        kind = extension.kind
        contacts = self._plan.registrations.contacts(extension.number)
        return {
            "Id": f"{extension.number}@localhost",
            "PhoneNumber": extension.number,
            "Type": kind.api_name,
            "State": "Connected" if contacts or not kind.registers else "Disconnected",
        }

    def extension_types(self) -> Iterable[str]:
        """The types that the settings know."""
        return [kind.api_name for kind in KINDS]

    def addressbooks(self) -> Iterable[str]:
        """The names of the address books."""
        return self._addressbooks.keys()

    def contacts(self, addressbook: str) -> Sequence[Row] | None:
        """The contacts of one address book; None where there is no such book."""
        return self._addressbooks.get(addressbook)

    # -- messages ----------------------------------------------------------------------------------

    async def send_message(self, message: Outgoing) -> str:
        """Take a message to be sent; its id, once it is stored."""
        if message.from_address:
            with forbidding("Sender"):  # whole: what follows an @ is shown to others, too
                self.user.require_own(message.from_address)
        return await self._messages.send(message)

    async def wait_for_message(
        self, connection: str, address: str | None, timeout: float
    ) -> str | None:
        """The text of the next message that arrives there; None when none does in time."""
        return await self._messages.wait_for(connection, address, timeout)

    async def messages(self, user: str, folder: str, limit: int, after: str) -> Sequence[Row]:
        """Messages of a user's folder."""
        return await self._messages.fetch(user, folder, limit, after)

    # -- files -------------------------------------------------------------------------------------

    async def delete_file(self, path: str) -> None:
        """Delete a file inside the allowed directories."""
        await _on_disk("SourceFile", "DeleteFile", lambda: self._files.delete(path))

    async def move_file(self, path: str, directory: str) -> None:
        """Move a file between allowed directories."""
        await _on_disk("SourceFile", "MoveFile", lambda: self._files.move(path, directory))


_TIMES = {"from": "since", "to": "until"}


async def _on_disk(parameter: str, command: str, work: Callable[[], None]) -> None:
    try:
        await asyncio.to_thread(work)
    except PathRefused as error:
        raise CommandError(Code.INVALID_PARAMETER, parameter, command, detail=str(error)) from None


def _number(address: str) -> str:
    """The number of `102@localhost`."""
    return address.partition("@")[0]
