"""All timelines: begun here, found here, and told of every SIP message that travels.

A dialog belongs to a timeline from `follow` on. What has travelled in it before waits, for a call
begins after its INVITE has come; so do the messages of dialogs that belong to nobody, until there
are too many of them.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Mapping

from softswitch.sip.effects import Flow
from softswitch.sip.limits import MESSAGE
from softswitch.trace.lines import AnyLine, Fact, LineKind, SipMessage
from softswitch.trace.recent import RecentTraceLines
from softswitch.trace.timeline import LARGE, Tell, Timeline

MOST_LOOSE = 2048
"Dialogs that belong to nobody yet, such as registrations, whose messages wait."
LOOSE_EACH = 16
"Messages of each."
MOST_LOOSE_OCTETS = 16_000_000
"Of all of them: anybody can send messages."
LATE_SECONDS = 40.0
"How long after its end messages of a call are still taken: 64*T1 and more (RFC 3261 section 17)."
MOST_ENDED = 500
"Timelines that have ended and are kept in memory where no disk keeps them."

MOST_WAITING = 5000
"Timelines that have ended and are in memory, whatever the disk does."

_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_QUICK = b"\r\nCall-ID: "

Listener = Callable[[Timeline, AnyLine], None]
"Told of every line of every timeline; must not block or raise."


def call_id_of(octets: bytes) -> bytes:
    """The Call-ID of a message that need not be valid; empty when it has none."""
    start = octets.find(_QUICK)
    if start >= 0:
        return octets[start + 11 : octets.find(b"\r\n", start + 11)]
    found = _CALL_ID.search(octets)
    return found[1].strip() if found is not None else b""


class Traces:
    """The timelines that are in memory, by what they are about."""

    def __init__(self, now: Callable[[], float], *, enabled: bool = True) -> None:
        """`now` is Unix time in seconds; nothing at all is kept unless it is `enabled`."""
        self._now = now
        self._tell: Tell | None = self._written if enabled else None
        self._timelines: dict[str, Timeline] = {}
        self._dialogs: dict[bytes, Timeline] = {}
        self._loose: dict[bytes, list[SipMessage]] = {}
        self._loose_octets = 0
        self._ended: deque[Timeline] = deque()
        self.lost = 0
        "Lines of timelines that the disk did not take in time."
        self.waiting: dict[str, Timeline] = {}
        "Timelines with lines that are not on disk, those that have waited longest first."
        self.is_kept = False
        "Whether somebody takes `waiting` to disk."
        self.large: Callable[[], None] = _nothing
        "Called when a timeline has many lines that are not on disk."
        self.recent = RecentTraceLines()
        self.listeners: list[Listener] = [self.recent.take]

    @property
    def is_enabled(self) -> bool:
        """Whether timelines are kept."""
        return self._tell is not None

    def begin(self, subject: str) -> Timeline:
        """A timeline for a call by its id."""
        timeline = Timeline(subject, self._now, self._tell)
        if self._tell is not None:
            self._timelines[subject] = timeline
        return timeline

    def get(self, subject: str) -> Timeline | None:
        """The timeline that is in memory, or None."""
        return self._timelines.get(subject)

    def write(
        self,
        subject: str,
        kind: LineKind,
        what: str,
        facts: Mapping[str, Fact],
        *,
        direction: str = "",
    ) -> None:
        """Write a line about a subject, if it has a timeline in memory."""
        timeline = self._timelines.get(subject)
        if timeline is not None:
            timeline.write(kind, what, facts, direction=direction)

    def follow(self, timeline: Timeline, sip_call_id: str, party: str) -> None:
        """Write the messages of a dialog into a timeline, those that have travelled before too."""
        if self._tell is None:
            return
        key = sip_call_id.encode("utf-8", "surrogateescape")
        self._dialogs[key] = timeline
        timeline.parties[sip_call_id] = party
        for message in self._leave_loose(key):
            timeline.take(message)

    def end(self, timeline: Timeline) -> None:
        """Note that nothing but late messages will come."""
        timeline.ended = self._now()
        if self._tell is not None:
            self._ended.append(timeline)
            self._forget()

    # -- messages ----------------------------------------------------------------------------------

    def travelled(self, octets: bytes, flow: Flow, is_sent: bool) -> None:
        """Take a SIP message that was received or sent."""
        key = call_id_of(octets)
        message = SipMessage(self._now(), is_sent, flow, octets)
        timeline = self._dialogs.get(key)
        if timeline is not None:
            timeline.take(message)
            return
        if len(octets) > MESSAGE:
            return
        loose = self._loose.setdefault(key, [])
        if len(loose) >= LOOSE_EACH:
            self._loose_octets -= len(loose.pop(0).octets)
        loose.append(message)
        self._loose_octets += len(octets)
        while len(self._loose) > MOST_LOOSE or self._loose_octets > MOST_LOOSE_OCTETS:
            self._leave_loose(next(iter(self._loose)))

    def _leave_loose(self, key: bytes) -> list[SipMessage]:
        """The messages of a dialog that waited, which wait no more."""
        left = self._loose.pop(key, [])
        self._loose_octets -= sum(len(each.octets) for each in left)
        return left

    # -- memory ------------------------------------------------------------------------------------

    def _written(self, timeline: Timeline, line: AnyLine) -> None:
        if self.is_kept:
            self.waiting.setdefault(timeline.subject, timeline)
            if len(timeline.lines) == LARGE:
                self.large()
        for listener in self.listeners:
            listener(timeline, line)

    def _forget(self) -> None:
        """Let go of those that have ended, and have no more to say."""
        before = self._now() - LATE_SECONDS
        ended = self._ended
        while ended and (len(ended) > MOST_WAITING or (ended[0].ended or 0.0) < before):
            timeline, too_many = ended[0], len(ended) > MOST_WAITING
            if not self.is_kept and len(ended) <= MOST_ENDED:
                return
            if not too_many and (timeline.subject in self.waiting or timeline.writing):
                return
            ended.popleft()
            if self.waiting.pop(timeline.subject, None) is not None:
                self.lost += len(timeline.lines)
            self._timelines.pop(timeline.subject, None)
            for sip_call_id in timeline.parties:
                key = sip_call_id.encode("utf-8", "surrogateescape")
                if self._dialogs.get(key) is timeline:
                    del self._dialogs[key]


def _nothing() -> None:
    """Do nothing."""


UNTRACED = Traces(time.time, enabled=False)
"Keeps nothing."
