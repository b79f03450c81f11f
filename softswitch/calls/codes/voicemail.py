"""`*97`: to the own mailbox. `*99*1001`: leave a message for an extension without ringing it."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.codes.service_code import ServiceCode, refuse
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.numbers.routing import INSIDE
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering

NO_VOICEMAIL = said("voicemail_none")
NO_MAILBOX = said("mailbox_none")


async def listen(answering: Answering, call: Call, _argument: str) -> None:
    """Call the voicemail."""
    await _go_to_voicemail(answering, call)


async def leave_message(answering: Answering, call: Call, argument: str) -> None:
    """Call the voicemail as if the extension had not answered."""
    found = answering.ringer.plan.directory.find(argument)
    if found is None or found.mailbox is None:
        await refuse(answering, call, NO_MAILBOX)
    call.callee.number = argument
    call.callee.divert(call.terms.domain, 302)
    await _go_to_voicemail(answering, call)


async def _go_to_voicemail(answering: Answering, call: Call) -> None:
    voicemail = answering.ringer.plan.voicemail
    if voicemail is None:
        await refuse(answering, call, NO_VOICEMAIL)
    raise Forwarded(voicemail.number, INSIDE)


VOICEMAIL_CODES = (
    ServiceCode("voicemail", listen),
    ServiceCode("leave_message", leave_message),
)
