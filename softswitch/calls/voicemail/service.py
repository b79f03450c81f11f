"""A call to the voicemail: somebody leaves a message, or an owner opens a mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.endings.endings import CallEnds, CannotNow, EndedBy, NotReached, refused_here
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.setup.answering import Answering, ring_back
from softswitch.calls.setup.setup import rights_of
from softswitch.calls.transfer.transfer import Transfers, transferor_of
from softswitch.calls.transfer.transfer_line import TransferWay
from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.access import Visitor, open_mailbox
from softswitch.calls.voicemail.leaving import Left, leave
from softswitch.calls.voicemail.line import Line, LineGone
from softswitch.calls.voicemail.mailboxes import AllMailboxes, LeftBy, NotOnDisk
from softswitch.calls.voicemail.menu import Menu
from softswitch.guard.pins import Pins
from softswitch.sip.message.subscriber import number_of

log = structlog.get_logger("softswitch.voicemail")


@dataclass(frozen=True, slots=True)
class VoicemailService:
    """Serves the calls to extensions of type `voicemail`."""

    answering: Answering
    transfers: Transfers
    mailboxes: AllMailboxes
    pins: Pins

    async def serve(self, call: Call, _extension: Extension) -> None:
        """Answer the call and serve it; ends by raising CallEnds."""
        mailbox = owner_of(call)
        if mailbox and self.mailboxes.settings(mailbox) is None:
            raise CallEnds(refused_here(480, f"{mailbox} has no mailbox"))
        ring_back(call)
        call.caller.hear_keys()  # what is pressed at once counts, too
        await self.answering.answer(call)
        if mailbox:
            call.tell("voicemail", number=mailbox)
        terms = self.mailboxes.terms
        line = Line(call, language=terms.language, voice=terms.voice)
        await self.answering.attend(call, partial(self._run, line, mailbox))

    async def _run(self, line: Line, mailbox: str, call: Call) -> bool:
        """Talk to the caller, then end the call."""
        line.party.hear_keys()
        try:
            if not mailbox or await self._leave(line, mailbox, call) is Left.WANTS_IN:
                await self._open(line, mailbox, call)
        except LineGone:
            pass
        except NotOnDisk as error:
            log.error("mailbox not changed", call=call.id, error=str(error))
        call.end_soon(EndedBy.SYSTEM, "the voicemail has ended")
        return True

    async def _leave(self, line: Line, mailbox: str, call: Call) -> Left:
        caller = call.caller
        number, name = ("", "") if caller.is_private else (caller.shown_number, caller.name)
        about = LeftBy(number=number, name=name, call_id=call.id)
        return await leave(line, self.mailboxes, mailbox, about)

    async def _open(self, line: Line, wanted: str, call: Call) -> None:
        caller = call.caller
        visitor = Visitor(caller.extension or caller.number, caller.extension, caller.trunk)
        with line.party.hear_keys().privately():  # a PIN may be pressed before it is asked for
            number = await open_mailbox(line, self.mailboxes, self.pins, visitor, wanted)
        if number is None:
            await line.say(prompts.GOODBYE)
            return
        call.tell("mailbox", number=number)
        call_back = partial(self._call_back, call)
        await Menu(line, self.mailboxes, number, call_back, _now).visit()

    async def _call_back(self, call: Call, number: str) -> str:
        """Connect the owner to who has left a message, with the rights of the owner's phone."""
        if not call.caller.extension:
            return prompts.NOT_FROM_HERE
        rights = rights_of(call)
        if self.answering.ringer.plan.routing.is_emergency(number, rights):
            return prompts.NOT_REACHED  # callers from outside show what they like

        async def move() -> None:
            await self.transfers.blind_transfer(
                call, transferor_of(call, None), number, rights=rights, way=TransferWay.VOICEMAIL
            )

        try:
            await call.ask(move)
        except (NotReached, CannotNow):
            return prompts.NOT_REACHED
        except CallGone:
            raise LineGone from None
        return prompts.CALLING


def owner_of(call: Call) -> str:
    """Whose mailbox a call is for: the last number that it has come by; empty for none."""
    diversions = call.callee.diversions
    return number_of(diversions[-1].uri) if diversions else ""


def _now() -> datetime:
    return datetime.now().astimezone()
