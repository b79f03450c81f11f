"""Supervision by code: listen to the call of an extension, whisper to it, barge in."""

from __future__ import annotations

from functools import partial

from softswitch.calls.call.call import Call
from softswitch.calls.codes.service_code import ServiceCode, refuse, spelled
from softswitch.calls.endings.endings import CallEnds, EndedBy, by_command
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.caller_leg import open_caller_port, read_offer
from softswitch.calls.supervision.beginning import find_supervised
from softswitch.calls.supervision.rights import may_supervise
from softswitch.calls.supervision.supervisor import SupervisionWay, Supervisor


async def _supervise(way: SupervisionWay, answering: Answering, call: Call, number: str) -> None:
    """Let the caller supervise the call of an extension; ends by raising CallEnds."""
    ringer, own = answering.ringer, call.caller
    if not may_supervise(ringer.plan, own.extension, number):
        await refuse(answering, call, said("supervision_not_allowed", number=spelled(number)))
    found = find_supervised(ringer.wishes.calls, number)
    if found is None or own.leg is None:
        await refuse(answering, call, said("supervision_no_call", number=spelled(number)))
    supervised, party = found
    read_offer(call)
    await open_caller_port(ringer.ports, call, other=party)
    call.chain = supervised.chain_id
    await answering.answer(call)
    supervisor = Supervisor(ringer.plan.directory, supervised, number, own, way)
    await answering.attend(call, supervisor.run)
    raise CallEnds(by_command(EndedBy.SYSTEM, "supervised", answered=True))


SUPERVISION = (
    ServiceCode("listen", partial(_supervise, SupervisionWay.LISTEN)),
    ServiceCode("whisper", partial(_supervise, SupervisionWay.WHISPER)),
    ServiceCode("barge", partial(_supervise, SupervisionWay.BARGE)),
)
