"""Agents of queues: log in and out, pause with a reason, and go on."""

from __future__ import annotations

from collections.abc import Iterator

from softswitch.calls.call.call import Call
from softswitch.calls.codes.changing import NOT_KEPT
from softswitch.calls.codes.service_code import ServiceCode, refuse, say, spelled
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.route import NumberSet
from softswitch.calls.prompts.sentences import said
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.queue import QueueExtension
from softswitch.store.errors import StoreError


async def log_in(answering: Answering, call: Call, number: str) -> None:
    """Log the extension that dials in to a queue."""
    agent = call.caller.extension
    queue, settings = await _queue(answering, call, number)
    if agent in {each.number for each in settings.agents}:
        await say(answering, call, said("queue_always", queue=_title(queue)))
    if agent not in NumberSet(settings.logins):
        await refuse(answering, call, said("queue_not_allowed"))
    try:
        await answering.ringer.plan.agents.log_in(number, agent)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    await say(answering, call, said("queue_login", queue=_title(queue)))


async def log_out(answering: Answering, call: Call, number: str) -> None:
    """Log the extension that dials out of a queue."""
    agent = call.caller.extension
    queue, settings = await _queue(answering, call, number)
    if agent in {each.number for each in settings.agents}:
        await refuse(answering, call, said("queue_stays"))
    try:
        await answering.ringer.plan.agents.log_out(number, agent)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    await say(answering, call, said("queue_logout", queue=_title(queue)))


async def pause(answering: Answering, call: Call, digits: str) -> None:
    """Let no queue ring the extension that dials; the digits are the number of a reason."""
    agent = call.caller.extension
    reason = _reason(answering, agent, digits)
    if reason is None:
        await refuse(answering, call, said("agent_reason"))
    try:
        await answering.ringer.plan.agents.pause(agent, reason)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    paused = said("agent_pause_reason", reason=reason) if reason else said("agent_pause")
    await say(answering, call, paused)


async def resume(answering: Answering, call: Call, _argument: str) -> None:
    """Let queues ring the extension that dials again."""
    try:
        await answering.ringer.plan.agents.resume(call.caller.extension)
    except StoreError:
        await refuse(answering, call, NOT_KEPT)
    await say(answering, call, said("agent_resume"))


async def _queue(answering: Answering, call: Call, number: str) -> tuple[Extension, QueueExtension]:
    """The queue with that number; raises CallEnds when there is none."""
    found = answering.ringer.plan.directory.find(number)
    if found is None or not isinstance(found.settings, QueueExtension):
        await refuse(answering, call, said("queue_none"))
    return found, found.settings


def _title(queue: Extension) -> str:
    return queue.name or spelled(queue.number)


def _reason(answering: Answering, agent: str, digits: str) -> str | None:
    """The reason with that number in the queues of the agent; None for a wrong one."""
    if not digits:
        return ""
    for settings in _queues_of(answering, agent):
        if digits.isdecimal() and 1 <= int(digits[:4]) <= len(settings.pause_reasons):
            return settings.pause_reasons[int(digits[:4]) - 1]
    return None


def _queues_of(answering: Answering, agent: str) -> Iterator[QueueExtension]:
    """The settings of the queues that an agent belongs to now."""
    plan = answering.ringer.plan
    for queue in plan.directory.of_settings(QueueExtension):
        settings = queue.settings_as(QueueExtension)
        named = {each.number for each in settings.agents}
        if agent in named or agent in plan.agents.logged_in(queue.number):
            yield settings


AGENTS = (
    ServiceCode("queue_login", log_in),
    ServiceCode("queue_logout", log_out),
    ServiceCode("agent_pause", pause),
    ServiceCode("agent_resume", resume),
)
