"""All queues: whoever has waited longest is given to agents that are free.

Whatever changes (a caller comes, an agent hangs up, a phone registers) leads to one look at all
queues with callers, once in a turn of the loop. Agents are kept for a caller then, and the task of
that caller's call rings them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from softswitch.calls.agents import Agents
from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.queues.agent_state import AgentState, AgentStatus
from softswitch.calls.queues.call_queue import CallQueue
from softswitch.calls.queues.queued_caller import Offer, QueuedCaller
from softswitch.calls.queues.strategies import STRATEGIES
from softswitch.settings.extensions.queue import QueueExtension
from softswitch.store.errors import StoreError
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.queues")

LOOK_EVERY = 2.0
"Seconds between two looks while callers wait: not everything that frees an agent is told."
MISSED_CALLS = "missed calls"
"The reason of the pause of an agent who has not answered often enough."


class CallQueues:
    """The queues that have or had callers, and their agents."""

    def __init__(self, plan: DialPlan) -> None:
        self._plan = plan
        self._queues: dict[str, CallQueue] = {}
        self._states: dict[str, AgentState] = {}
        self._looking: asyncio.Handle | None = None
        self._later: asyncio.TimerHandle | None = None
        self._pausing: set[asyncio.Task[None]] = set()
        self.listeners: list[Callable[[str], None]] = []
        "Told of the number of a queue whose callers or agents are others; must not block."
        self.lines.listeners.append(self.agent_changed)
        self.agents.listeners.append(self.agent_changed)

    @property
    def agents(self) -> Agents:
        """Logins and pauses."""
        return self._plan.agents

    @property
    def lines(self) -> Lines:
        """Which extensions are in use."""
        return self._plan.turns.lines

    def metrics(self) -> Iterator[Metric]:
        """How many wait, and how many talk."""
        yield Metric(
            "queue_callers_waiting", "Callers who wait in queues", lambda: len(list(self.waiting()))
        )
        yield Metric(
            "queue_agents_talking",
            "Agents who talk to callers of queues",
            lambda: sum(state.is_taken and not state.is_rung for state in self._states.values()),
        )

    def waiting(self) -> Iterator[QueuedCaller]:
        """All callers of all queues."""
        for queue in self._queues.values():
            yield from queue.callers

    # -- queues and their agents -------------------------------------------------------------------

    def queue(self, number: str) -> CallQueue:
        """The queue with this number."""
        return self._queues.setdefault(number, CallQueue(number))

    def known(self) -> Sequence[CallQueue]:
        """All queues that have or had callers."""
        return tuple(self._queues.values())

    def settings(self, number: str) -> QueueExtension | None:
        """The settings of a queue as they are now; None when it is one no more."""
        found = self._plan.directory.find(number)
        settings = None if found is None else found.settings
        return settings if isinstance(settings, QueueExtension) else None

    def members(self, number: str, settings: QueueExtension) -> list[str]:
        """The agents of a queue that are logged in: those of the settings, then by their logins."""
        named = [agent.number for agent in settings.agents]
        return [*named, *(each for each in self.agents.logged_in(number) if each not in named)]

    def state(self, agent: str) -> AgentState:
        """What queues have to do with an agent."""
        state = self._states.get(agent)
        if state is None:
            state = self._states[agent] = AgentState(agent, self._now())
        return state

    def kept(self) -> Iterable[str]:
        """Nobody: it all ends with the switch."""
        return ()

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget how agents that are gone were, and what the last calls of queues took.

        Callers on the line are sent on; who was to be called back by such a queue is not.
        """
        for number in numbers:
            state, queue = self._states.get(number), self._queues.get(number)
            if state is not None and not state.is_taken:
                del self._states[number]
            if queue is not None:
                del self._queues[number]
                self._close(queue)

    def _close(self, queue: CallQueue) -> None:
        """Let the calls of its callers see to it that a queue is gone; `forget` follows."""
        if queue.is_gone:
            return
        queue.is_gone = True
        for caller in queue.callers:
            if not caller.is_callback:
                caller.look_again()

    def status(self, agent: str) -> AgentStatus:
        """What an agent does now."""
        state = self.state(agent)
        if state.is_taken:
            return AgentStatus.RINGING if state.is_rung else AgentStatus.TALKING
        if self.agents.pause_of(agent) is not None:
            return AgentStatus.PAUSED
        if self.lines.are_used_by(agent):
            return AgentStatus.BUSY
        if self._now() < state.wraps_up_until:
            return AgentStatus.WRAP_UP
        return AgentStatus.FREE if self._can_be_rung(agent) else AgentStatus.UNREACHABLE

    def _can_be_rung(self, agent: str) -> bool:
        found = self._plan.directory.find(agent)
        if found is None or not found.kind.registers:
            return False
        if self._plan.features_of(found).do_not_disturb:
            return False
        return bool(self._plan.registrations.contacts(agent))

    def _free(self, settings: QueueExtension, members: Sequence[str]) -> list[AgentState]:
        """The agents that may be rung now, of the best priority that has any."""
        now = self._now()
        priorities = {agent.number: agent.priority for agent in settings.agents}
        best: int | None = None
        free: list[AgentState] = []
        for number in members:
            state, priority = self.state(number), priorities.get(number, 1)
            if (best is not None and priority > best) or not state.is_ready(now):
                continue
            if self.agents.pause_of(number) is not None:
                continue
            if self.lines.are_used_by(number) and not settings.ring_busy:
                continue
            if not self._can_be_rung(number):
                continue
            if best is None or priority < best:
                best, free = priority, []
            free.append(state)
        return free

    # -- callers and agents come together ----------------------------------------------------------

    def join(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Let a caller wait behind all others."""
        queue.overflow = caller.settings.overflow
        queue.callers.append(caller)
        self._tell(queue)
        self.look_soon()

    def _tell(self, queue: CallQueue) -> None:
        for listener in self.listeners:
            listener(queue.number)

    def leave(self, queue: CallQueue, caller: QueuedCaller) -> None:
        """Take a caller out, and let go of the agents that are kept for it; safe to call again."""
        if caller in queue.callers:
            queue.callers.remove(caller)
            self._tell(queue)
        self.withdraw(caller)

    def withdraw(self, caller: QueuedCaller) -> None:
        """Let go of the agents that are kept for a caller."""
        offer, caller.offer = caller.offer, None
        for agent in offer.agents if offer is not None else ():
            agent.let_go()
        self.look_soon()

    def missed(self, agent: AgentState, settings: QueueExtension) -> None:
        """Note that an agent has not answered; after too many calls it is paused."""
        agent.miss(self._now(), settings.retry)
        self._look_at(agent.rests_until)
        if settings.max_missed is not None and agent.missed >= settings.max_missed:
            agent.missed = 0
            pausing = asyncio.get_running_loop().create_task(self._pause(agent.number))
            self._pausing.add(pausing)
            pausing.add_done_callback(self._pausing.discard)

    async def _pause(self, agent: str) -> None:
        log.warning("agent paused", agent=agent, reason=MISSED_CALLS)
        try:
            await self.agents.pause(agent, MISSED_CALLS)
        except StoreError as error:
            log.error("pause not stored", agent=agent, error=str(error))

    def finished(
        self, queue: CallQueue, agent: AgentState, settings: QueueExtension, seconds: float
    ) -> None:
        """Note that an agent has talked to a caller for so long, and does no more."""
        queue.took(seconds + settings.wrap_up)
        agent.end(self._now(), settings.wrap_up)
        self._tell(queue)
        self._look_at(agent.wraps_up_until)
        self.look_soon()

    def agent_changed(self, agent: str) -> None:
        """Look whether somebody can be connected: something about this extension has changed."""
        if agent in self._states:
            self.look_soon()

    def look_soon(self) -> None:
        """Look at all queues in the next turn of the loop."""
        if self._looking is None and any(self.waiting()):
            self._looking = asyncio.get_running_loop().call_soon(self._look)

    def _look_at(self, moment: float) -> None:
        asyncio.get_running_loop().call_at(moment, self.look_soon)

    def _look(self) -> None:
        """Keep agents for callers, those who have waited longest first."""
        self._looking = None
        self._keep_looking()
        queues = [queue for queue in self._queues.values() if queue.callers]
        for queue in sorted(queues, key=lambda queue: queue.callers[0].since):
            self._look_at_queue(queue)

    def _look_at_queue(self, queue: CallQueue) -> None:
        settings = self.settings(queue.number)
        if settings is None:
            self._close(queue)
            return
        queue.overflow = settings.overflow
        queue.members = self.members(queue.number, settings)
        for caller in queue.next_callers():
            free = self._free(settings, queue.members)
            if not free:
                return
            chosen = STRATEGIES[settings.strategy](queue, free)
            queue.last_rung = chosen[-1].number
            for agent in chosen:
                agent.ring(queue.number, caller.number)
            caller.offer = Offer(chosen)
            self._tell(queue)
            caller.look_again()

    def _keep_looking(self) -> None:
        """Look again after a while, as long as anybody waits."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if any(self.waiting()):
            loop = asyncio.get_running_loop()
            self._later = loop.call_later(LOOK_EVERY, self.look_soon)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
