"""Session timers: a peer that has vanished without a BYE ends the call (RFC 4028).

Either side may want one, and one of the two refreshes the session: a re-INVITE or an UPDATE at half
of the interval. When none comes the call ends, a third of the interval or 32 seconds before its
end. `uac` and `uas` are roles in one transaction; here it is kept who refreshes, we or the peer.

A peer that knows nothing of timers is asked by us all the same, so that we notice when it is gone.
"""

from __future__ import annotations

from typing import Protocol

from softswitch.sip.effects import Effect, SetTimer
from softswitch.sip.element import SMALLEST_MIN_SE, SessionTerms
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.headers import SessionExpires
from softswitch.sip.message.message import Message, Request, Response

TIMER = "timer"
"The option tag."
MARGIN = 32.0
"Seconds before the end of the interval at which the call is given up; a third of it if less."
STEP = 60.0
"Seconds of the timer that is set: a longer one would keep a call that is over."
LARGEST = 86_400
"A Min-SE beyond this is not agreed to: a timer of more than a day is none."
ATTEMPTS = 3
"How often one request is sent again after 422."

Header = tuple[str, str]


def is_too_short(request: Request, terms: SessionTerms) -> bool:
    """Whether 422 is the answer: the interval is too short, and the sender knows what 422 means.

    Raises MessageError when Session-Expires cannot be read.
    """
    asked = request.session_expires
    return asked is not None and asked.seconds < terms.min_se and knows_timers(request)


def knows_timers(message: Message) -> bool:
    """Whether the sender supports session timers."""
    return message.names("Supported", TIMER) or message.names("Require", TIMER)


def settled(request: Request, terms: SessionTerms, least: int = 0) -> SessionExpires | None:
    """What our 2xx to this request says, None: no timer (section 9, with its erratum 1687).

    The peer wants no less than `least`, as it has said before. Where the refresher is left to us it
    is us: a browser's tab in the background may sleep.
    """
    if not terms.min_se:
        return None
    asked = request.session_expires
    least = max(terms.min_se, least, request.min_se or 0)
    if asked is None:
        return SessionExpires(max(terms.expires, least), "uas") if terms.expires else None
    longest = max(terms.expires or asked.seconds, least)
    seconds = min(max(asked.seconds, least), longest)
    refresher = asked.refresher if knows_timers(request) else None
    return SessionExpires(seconds, refresher or "uas")


class Refresher(Protocol):
    """The usage whose session it is."""

    def refresh(self, out: list[Effect]) -> None:
        """Send a refresh; `SessionTimer.answered` or `refresh_later` follows."""

    def lost(self, reason: str, out: list[Effect]) -> None:
        """End the call: the peer is gone."""


class SessionTimer:
    """The timer of one dialog. The core has no clock, so time is counted in steps of timers."""

    __slots__ = (
        "_elapsed",
        "_min_se",
        "_refresh_at",
        "_serial",
        "_step",
        "_tries",
        "_usage",
        "interval",
        "terms",
        "we_refresh",
    )

    def __init__(self, usage: Refresher, terms: SessionTerms) -> None:
        self.terms = terms
        self.interval = 0
        "Seconds that are agreed on; 0: there is no timer."
        self.we_refresh = False
        self._usage: Refresher | None = usage
        self._min_se = terms.min_se
        "The largest Min-SE seen."
        self._tries = 0
        self._serial = 0
        "Of the timer that counts; an earlier one has no effect."
        self._step = 0.0
        self._elapsed = 0.0
        self._refresh_at = float("inf")

    # ------------------------------------------------------------ what is said

    def ask(self) -> list[Header]:
        """The headers of a request of ours that may begin or refresh the session."""
        least = [("Min-SE", str(self._min_se))] if self._min_se > SMALLEST_MIN_SE else []
        if self.interval:
            role = "uac" if self.we_refresh else "uas"
            seconds = max(self.interval, self._min_se)
            return [("Session-Expires", str(SessionExpires(seconds, role))), *least]
        if self.terms.expires:
            return [("Session-Expires", str(max(self.terms.expires, self._min_se))), *least]
        return []

    def answer(self, request: Request, out: list[Effect]) -> list[Header]:
        """The headers of our 2xx to the peer's INVITE, re-INVITE or UPDATE; starts the timer."""
        agreed = settled(request, self.terms, self._min_se)
        if agreed is None:
            self._start(0, False, out)
            return []
        self._note(request.min_se)
        self._start(agreed.seconds, agreed.refresher == "uas", out)
        headers = [("Session-Expires", str(agreed))]
        if agreed.refresher == "uac":
            headers.append(("Require", TIMER))
        return headers

    def answered(self, response: Response, out: list[Effect]) -> None:
        """Take the peer's 2xx to a request of ours; starts the timer.

        A peer that does not know timers says nothing: then we refresh alone (section 7.2). One that
        names less than anybody may is not followed: it would be asked again and again.
        """
        self._tries = 0
        try:
            agreed = response.session_expires
        except MessageError:
            agreed = None
        if agreed is None:
            self._start(self.interval or self.terms.expires, True, out)
        else:
            seconds = max(agreed.seconds, self.terms.min_se, SMALLEST_MIN_SE)
            self._start(seconds, agreed.refresher != "uas", out)

    def may_ask_again(self, response: Response) -> bool:
        """Take the peer's 422; whether `ask` now says what it wants (section 7.3)."""
        self._tries += 1
        try:
            least = response.min_se
        except MessageError:
            least = None
        if least is None or least > LARGEST or self._tries > ATTEMPTS:
            return False
        self._note(least)
        return True

    def _note(self, least: int | None) -> None:
        """Keep what the peer wants at least: it goes for all our refreshes (section 7.4)."""
        if least is not None and least <= LARGEST:
            self._min_se = max(self._min_se, least)

    # ------------------------------------------------------------ time

    def refresh_later(self, out: list[Effect]) -> None:
        """Try again in a while: a refresh could not be sent now, or was refused for now."""
        out.append(SetTimer(self, f"again {self._serial}", max(1.0, self.interval / 16)))

    def stop(self) -> None:
        """Stop for good; the usage is let go."""
        self._usage = None

    def fire(self, timer: str, out: list[Effect]) -> None:
        """Count a step; refresh or give up when it is time."""
        usage = self._usage
        if usage is not None and timer == f"again {self._serial}":
            usage.refresh(out)
        if usage is None or timer != self._name:
            return
        self._elapsed += self._step
        if self._elapsed >= self._end:
            usage.lost("session expired", out)
            return
        if self._elapsed >= self._refresh_at:
            self._refresh_at = float("inf")
            usage.refresh(out)
        if timer == self._name and self._usage is not None:
            self._set(out)

    def transport_failed(self, out: list[Effect]) -> None:
        """Go on: nothing is sent in the name of the timer itself."""

    @property
    def _name(self) -> str:
        return f"session {self._serial}"

    @property
    def _end(self) -> float:
        return self.interval - min(MARGIN, self.interval / 3)

    def _start(self, interval: int, we_refresh: bool, out: list[Effect]) -> None:
        """Count anew; 0: no timer."""
        self._serial += 1
        self.interval, self.we_refresh, self._elapsed = interval, we_refresh, 0.0
        self._refresh_at = interval / 2 if we_refresh else float("inf")
        if interval:
            self._set(out)

    def _set(self, out: list[Effect]) -> None:
        self._step = min(STEP, max(0.1, min(self._refresh_at, self._end) - self._elapsed))
        out.append(SetTimer(self, self._name, self._step))
