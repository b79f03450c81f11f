"""A party of a call: its number and name, its leg, its sound, and its keys."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import Enum
from functools import partial

from softswitch.calls.call.rooms import Seat
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.keys import Keys
from softswitch.calls.leg.leg import Leg
from softswitch.calls.leg.media_terms import NO_OWN_TERMS, SrtpTerms
from softswitch.calls.numbers.targets import ShownCaller
from softswitch.calls.ports.media_port import MediaPort, OnWorker
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.uri import sip_uri
from softswitch.sip.requests.diversion import Diversion
from softswitch.trace.lines import LineKind
from softswitch.trace.timeline import Timeline


class Side(Enum):
    """Which party of a call."""

    CALLER = "caller"
    CALLEE = "callee"


class Party:
    """One side of a call: its number and name, its leg, its port and descriptions."""

    __slots__ = (
        "__weakref__",
        "answers_itself",
        "audio",
        "diversions",
        "extension",
        "identity",
        "is_private",
        "key_mutes",
        "keys",
        "leg",
        "mutes",
        "name",
        "number",
        "offered_to",
        "seat",
        "side",
        "srtp",
        "successor",
        "trunk",
    )

    def __init__(self, side: Side, number: str, name: str, session_id: str) -> None:
        self.side = side
        self.number = number
        self.name = name
        "Display name; empty when unknown."
        self.extension = ""
        "The extension of its phone, whatever number is shown; empty for a caller from outside."
        self.answers_itself = False
        "Whether its phone is asked to answer without anybody's doing: intercom, paging."
        self.diversions: list[Diversion] = []
        "The numbers that were called before its own, and did not keep the call."
        self.identity = ""
        "Another number that it is shown with; empty where it is its own."
        self.is_private = False
        "Whether the others are not to see its number and name; records do."
        self.trunk = ""
        "The name of the trunk that the party is at; empty for a party at an extension."
        self.srtp: SrtpTerms = NO_OWN_TERMS
        "What the settings of its extension or trunk say about SRTP."
        self.audio = AudioStream(session_id)
        self.leg: Leg | None = None
        "None until a phone has answered, and for a side that the switch itself plays."
        self.keys: Keys | None = None
        "Takes the keys that the party presses, when a command or script wants them."
        self.mutes: set[Hashable] = set()
        "Why nobody hears the party: empty while it is heard."
        self.key_mutes: set[Hashable] = set()
        "Why the keys that it presses are kept from the others and from recordings."
        self.offered_to: set[str] = set()
        "Extensions that it has asked by a message to take its place, or to join."
        self.seat: Seat | None = None
        "Of a side that the switch plays as a conference: the other party's place in it."

        self.successor: Party | None = None
        "Who has taken its place with a script, which goes on with that party."

    @property
    def beside(self) -> OnWorker | None:
        """What lives on the worker where the other party's port must be."""
        return self.audio.port if self.seat is None else self.seat.room

    @property
    def shown_number(self) -> str:
        """The number that others see."""
        return self.identity or self.number

    @property
    def shown(self) -> ShownCaller:
        """The party as trunks show it to the number that they call.

        An identity of its own is a whole number already, as that of a caller from outside is.
        """
        is_ours = not self.trunk and not self.identity
        return ShownCaller(self.shown_number, self.name, is_ours=is_ours)

    def divert(
        self, domain: str, status: int, headers: Headers | None = None, reason: str = ""
    ) -> None:
        """Note that its number at our domain did not keep the call, and how it ended.

        Another phone is not asked to answer by itself: nobody has meant that one.
        """
        self.answers_itself = False
        if self.number:
            uri = sip_uri(self.number, domain)
            self.diversions.append(Diversion.of(uri, status, headers, reason))

    def take_port(self, port: MediaPort, timeline: Timeline, put: Put) -> None:
        """Make a port that carries the party's sound its own: its keys, its mutes, its end.

        `timeline` is that of the call, and `put` its inbox (`Call.put`), which hears of it when the
        port can serve no more; a port that the party has left says nothing.
        """
        port.call_id, port.timeline, port.party = timeline.subject, timeline, self._name_in_trace
        port.gone.add_done_callback(partial(self._port_gone, put))
        if self.keys is not None:
            port.hear_keys(self.keys.press)
        self._apply_mutes(port)

    def _port_gone(self, put: Put, gone: asyncio.Future[str]) -> None:
        port = self.audio.port
        if port is not None and port.gone is gone and not gone.cancelled():
            put(None, MediaGone(self, gone.result()))

    def hear_keys(self) -> Keys:
        """The keys of the party, listened to from now on."""
        if self.keys is None:
            self.keys = Keys(partial(_tell_key, weakref.ref(self)))
            if self.audio.port is not None:
                self.audio.port.hear_keys(self.keys.press)
        return self.keys

    def follow(self, leaving: Party) -> None:
        """Take the place of a party with a script: it hears this one's keys from now on."""
        leaving.successor = self
        if leaving.keys is not None:
            self.keys = leaving.keys
            self.keys.told = partial(_tell_key, weakref.ref(self))
            if self.audio.port is not None:
                self.audio.port.hear_keys(self.keys.press)

    def _name_in_trace(self) -> str:
        return self.trunk or self.number

    # -- mutes -------------------------------------------------------------------------------------

    def mute(self, reason: Hashable) -> None:
        """Let nobody hear the party, until this reason and all others are gone."""
        self.mutes.add(reason)
        self._apply_mutes(self.audio.port)

    def unmute(self, reason: Hashable) -> None:
        """Take a reason back; harmless where there is none."""
        self.mutes.discard(reason)
        self._apply_mutes(self.audio.port)

    def mute_keys(self, reason: Hashable) -> None:
        """Keep its keys from the others, until this reason and all others are gone."""
        self.key_mutes.add(reason)
        self._apply_mutes(self.audio.port)

    def unmute_keys(self, reason: Hashable) -> None:
        """Take a reason back; harmless where there is none."""
        self.key_mutes.discard(reason)
        self._apply_mutes(self.audio.port)

    def _apply_mutes(self, port: MediaPort | None) -> None:
        if port is not None:
            port.mute(bool(self.mutes))
            port.mute_keys(bool(self.key_mutes))

    # ----------------------------------------------------------------------------------------------

    def leave_room(self) -> None:
        """Give up the place in a conference."""
        seat, self.seat = self.seat, None
        if seat is not None:
            seat.give_up()


@dataclass(frozen=True, slots=True)
class MediaGone:
    """A media port can no longer serve."""

    party: Party
    reason: str
    "As `MediaPort.gone` says it."


Put = Callable[[Leg | None, object], None]
"The inbox of a call."


def _tell_key(pressed_by: weakref.ref[Party], key: str) -> None:
    """Write a key into the timeline of its call; keys hold a party weakly, which holds them."""
    party = pressed_by()
    if party is not None and party.audio.port is not None:
        timeline = party.audio.port.timeline
        timeline.note(LineKind.KEY, key, party=party._name_in_trace(), direction="in")
