"""The package `dialog`: what the phones of an extension do, call by call (RFC 4235).

Calls are followed only while somebody watches, and only what concerns a watched extension is kept.
A number that the switch itself serves (a conference, a script, a group) has dialogs, too: it is
busy while somebody talks to it, and a group rings while its phones do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.lamps.dialog_info import (
    CONTENT_TYPE,
    DialogState,
    WatchedDialog,
    dialog_info,
)
from softswitch.calls.lamps.package import EventDocument
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.directory import Directory
from softswitch.sip.dialog.invite_outgoing import OutgoingInvite
from softswitch.sip.dialog.invite_state import Phase


class DialogPackage:
    """The dialogs of the extensions that are watched."""

    name = "dialog"
    content_type = CONTENT_TYPE
    is_private = False

    def __init__(
        self, calls: Calls, directory: Directory, domain: str, *, show_callers: bool
    ) -> None:
        """`domain` is the host of extensions."""
        self._calls = calls
        self._directory = directory
        self._domain = domain
        self._show_callers = show_callers
        self._watched: dict[str, Callable[[], None]] = {}
        self._numbers: dict[str, frozenset[str]] = {}
        "The numbers that have dialogs in a call, by the call's id; empty while nobody watches."
        self._calls_at: dict[str, dict[str, Call]] = {}
        "The calls of each number, by their ids; empty while nobody watches."
        self._told: dict[str, dict[str, WatchedDialog]] = {}
        "The dialogs that were in the last document of a watched number."
        calls.listeners.append(self._state_changed)
        calls.rung_listeners.append(self._note)

    @property
    def is_idle(self) -> bool:
        """Whether nobody watches, so that nothing of calls is kept."""
        return not (self._watched or self._numbers or self._calls_at or self._told)

    # -- the package -------------------------------------------------------------------------------

    def exists(self, resource: str) -> bool:
        """Whether it is an extension."""
        return self._directory.find(resource) is not None

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Follow the calls of an extension."""
        if not self._watched:
            for call in self._calls:
                self._enter(call, numbers_of(call))
        self._watched[resource] = changed

    def leave(self, resource: str) -> None:
        """Follow them no more."""
        del self._watched[resource]
        self._told.pop(resource, None)
        if not self._watched:
            self._numbers.clear()
            self._calls_at.clear()

    def document(self, resource: str) -> EventDocument:
        """Its dialogs, and those that have ended since the last document."""
        calls = self._calls_at.get(resource, {}).values()
        now = {each.id: each for call in calls for each in self._dialogs_at(resource, call)}
        before = self._told.get(resource, {})
        over = [
            replace(each, state=DialogState.TERMINATED, remote=None)
            for each in before.values()
            if each.id not in now and not (now and each.state is DialogState.TERMINATED)
        ]
        # While nothing else happens, those that were the last are told as ended.
        self._told[resource] = now or {each.id: each for each in over}
        return dialog_info(resource, self._domain, [*now.values(), *over])

    def _dialogs_at(self, number: str, call: Call) -> Iterator[WatchedDialog]:
        for other, dialog in dialogs_of(call):
            if other == number:
                yield dialog if self._show_callers else replace(dialog, remote=None)

    # -- what happens to calls ---------------------------------------------------------------------

    def _state_changed(self, call: Call, _: CallState) -> None:
        self._note(call)

    def _note(self, call: Call) -> None:
        """Tell the watchers of all numbers that have, or had until now, a dialog in the call."""
        if not self._watched:
            return
        before = self._numbers.get(call.id, frozenset())
        now = frozenset() if call.state in FINAL else numbers_of(call)
        if now != before:
            self._enter(call, now)
        for number in before | now:
            changed = self._watched.get(number)
            if changed is not None:
                changed()

    def _enter(self, call: Call, numbers: frozenset[str]) -> None:
        """Note the numbers that have dialogs in a call."""
        for number in self._numbers.pop(call.id, frozenset()) - numbers:
            calls = self._calls_at[number]
            del calls[call.id]
            if not calls:
                del self._calls_at[number]
        if numbers:
            self._numbers[call.id] = numbers
            for number in numbers:
                self._calls_at.setdefault(number, {})[call.id] = call


def numbers_of(call: Call) -> frozenset[str]:
    """The numbers that have dialogs in a call."""
    if call.is_inside:
        return frozenset()
    numbers = {party.extension for party in call.parties if party.leg is not None}
    numbers.update(call.rung.values())
    if _served(call) is not None:
        numbers.add(call.callee.number)
    numbers.discard("")
    return frozenset(numbers)


def dialogs_of(call: Call) -> Iterator[tuple[str, WatchedDialog]]:
    """The dialogs of a call, each with the extension whose it is."""
    if call.is_inside:
        return  # the caller is a party of another call, which tells it
    caller, callee = call.caller, call.callee
    for party, other in ((caller, callee), (callee, caller)):
        if party.leg is not None and party.extension:
            yield party.extension, _of_leg(call, party.leg, party, other)
    for leg, extension in call.rung.items():
        if leg is not callee.leg and leg is not caller.leg:
            yield extension, _of_leg(call, leg, None, caller)
    served = _served(call)
    if served is not None:
        dialog_id = f"{call.id}-{callee.number}"
        yield callee.number, WatchedDialog(dialog_id, served, False, remote=_shown(caller))


def _served(call: Call) -> DialogState | None:
    """What the called number itself does, where it is no phone's."""
    callee = call.callee
    if callee.leg is not None or not callee.number or callee.number in call.rung.values():
        return None
    if call.is_answered:
        return DialogState.CONFIRMED
    return DialogState.EARLY if call.state is CallState.RINGING else None


def _of_leg(call: Call, leg: Leg, party: Party | None, other: Party) -> WatchedDialog:
    """The dialog of a phone; `party` is None while it is only rung, `other` whom it talks to."""
    usage = leg.usage
    dialog = usage.dialog
    if isinstance(usage, OutgoingInvite):
        if not usage.is_answered and usage.early:
            dialog = next(iter(usage.early.values()))
        rings = bool(usage.early)
    else:
        rings = call.state is CallState.RINGING
    if usage.phase is Phase.CALLING:
        state = DialogState.EARLY if rings else DialogState.TRYING
    else:
        state = DialogState.CONFIRMED
    return WatchedDialog(
        leg.name,
        state,
        not usage.is_caller,
        call_id=leg.call_id,
        local_tag=dialog.remote.tag,
        remote_tag=dialog.local.tag,
        remote=_shown(other),
        is_held=party is not None and party.audio.is_held_by_phone,
    )


def _shown(party: Party) -> tuple[str, str] | None:
    """The number and name of a party, if others may see them."""
    if party.is_private or not party.shown_number:
        return None
    return party.shown_number, party.name
