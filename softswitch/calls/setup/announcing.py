"""Announcements: what a caller hears as early media before the response that refuses the call.

The call is not answered, so it costs the caller nothing; the response that follows, and the cause
in its Reason header (Q.850), are those that it would have got at once (RFC 3960, RFC 3326).
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.port_opening import Ports
from softswitch.calls.endings.endings import CallEnds, EndedBy, Ending
from softswitch.calls.endings.outcomes import Outcome
from softswitch.calls.numbers.forwarding import Forwarded
from softswitch.calls.ports.media_port import MediaPort
from softswitch.calls.ports.under_way import Playing
from softswitch.calls.setup.caller_leg import open_caller_port, read_offer
from softswitch.calls.setup.conversation import take
from softswitch.sdp.description import DescriptionError

log = structlog.get_logger("softswitch.calls")

LONGEST = 60.0
"Seconds after which a caller has heard enough of an announcement."
TONE_SECONDS = 3.0
"How long the tone is that is heard where an announcement cannot be."

KEYS: Mapping[Outcome, str] = {
    Outcome.WRONG_NUMBER: "wrong_number",
    Outcome.REJECTED: "rejected",
    Outcome.BUSY: "busy",
    Outcome.NO_ANSWER: "no_answer",
    Outcome.NOT_REGISTERED: "unavailable",
}
"What of `[announcements]` is heard, by how the call ends."


class Announcement(NamedTuple):
    """One of them."""

    text: str = ""
    path: str = ""
    "An audio file, instead of the text."


class _HeardOut(NamedTuple):
    """The announcement is over; in the inbox of the call."""

    announcement: Announcement


@dataclass(frozen=True, slots=True)
class AnnouncementTerms:
    """What the settings say of announcements."""

    said: Mapping[str, Announcement] = field(default_factory=dict)
    "By the keys of `[announcements]`."
    language: str | None = None
    for_trunks: bool = False
    "Whether callers from trunks hear them as well."


class Announcements:
    """What callers hear."""

    __slots__ = ("_ports", "terms")

    def __init__(self, ports: Ports, terms: AnnouncementTerms) -> None:
        self._ports = ports
        self.terms = terms
        "Others may take their place; what is heard goes on."

    async def play(self, call: Call, ending: Ending) -> None:
        """Let the caller hear why the call will be refused; returns when that is over.

        Nothing is heard where the settings have nothing for it, and by callers that cannot.
        """
        announcement = self._for(call, ending)
        if announcement is None:
            return
        try:
            port = await self._early(call)
            if port is not None:
                await self._hear(call, port, announcement)
        except (CallEnds, Forwarded, DescriptionError) as error:
            log.info("announcement not heard out", call=call.id, reason=str(error))

    def _for(self, call: Call, ending: Ending) -> Announcement | None:
        """The announcement for a call that ends like this; None for none."""
        leg = call.caller.leg
        if leg is None or leg.ended.done() or leg.is_inside or call.is_answered:
            return None
        if call.invite is None or call.is_late_offer or ending.by is EndedBy.CALLER:
            return None
        if call.caller.trunk and not self.terms.for_trunks:
            return None
        is_no_way = ending.outcome is Outcome.FAILED and 500 <= ending.status < 505
        key = "no_way" if is_no_way else KEYS.get(ending.outcome, "")
        return self.terms.said.get(key)

    async def _early(self, call: Call) -> MediaPort | None:
        """Set the caller's early media up; None where the switch cannot be heard by the caller.

        Raises CallEnds and DescriptionError.
        """
        audio = call.caller.audio
        if audio.heard is None:
            read_offer(call)
        await open_caller_port(self._ports, call)
        # What was said in an earlier provisional response must not change (RFC 3261 13.2.1).
        sdp = audio.answer_own() if audio.session.last is None else audio.answer_again()
        port, leg = audio.port, call.caller.leg
        if port is None or leg is None or not audio.is_understood or port.gone.done():
            return None
        call.stop_ringback()
        port.leave()
        audio.open_early()
        leg.progress(183, sdp)
        return port

    async def _hear(self, call: Call, port: MediaPort, announcement: Announcement) -> None:
        """Play it to its end, or until the caller hangs up."""

        async def play() -> None:
            try:
                async with asyncio.timeout(LONGEST):
                    played = await self._begin(port, announcement).done
                    if played.why == "error":
                        log.warning(
                            "announcement not played", call=call.id, **announcement._asdict()
                        )
                        await port.play_tone("congestion", longest=TONE_SECONDS).done
            finally:
                call.put(None, _HeardOut(announcement))

        playing = call.spawn(play())
        try:
            while True:
                leg, event = await call.next_event()
                if isinstance(event, _HeardOut):
                    return
                take(call, leg, event)
        finally:
            playing.cancel()

    def _begin(self, port: MediaPort, announcement: Announcement) -> Playing:
        if announcement.path:
            return port.play_file(announcement.path)
        return port.speak(announcement.text, language=self.terms.language)
