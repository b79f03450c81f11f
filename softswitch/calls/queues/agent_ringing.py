"""Agents are rung for a caller, hear what the call is about, and one is connected.

The caller hears music all the while: agents get legs of their own, and the one that answers takes
the place of the queue. Whatever fails on their side leaves the caller where it was, in front of the
others.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import MediaGone, Party
from softswitch.calls.call.port_opening import give_port
from softswitch.calls.endings.endings import NotReached, broken, refused_here
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import RingPlan
from softswitch.calls.queues.agent_state import AgentState
from softswitch.calls.queues.call_queue import CallQueue
from softswitch.calls.queues.queued_caller import Offer, PlayedOut, QueuedCaller
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.setup.answering import Answering
from softswitch.calls.setup.conversation import take
from softswitch.calls.setup.forks import Forks
from softswitch.calls.setup.pickup import PickedUp
from softswitch.calls.setup.ringing import RingOrder, join_leg
from softswitch.calls.transfer.transfer import replace
from softswitch.settings.exchange.prompts import source_of
from softswitch.sip.events import Ended, Reoffered, RequestReceived, Ringing

log = structlog.get_logger("softswitch.queues")

WHISPER_SECONDS = 30.0
"The longest whisper; the caller waits for it."


@dataclass(frozen=True, slots=True)
class AgentRinging:
    """Rings agents for callers of queues."""

    queues: CallQueues
    answering: Answering
    now: Callable[[], float]
    "Unix time in seconds."

    async def ring(
        self, queue: CallQueue, caller: QueuedCaller, interrupt: Callable[[object], None]
    ) -> None:
        """Ring the agents that are kept for the caller, and connect the first that answers.

        Raises CallEnds, and what `interrupt` does, which gets what happens on the caller's side
        while they ring: the agents are still kept then.
        """
        call, own_side, offer = caller.call, caller.own_side, caller.offer
        assert call is not None
        assert own_side is not None
        assert offer is not None
        newcomer = Party(own_side.side, offer.agents[0].number, "", call.new_session_id())
        numbers = tuple(agent.number for agent in offer.agents)
        try:
            rung = RingPlan(numbers, group=queue.number)
            await self._reach(call, caller, newcomer, rung, interrupt)
            found = (each for each in offer.agents if each.number == newcomer.extension)
            agent = next(found, None)
            self._keep_only(caller, agent)
            await self._whisper(call, caller, newcomer)
        except NotReached as error:
            self._not_reached(queue, caller, error)
            await _drop(newcomer)
        except BaseException:
            await _drop(newcomer)
            raise
        else:
            await self._connect(queue, caller, newcomer, agent)

    async def _reach(
        self,
        call: Call,
        caller: QueuedCaller,
        newcomer: Party,
        plan: RingPlan,
        interrupt: Callable[[object], None],
    ) -> None:
        """Ring agents until one has answered, or another phone has picked the call up.

        It is the newcomer's then. Raises NotReached, CallEnds, and what `interrupt` does.
        """
        ringer, shown = self.answering.ringer, caller.party
        rounds = ringer.plan.phones(plan).suited(sips=call.is_sips)
        if not rounds.rounds:
            raise NotReached(rounds.nobody)
        await give_port(ringer.ports, call, newcomer, rounds.first_host, shown)
        # Each try may ring as many phones as any call, and all agents of one try at least.
        most = max(call.terms.legs_per_call, len(rounds.rounds[0]))
        call.most_legs = call.legs + most
        order = RingOrder(
            rounds=rounds,
            party=newcomer,
            shown=shown,
            propose=partial(newcomer.audio.propose, like=shown.audio, settled=True),
            ring_time=caller.settings.ring_time,
            rang=_rang,
            interrupt=interrupt,
        )
        try:
            leg, answered = await ringer.ring(call, order)
        except PickedUp:
            return
        join_leg(newcomer, leg, answered)

    def _keep_only(self, caller: QueuedCaller, agent: AgentState | None) -> None:
        """Let go of the agents that were rung beside the one that has answered.

        None: the phone of somebody else has picked the call up.
        """
        assert caller.offer is not None
        for other in caller.offer.agents:
            if other is not agent:
                other.let_go()
        caller.offer = Offer(() if agent is None else (agent,))
        if agent is not None:
            agent.talk()
        self.queues.look_soon()

    def _not_reached(self, queue: CallQueue, caller: QueuedCaller, error: NotReached) -> None:
        """Let the caller wait on in front of the others, and leave the agents alone for a while."""
        offer, caller.offer = caller.offer, None
        for agent in offer.agents if offer is not None else ():
            self.queues.missed(agent, caller.settings)
        call = caller.call
        if call is not None:
            why = error.ending.detail or error.ending.outcome.value
            numbers = " ".join(agent.number for agent in offer.agents) if offer is not None else ""
            call.tell("not answered", queue=queue.number, agent=numbers, reason=why)
        self.queues.look_soon()

    async def _whisper(self, call: Call, caller: QueuedCaller, newcomer: Party) -> None:
        """Let the agent hear what the call is about; the caller still hears music.

        Raises NotReached when the agent hangs up, and CallEnds when the caller does.
        """
        settings, port, leg = caller.settings, newcomer.audio.port, newcomer.leg
        if (settings.whisper is None and settings.whisper_file is None) or port is None:
            return
        newcomer.audio.open(call.terms.media_timeout, call.terms.hold_timeout)
        if settings.whisper_file is not None:
            path = source_of(settings.whisper_file)
            playing = port.play_file(path, longest=WHISPER_SECONDS)
        else:
            text = self._whispered(caller, settings.whisper or "")
            playing = port.speak(text, language=settings.language, voice=None)
        playing.done.add_done_callback(lambda _: call.put(None, PlayedOut(newcomer)))
        while True:
            source, event = await call.next_event()
            if isinstance(event, PlayedOut) and event.who is newcomer:
                return
            if isinstance(event, MediaGone) and event.party is newcomer:
                raise NotReached(broken(event.reason, answered=False))
            if source is leg and leg is not None:
                _during_whisper(leg, event)
            else:
                take(call, source, event)

    def _whispered(self, caller: QueuedCaller, text: str) -> str:
        number = " ".join(caller.number)
        waited = max(1, round((self.now() - caller.since) / 60))
        known = {"caller": number, "name": caller.name or number, "waited": str(waited)}
        for word, value in known.items():
            text = text.replace(f"{{{word}}}", value)
        return text

    async def _connect(
        self, queue: CallQueue, caller: QueuedCaller, newcomer: Party, agent: AgentState | None
    ) -> None:
        """Let the agent, or who has picked the call up, take the place of the queue."""
        call, own_side = caller.call, caller.own_side
        assert call is not None
        assert own_side is not None
        began = self.now()
        waited = caller.waited(began)
        caller.stop()
        caller.offer = None
        queue.answered += 1
        number = newcomer.extension
        call.tell("connected", queue=queue.number, agent=number, waited=waited)
        log.info("queue answered", call=call.id, queue=queue.number, agent=number)
        stop_listening: list[Callable[[], None]] = []

        def entered(call: Call, state: CallState) -> None:
            assert agent is not None
            gone = all(party.extension != agent.number for party in call.parties)
            if state in FINAL or (state is CallState.TRANSFERRED and gone):
                stop_listening.pop()()
                talked = self.now() - began
                self.queues.finished(queue, agent, caller.settings, talked)

        was_transferred = call.transferred
        try:
            await replace(call, own_side, newcomer)
        finally:
            if agent is not None:
                stop_listening.append(call.listen(entered))
        call.transferred = was_transferred


def _rang(forks: Forks, leg: Leg, _event: Ringing) -> None:
    """Note which agent rang first; the caller hears music, and nothing of the agents' phones."""
    if forks.rang is None:
        forks.rang = leg


def _during_whisper(leg: Leg, event: object) -> None:
    """See to what an agent's phone does while it hears the whisper; raises NotReached."""
    if isinstance(event, Ended):
        raise NotReached(refused_here(480, "the agent hung up"))
    if isinstance(event, Reoffered):
        leg.refuse_reoffer(491)
    elif isinstance(event, RequestReceived):
        leg.respond(event, 491)


async def _drop(party: Party) -> None:
    """Hang up on a party that does not join the call, and free its port."""
    if party.leg is not None:
        party.leg.let_go()
        party.leg.hangup()
    port, party.audio.port = party.audio.port, None
    if port is not None:
        await port.close()
