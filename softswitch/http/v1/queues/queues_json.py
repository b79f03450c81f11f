"""Queues and their agents as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.agents import LONGEST_REASON
from softswitch.calls.queues.agent_state import AgentStatus
from softswitch.calls.queues.queued_caller import QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.settings.extensions.queue import QueueExtension


class CallerShown(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who waits."""

    position: Annotated[int, Meta(description="From 1, who is next.")]
    number: Annotated[str, Meta(description="The caller's number; empty when unknown.")]
    name: str
    call: Annotated[
        str | None, Meta(description="The CallId; null for who is called back in turn.")
    ]
    since: Moment
    waited: Annotated[int, Meta(description="Seconds.")]
    agents: Annotated[list[str], Meta(description="The agents that are rung for it.")]


class AgentShown(msgspec.Struct, frozen=True, kw_only=True):
    """An agent who is logged in."""

    number: str
    status: AgentStatus
    static: Annotated[bool, Meta(description="Whether the settings name it.")]
    pause: Annotated[str | None, Meta(description="The reason of its pause; null without one.")]
    queue: Annotated[str, Meta(description="The queue whose caller it rings for or talks to.")]
    caller: Annotated[str, Meta(description="That caller's number.")]
    answered: Annotated[int, Meta(description="Calls of queues since the switch started.")]
    missed: Annotated[int, Meta(description="Calls in a row that it has not answered.")]


class QueueShown(msgspec.Struct, frozen=True, kw_only=True):
    """A queue at this moment."""

    number: str
    callers: Annotated[list[CallerShown], Meta(description="Who has waited longest comes first.")]
    agents: list[AgentShown]
    answered: Annotated[int, Meta(description="Callers since the switch started.")]
    abandoned: Annotated[int, Meta(description="Callers who hung up before.")]


class QueuesShown(msgspec.Struct, frozen=True, kw_only=True):
    """The queues that concern the user, by number."""

    queues: list[QueueShown]


class PauseAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why an agent gets no calls."""

    reason: Annotated[str, Meta(max_length=LONGEST_REASON)] = ""


class AgentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """How an agent is after a change."""

    number: str
    status: AgentStatus
    pause: str | None


def show_queue(queues: CallQueues, number: str, settings: QueueExtension, now: float) -> QueueShown:
    """A queue at the Unix time `now`."""
    queue = queues.queue(number)
    return QueueShown(
        number=number,
        callers=[_show_caller(at, each, now) for at, each in enumerate(queue.callers, 1)],
        agents=[_show_agent(queues, each, settings) for each in queues.members(number, settings)],
        answered=queue.answered,
        abandoned=queue.abandoned,
    )


def _show_caller(position: int, caller: QueuedCaller, now: float) -> CallerShown:
    offer = caller.offer
    return CallerShown(
        position=position,
        number=caller.number,
        name=caller.name,
        call=None if caller.call is None else caller.call.id,
        since=moment(caller.since),
        waited=round(now - caller.since),
        agents=[] if offer is None else [agent.number for agent in offer.agents],
    )


def _show_agent(queues: CallQueues, agent: str, settings: QueueExtension) -> AgentShown:
    state, pause = queues.state(agent), queues.agents.pause_of(agent)
    return AgentShown(
        number=agent,
        status=queues.status(agent),
        static=agent in {each.number for each in settings.agents},
        pause=None if pause is None else pause.reason,
        queue=state.queue,
        caller=state.caller,
        answered=state.calls,
        missed=state.missed,
    )


def show_change(queues: CallQueues, agent: str) -> AgentChanged:
    """An agent after a change."""
    pause = queues.agents.pause_of(agent)
    return AgentChanged(
        number=agent,
        status=queues.status(agent),
        pause=None if pause is None else pause.reason,
    )


_DONE = {200: ("It is on disk.", AgentChanged)}
_REFUSED = {
    404: ("There is no such queue or phone.", Problem),
    503: ("It could not be stored.", Problem),
}

QUEUE_OPERATIONS = (
    Operation(
        path="/states/queues",
        id="listQueueStates",
        right=Right.SEE_OWN,
        summary="Who waits in queues, and what their agents do.",
        answers={200: ("The queues.", QueuesShown)},
    ),
    Operation(
        path="/queues/{number}/state",
        id="showQueueState",
        right=Right.SEE_OWN,
        summary="Who waits in a queue, and what its agents do.",
        answers={200: ("The queue.", QueueShown), 404: ("There is no such queue.", Problem)},
    ),
    Operation(
        path="/queues/{number}/agents/{agent}",
        method="put",
        id="logAgentIn",
        right=Right.OPERATE_OWN,
        summary="Log an agent in to a queue.",
        answers={**_DONE, **_REFUSED},
    ),
    Operation(
        path="/queues/{number}/agents/{agent}",
        method="delete",
        id="logAgentOut",
        right=Right.OPERATE_OWN,
        summary="Log an agent out of a queue.",
        answers={**_DONE, **_REFUSED, 409: ("The settings name the agent.", Problem)},
    ),
    Operation(
        path="/agents/{agent}/pause",
        method="put",
        id="pauseAgent",
        right=Right.OPERATE_OWN,
        summary="Let no queue ring an agent.",
        body=PauseAsked,
        may_be_empty=True,
        answers={**_DONE, **_REFUSED, 400: ("The body is wrong.", Problem)},
    ),
    Operation(
        path="/agents/{agent}/pause",
        method="delete",
        id="resumeAgent",
        right=Right.OPERATE_OWN,
        summary="Let queues ring an agent again.",
        answers={**_DONE, **_REFUSED},
    ),
)
"What `queues_api.py` serves."
