"""One caller's place in a queue: what it hears while it waits, and the keys that it presses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import CallState
from softswitch.calls.ports.media_port import Played, Playing
from softswitch.calls.queues.agent_state import AgentState
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.extensions.queue import QueueExtension

log = structlog.get_logger("softswitch.queues")


@dataclass(frozen=True, slots=True, eq=False)
class Offer:
    """Agents that are kept for a caller and are to be rung now."""

    agents: Sequence[AgentState]


@dataclass(frozen=True, slots=True)
class LookAgain:
    """Goes into a caller's inbox when its place has changed: what is to be done stands there."""

    caller: QueuedCaller


@dataclass(frozen=True, slots=True, eq=False)
class PlayedOut:
    """Goes into the inbox when what was played to somebody has ended."""

    who: object


class QueuedCaller:
    """Somebody who waits on the line, or for being called back."""

    __slots__ = (
        "_announcing",
        "_call_back",
        "_forget_states",
        "_listening",
        "_music",
        "_timers",
        "call",
        "chain",
        "is_overdue",
        "name",
        "number",
        "offer",
        "own_side",
        "rests",
        "settings",
        "since",
        "tries",
        "wants_callback",
    )

    def __init__(
        self,
        number: str,
        name: str,
        settings: QueueExtension,
        since: float,
        call_back: Callable[[QueuedCaller], None] | None = None,
    ) -> None:
        """`since` is Unix time in seconds; `call_back` calls somebody who is not on the line."""
        self._call_back = call_back
        self.number = number
        self.name = name
        self.settings = settings
        "As they were when the call came."
        self.since = since
        self.call: Call | None = None
        "None while nobody is on the line."
        self.chain = ""
        "Of one who is called back: the chain of the call that has asked for it."
        self.own_side: Party | None = None
        "The side of the call that the queue plays."
        self.offer: Offer | None = None
        "The agents that are rung, or about to be."
        self.wants_callback = self.is_overdue = False
        self.rests = False
        "Whether it is passed over: a callback that was not answered is tried again later."
        self.tries = 0
        "How often it was called back."
        self._music: Playing | None = None
        self._announcing: Callable[[], str] | None = None
        self._timers: list[asyncio.TimerHandle] = []
        self._listening: list[Callable[[], None]] = []
        self._forget_states: Callable[[], None] | None = None

    @property
    def is_callback(self) -> bool:
        """Whether nobody is on the line, and the number is called in its turn."""
        return self.call is None

    @property
    def wants_agent(self) -> bool:
        """Whether an agent may be kept for it."""
        return self.offer is None and not self.rests and not self.wants_callback

    @property
    def wants_something(self) -> bool:
        """Whether its task has something to do for it."""
        return self.offer is not None or self.wants_callback or self.is_overdue

    def waited(self, now: float) -> str:
        """The seconds since it came, rounded, as the steps of its call tell them."""
        return str(round(now - self.since))

    @property
    def party(self) -> Party:
        """The side of the call that waits."""
        assert self.call is not None
        assert self.own_side is not None
        return self.call.other(self.own_side)

    @property
    def is_here(self) -> bool:
        """Whether the queue still plays its side of the call."""
        return self.call is not None and self.own_side in self.call.parties

    def look_again(self) -> None:
        """Let the caller's task see to what has changed, or call back whose agents are free."""
        if self.call is not None:
            self.call.put(None, LookAgain(self))
        elif self.offer is not None and self._call_back is not None:
            self._call_back(self)

    # -- what it hears -----------------------------------------------------------------------------

    def wait(self, call: Call, own_side: Party, announce: Callable[[], str]) -> None:
        """Let the other side of a call wait from now on; `announce` makes what it is told."""
        self.call, self.own_side, self._announcing = call, own_side, announce
        settings, loop = self.settings, asyncio.get_running_loop()
        self._forget_states = call.listen(self._entered)
        self._begin_music()
        port = self.party.audio.port
        if settings.greeting is not None and port is not None:
            port.play_file(source_of(settings.greeting))
        if settings.announce_position or settings.announce_wait or settings.callback_key:
            self._timers.append(loop.call_later(settings.announce_after, self._announce))
        if settings.max_wait is not None:
            self._timers.append(loop.call_later(settings.max_wait, self._be_overdue))
        if settings.callback_key is not None:
            self._listening.append(self.party.hear_keys().listen(self._press))

    def be_overdue_later(self) -> None:
        """Wait once more for as long as one may: the overflow has not answered."""
        self.is_overdue = False
        if self.settings.max_wait is not None:
            loop = asyncio.get_running_loop()
            self._timers.append(loop.call_later(self.settings.max_wait, self._be_overdue))

    def stop(self) -> None:
        """Let it hear nothing more of the queue; safe to call again."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        for stop_listening in self._listening:
            stop_listening()
        self._listening.clear()
        if self._forget_states is not None:
            self._forget_states()
            self._forget_states = None
        if self._music is not None:
            self._music.stop()
            self._music = None
        if self.is_here and self.party.audio.port is not None:
            self.party.audio.port.stop_sound()

    def _begin_music(self) -> None:
        """Play the music, or let it ring where there is none."""
        call, port = self.call, self.party.audio.port
        if port is None or call is None:
            return
        music = self.settings.music or call.terms.hold_music
        if music is None:
            self._music = port.play_tone("ringback")
            return
        self._music = port.play_file(source_of(music), repeat=True, beneath=True)
        self._music.done.add_done_callback(self._music_ended)

    def _music_ended(self, done: asyncio.Future[Played]) -> None:
        if not done.cancelled() and done.result().error:
            log.warning("music not played", caller=self.number, error=done.result().error)

    def _entered(self, _call: Call, state: CallState) -> None:
        """Let a party that has come by a transfer hear the music."""
        if state is CallState.TRANSFERRED and self.is_here:
            self._begin_music()

    def _announce(self) -> None:
        """Tell the caller how it stands, and do so again later."""
        assert self._announcing is not None
        text = self._announcing()
        if text and self.offer is None:
            self.say(text)
        loop = asyncio.get_running_loop()
        self._timers = [timer for timer in self._timers if timer.when() > loop.time()]
        self._timers.append(loop.call_later(self.settings.announce_every, self._announce))

    def say(self, text: str) -> Playing | None:
        """Speak to the caller; None when nobody is on the line."""
        port = self.party.audio.port if self.is_here else None
        if port is None:
            return None
        ringing = self._music if not self._has_music else None
        if ringing is not None:
            ringing.stop()
        spoken = port.speak(text, language=self.settings.language, voice=None)
        if ringing is not None:
            self._music = port.play_tone("ringback")
        return spoken

    @property
    def _has_music(self) -> bool:
        call = self.call
        return (self.settings.music or (call and call.terms.hold_music)) is not None

    # -- what it does ------------------------------------------------------------------------------

    def _be_overdue(self) -> None:
        self.is_overdue = True
        self.look_again()

    def _press(self, key: str) -> None:
        if key == self.settings.callback_key:
            self.wants_callback = True
            self.look_again()
