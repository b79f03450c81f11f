"""Intercom: the phone that is called answers by itself, and both talk."""

from __future__ import annotations

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import own_extension
from softswitch.calls.codes.service_code import ServiceCode, refuse, spelled
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.setup import rights_of
from softswitch.settings.extensions.phone import PhoneExtension


async def speak_to(answering: Answering, call: Call, number: str) -> None:
    """Call a phone that is to answer by itself; raises Forwarded, or CallEnds."""
    own, plan = await own_extension(answering, call), answering.ringer.plan
    if not isinstance(own.settings, PhoneExtension) or not own.settings.intercom:
        await refuse(answering, call, said("intercom_none"))
    found = plan.directory.find(number)
    if found is None or not found.kind.registers:
        await refuse(answering, call, said("intercom_no_phone", number=spelled(number)))
    if plan.turns.lines.are_used_by(number):
        await refuse(answering, call, said("intercom_busy", number=spelled(number)))
    call.callee.answers_itself = True
    raise Forwarded(number, rights_of(call))


INTERCOM = (ServiceCode("intercom", speak_to),)
