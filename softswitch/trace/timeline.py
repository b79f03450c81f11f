"""The timeline of one call, message or alarm, as far as it is in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from softswitch.trace.lines import AnyLine, Fact, LineKind, SipMessage, TraceLine

MOST_LINES = 10_000
"Lines that wait in memory for the disk; of more, those in the middle are lost."
MOST_OCTETS = 4_000_000
"Octets of SIP messages among them."
FIRST_LINES = 100
"Lines that are not lost: how it began."
LONGEST_TEXT = 1024
"Characters of one fact."
SHORTEST_SECRET, MOST_SECRETS = 3, 16
"""Characters of what is hidden in all lines, for a shorter one would hide most digits of a trace;
how many of them."""
LARGE = 200
"Lines that make a timeline worth writing before its time."

Tell = Callable[["Timeline", AnyLine], None]
"Told of every line; must not block or raise."


class Timeline:
    """Lines in the order in which they happened, the oldest of which may be on disk already."""

    __slots__ = (
        "_now",
        "_secrets",
        "_tell",
        "began",
        "ended",
        "lines",
        "lost",
        "numbers",
        "octets",
        "on_disk",
        "parties",
        "subject",
        "writing",
    )

    def __init__(self, subject: str, now: Callable[[], float], tell: Tell | None = None) -> None:
        """`subject` is a call's id; `now` Unix time in seconds.

        Without `tell` nothing is kept.
        """
        self.subject = subject
        self._now = now
        self._tell = tell
        self._secrets: tuple[str, ...] = ()
        "What somebody has entered who is not to be heard by readers."
        self.began = now()
        "Unix time in seconds, as `ended`, which is None while it goes on."
        self.ended: float | None = None
        self.numbers: set[str] = set()
        "The extensions that it concerns."
        self.parties: dict[str, str] = {}
        "Whose dialog has which Call-ID."
        self.lines: list[AnyLine] = []
        "Those that are not on disk."
        self.octets = 0
        "Of the SIP messages among them."
        self.on_disk = 0
        "Lines that are on disk."
        self.lost = 0
        "Lines for which there was no room."
        self.writing: list[AnyLine] = []
        "Older ones, which are on their way to disk."

    @property
    def is_kept(self) -> bool:
        """Whether lines are kept at all."""
        return self._tell is not None

    def note(
        self,
        kind: LineKind,
        what: str,
        *,
        party: str = "",
        direction: str = "",
        **facts: Fact,
    ) -> None:
        """Write a line; facts without a value are left out."""
        self.write(kind, what, facts, party=party, direction=direction)

    def write(
        self,
        kind: LineKind,
        what: str,
        facts: Mapping[str, Fact],
        *,
        party: str = "",
        direction: str = "",
    ) -> None:
        """The same, with facts whose names are not ours, such as those of parameters."""
        if self._tell is None:
            return
        told = {
            name: self._readable(fact) if isinstance(fact, str) else fact
            for name, fact in facts.items()
            if fact is not None and fact != ""
        }
        self._add(TraceLine(self._now(), kind, self._readable(what), party, direction, told))

    def hide(self, secret: str) -> None:
        """Show stars from now on where a line would tell what somebody has entered in secret."""
        if len(secret) >= SHORTEST_SECRET and secret not in self._secrets:
            self._secrets = (*self._secrets, secret)[-MOST_SECRETS:]

    def _readable(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text[:LONGEST_TEXT]

    def take(self, message: SipMessage) -> None:
        """Write a SIP message of one of its dialogs."""
        self.octets += len(message.octets)
        self._add(message)

    def _add(self, line: AnyLine) -> None:
        lines = self.lines
        if len(lines) >= MOST_LINES or self.octets > MOST_OCTETS:
            self._lose()
        lines.append(line)
        if self._tell is not None:
            self._tell(self, line)

    def _lose(self) -> None:
        """Make room: the oldest line goes that does not tell how it began."""
        first = FIRST_LINES if len(self.lines) > FIRST_LINES else 0
        gone = self.lines.pop(first)
        self.lost += 1
        if isinstance(gone, SipMessage):
            self.octets -= len(gone.octets)

    def hand_over(self) -> None:
        """Give the lines in memory to the disk; they are read from `writing` until `written`."""
        self.writing, self.lines, self.octets = self.lines, [], 0

    def written(self) -> None:
        """Let go of the lines that were handed over: they are on disk."""
        self.on_disk += len(self.writing)
        self.writing = []

    def take_back(self) -> None:
        """Keep the lines that were handed over, as far as there is room: the disk refuses them."""
        self.lines, self.writing = [*self.writing, *self.lines], []
        self.octets = sum(len(each.octets) for each in self.lines if isinstance(each, SipMessage))
        while len(self.lines) > MOST_LINES or self.octets > MOST_OCTETS:
            self._lose()
