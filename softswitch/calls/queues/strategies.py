"""Which of the agents that are free rings for the caller who has waited longest."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

from softswitch.calls.numbers.turns import after
from softswitch.calls.queues.agent_state import AgentState
from softswitch.calls.queues.call_queue import CallQueue

Strategy = Callable[[CallQueue, Sequence[AgentState]], Sequence[AgentState]]
"""The agents that ring at once, of those of one priority that are free, in the order in which the
queue has them; both are never empty."""


def _longest_idle(_queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    return [min(free, key=lambda agent: agent.idle_since)]


def _all(_queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    return free


def _in_turn(_queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    return free[:1]


def _round_robin(queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    """The one behind the last that was rung, in the order of all agents."""
    by_number = {agent.number: agent for agent in free}
    for number in after(queue.members, queue.last_rung):
        if number in by_number:
            return [by_number[number]]
    return free[:1]


def _random(_queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    return [random.SystemRandom().choice(free)]


def _fewest_calls(_queue: CallQueue, free: Sequence[AgentState]) -> Sequence[AgentState]:
    return [min(free, key=lambda agent: (agent.calls, agent.idle_since))]


STRATEGIES: Mapping[str, Strategy] = {
    "longest-idle": _longest_idle,
    "all": _all,
    "in-turn": _in_turn,
    "round-robin": _round_robin,
    "random": _random,
    "fewest-calls": _fewest_calls,
}
"By the word of the settings."
