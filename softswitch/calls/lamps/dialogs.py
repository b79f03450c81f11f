"""The dialogs of calls, as the phones of extensions have them; calls are followed when watched.

Only while somebody watches, and only what concerns numbers that have dialogs, is anything kept. A
number that the switch itself serves (a conference, a script, a group) has dialogs, too: it is busy
while somebody talks to it, and a group rings while its phones do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.lamps.dialog_info import DialogState, WatchedDialog
from softswitch.calls.leg.leg import Leg
from softswitch.sip.dialog.invite_outgoing import OutgoingInvite
from softswitch.sip.dialog.invite_state import Phase


class FollowedCalls:
    """The calls of the numbers that are watched."""

    __slots__ = ("_calls", "_calls_at", "_followers", "_numbers")

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._followers: dict[str, list[Callable[[], None]]] = {}
        "Who is told of changes, by number."
        self._numbers: dict[str, frozenset[str]] = {}
        "The numbers that have dialogs in a call, by the call's id; empty while nobody watches."
        self._calls_at: dict[str, dict[str, Call]] = {}
        "The calls of each number, by their ids; empty while nobody watches."
        calls.listeners.append(self._state_changed)
        calls.rung_listeners.append(self._note)

    @property
    def is_idle(self) -> bool:
        """Whether nobody watches, so that nothing of calls is kept."""
        return not (self._followers or self._numbers or self._calls_at)

    def follow(self, number: str, changed: Callable[[], None]) -> None:
        """Call `changed` after each change of the dialogs of a number."""
        if not self._followers:
            for call in self._calls:
                self._enter(call, numbers_of(call))
        self._followers.setdefault(number, []).append(changed)

    def leave(self, number: str, changed: Callable[[], None]) -> None:
        """Follow a number no more."""
        followers = self._followers[number]
        followers.remove(changed)
        if not followers:
            del self._followers[number]
        if not self._followers:
            self._numbers.clear()
            self._calls_at.clear()

    def dialogs(self, number: str) -> Iterator[WatchedDialog]:
        """The dialogs of a number that is followed."""
        for call in self._calls_at.get(number, {}).values():
            yield from dialogs_of(call, number)

    def _state_changed(self, call: Call, _: CallState) -> None:
        self._note(call)

    def _note(self, call: Call) -> None:
        """Tell of all numbers that have, or had until now, a dialog in the call."""
        if not self._followers:
            return
        before = self._numbers.get(call.id, frozenset())
        now = frozenset() if call.state in FINAL else numbers_of(call)
        if now != before:
            self._enter(call, now)
        for number in before | now:
            for changed in self._followers.get(number, ()):
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
    numbers = {
        party.extension
        for party in call.parties
        if party.leg is not None and not party.leg.is_inside
    }
    numbers.update(number for leg, number in call.rung.items() if not leg.is_inside)
    if _served(call) is not None:
        numbers.add(call.callee.number)
    numbers.discard("")
    return frozenset(numbers)


def dialogs_of(call: Call, number: str) -> Iterator[WatchedDialog]:
    """The dialogs that a number has in a call; those of others are not even looked at.

    What the switch sends to itself is told once, by the call that it becomes.
    """
    caller, callee = call.caller, call.callee
    for party, other in ((caller, callee), (callee, caller)):
        if party.leg is not None and party.extension == number and not party.leg.is_inside:
            yield _of_leg(call, party.leg, party, other)
    for leg, extension in call.rung.items():
        if extension != number or leg is callee.leg or leg is caller.leg or leg.is_inside:
            continue
        yield _of_leg(call, leg, None, caller)
    served = _served(call) if callee.number == number else None
    if served is not None:
        dialog_id = f"{call.id}-{number}"
        yield WatchedDialog(dialog_id, served, False, remote=_shown(caller))


def _served(call: Call) -> DialogState | None:
    """What the called number itself does, where it is no phone's."""
    callee = call.callee
    if callee.leg is not None or not callee.number or callee.number in call.rung.values():
        return None
    if callee.extension:
        return None  # it is joined, and its phone has a dialog of another call
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
