"""A real call as commands see it: `ControlledCall` of `base/context.py`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import ControlledParty
from softswitch.commands.base.order import CallContext, CallOrder, LivePhone
from softswitch.commands.base.values import Parties
from softswitch.commands.running.call_fields import call_fields
from softswitch.commands.running.party import RunningParty
from softswitch.settings.extensions.phone import PhoneExtension

T = TypeVar("T")


class RunningCall:
    """A call that is up."""

    def __init__(self, call: Call, context: CallContext) -> None:
        self._call = call
        self._context = context

    @property
    def id(self) -> str:
        """CallId."""
        return self._call.id

    def fields(self) -> Mapping[str, str]:
        """The fields of a notification about the call."""
        return call_fields(self._call, self._context.directory)

    def parties(self, side: Parties, command: str) -> Sequence[ControlledParty]:
        """The parties that are meant and have a phone."""
        call = self._call
        require_answered(call, command)
        found = [
            RunningParty(LivePhone(party, self._dtmf_of(party)))
            for party in parties_of(call, side)
            if party.leg is not None
        ]
        if not found:
            raise CommandError(
                Code.INAPPROPRIATE_COMMAND, command, detail=f"the call has no {side} to hear it"
            )
        return found

    def _dtmf_of(self, party: Party) -> str:
        """How the settings want keys to be sent to a party."""
        extension = self._context.directory.find(party.number)
        if extension is None or not isinstance(extension.settings, PhoneExtension):
            return "auto"
        return extension.settings.dtmf

    async def perform(self, order: CallOrder[T]) -> T:
        """Do what is ordered."""
        return await order.perform(self._call, self._context)


def parties_of(call: Call, side: Parties) -> tuple[Party, ...]:
    """The parties of a call that a command means, the caller first."""
    return {
        Parties.CALLER: (call.caller,),
        Parties.CALLEE: (call.callee,),
        Parties.ALL: call.parties,
    }[side]


def require_answered(call: Call, command: str) -> None:
    """See that the call is answered and has not ended. Raises CommandError 303, 601."""
    if call.state in FINAL:
        raise CommandError(Code.CALL_NOT_FOUND, call.id)
    if not call.is_answered:
        raise CommandError(
            Code.INAPPROPRIATE_COMMAND, command, detail="the call has not been answered"
        )
