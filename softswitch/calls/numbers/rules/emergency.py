"""Emergency numbers: they pass whatever rights and budgets say, and the operator is told."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import structlog

from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.emergency")

REMEMBERED = 256
"Calls that are told once only, by however many ways they are tried."


class EmergencyCall(NamedTuple):
    """What a trunk and the operator are told of an emergency call."""

    number: str
    "The emergency number."
    callback: str = ""
    "The number under which the caller is reached; empty for the usual one."
    location: str = ""
    "Where the caller is, as a text; empty when nobody has said it."
    is_located: bool = False
    "Whether the trunk is told the location."
    tell: tuple[str, ...] = ()
    "Who of the operators is sent a text message about it."


@dataclass(frozen=True, slots=True)
class EmergencyTerms:
    """What the settings say of emergency calls."""

    numbers: frozenset[str] = frozenset()
    trunks: tuple[str, ...] = ()
    "The ways out, in order."
    callback: str = ""
    location: str = ""
    "Of extensions that have none of their own."
    sends_location: bool = True
    "Whether trunks are told where the caller is."
    tell: tuple[str, ...] = ()
    "Phones, e-mail addresses and numbers that are sent a text message."


class EmergencyNotice(NamedTuple):
    """What the operator is told of an emergency call."""

    call_id: str
    number: str
    caller: str
    "The extension, or the number that a command calls for."
    location: str
    callback: str
    trunk: str
    "The first trunk that it goes out by."
    tell: tuple[str, ...] = ()
    "Who is sent a text message about it."
    failure: str = ""
    "Why nobody has answered it, once that is known."

    @property
    def sentence(self) -> str:
        """All of it for people."""
        where = f" at {self.location}" if self.location else ""
        back = f" Callback: {self.callback}." if self.callback else ""
        who = self.caller or "a command"
        if self.failure:
            what = f"NOT CONNECTED ({self.failure}): emergency call"
        else:
            what = "Emergency call"
        return f"{what} to {self.number} from {who}{where}.{back}"


@dataclass(slots=True)
class Emergencies:
    """Tells of emergency calls, each once."""

    listeners: list[Callable[[EmergencyNotice], None]] = field(default_factory=list)
    "Hear of every one, and again of one that nobody has answered; must not block."
    count: int = 0
    failures: int = 0
    _told: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED))

    def called(self, notice: EmergencyNotice) -> bool:
        """Tell of a call that is to go out now; False where that has been told."""
        if notice.call_id in self._told:
            return False
        self._told.append(notice.call_id)
        self.count += 1
        log.warning(
            "emergency call",
            call=notice.call_id,
            number=notice.number,
            caller=notice.caller,
            location=notice.location,
            callback=notice.callback,
            trunk=notice.trunk,
        )
        self._tell(notice)
        return True

    def failed(self, notice: EmergencyNotice) -> None:
        """Tell of a call that has ended before anybody answered it."""
        self.failures += 1
        log.error(
            "emergency call not connected",
            call=notice.call_id,
            number=notice.number,
            caller=notice.caller,
            location=notice.location,
            reason=notice.failure,
        )
        self._tell(notice)

    def _tell(self, notice: EmergencyNotice) -> None:
        for listener in self.listeners:
            try:
                listener(notice)
            except Exception:
                log.exception("listener failed", call=notice.call_id)

    def metrics(self) -> Iterator[Metric]:
        """How many there were."""
        yield Metric("emergency_calls_total", "Emergency calls", lambda: self.count)
        yield Metric(
            "emergency_calls_failed_total",
            "Emergency calls that ended before anybody answered",
            lambda: self.failures,
        )
