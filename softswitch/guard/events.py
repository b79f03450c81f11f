"""Security events for fail2ban and its like, one structured line each.

The set of types is Asterisk's, so that existing filters and dashboards fit. A burst makes one line
and, when it is over, one that counts the rest. Successes are only counted: at several hundred
registrations a second a line for each would cost more than the digest.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from enum import StrEnum

import structlog

from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError, shown
from softswitch.sip.message.message import Request
from softswitch.telemetry.metrics import Metric

_LOG = structlog.get_logger("softswitch.security")

INTERVAL = 10.0
"Seconds in which one type of one source makes one line."
CAPACITY = 10_000
"Pairs of type and source whose lines are counted."
REMEMBERED = 3600.0
"Seconds after a line in which the next one still tells how many lines it stands for."


class SecurityEvent(StrEnum):
    """The types of events, by their names in the log."""

    FAILED_ACL = "FailedACL"
    "A banned source, or one above its rate."
    INVALID_ACCOUNT_ID = "InvalidAccountID"
    SESSION_LIMIT = "SessionLimit"
    "A budget of calls out that is used up, and the calls that it refuses."
    MEMORY_LIMIT = "MemoryLimit"
    LOAD_AVERAGE = "LoadAverage"
    REQUEST_NOT_SUPPORTED = "RequestNotSupported"
    REQUEST_NOT_ALLOWED = "RequestNotAllowed"
    "The right password, but somebody else's identity."
    AUTH_METHOD_NOT_ALLOWED = "AuthMethodNotAllowed"
    REQUEST_BAD_FORMAT = "RequestBadFormat"
    SUCCESSFUL_AUTH = "SuccessfulAuth"
    UNEXPECTED_ADDRESS = "UnexpectedAddress"
    "A nonce that was made for another address; RTP from a source that is not the phone's."
    CHALLENGE_RESPONSE_FAILED = "ChallengeResponseFailed"
    "A nonce that is not ours, expired, or used before."
    INVALID_PASSWORD = "InvalidPassword"
    CHALLENGE_SENT = "ChallengeSent"
    INVALID_TRANSPORT = "InvalidTransport"


QUIET = frozenset((SecurityEvent.SUCCESSFUL_AUTH, SecurityEvent.CHALLENGE_SENT))
"Types that are counted and not logged."
INFORMATIONAL = QUIET | {SecurityEvent.CHALLENGE_RESPONSE_FAILED}
"Types of severity Informational; the others are Errors."


class _Burst:
    __slots__ = ("began", "suppressed")

    def __init__(self, began: float) -> None:
        self.began = began
        self.suppressed = 0


class SecurityEvents:
    """Counts the events, and logs them without letting an attacker fill the disk."""

    __slots__ = ("_bursts", "counts")

    def __init__(self) -> None:
        self.counts: dict[SecurityEvent, int] = dict.fromkeys(SecurityEvent, 0)
        "Events since the start, for /metrics."
        self._bursts: OrderedDict[tuple[SecurityEvent, str], _Burst] = OrderedDict()

    def report(
        self,
        event: SecurityEvent,
        request: Request,
        flow: Flow,
        now: float,
        *,
        account: str = "",
    ) -> None:
        """Count the event and, unless it belongs to a burst that has its line, log it."""
        self.counts[event] += 1
        if event in QUIET:
            return
        repeated = self._repeated(event, flow.remote[0], now)
        if repeated is None:
            return
        details = {"repeated": repeated} if repeated else {}
        _write(
            event,
            service="SIP",
            method=request.method,
            account=shown(account),
            session=shown(_call_id(request)),
            local=written(flow.transport, flow.local),
            remote=written(flow.transport, flow.remote),
            **details,
        )

    def report_source(self, call_id: str, source: tuple[str, int], packets: int) -> None:
        """Count and log that `packets` of RTP or RTCP came to a call from an unknown source.

        The media say so once a minute for each leg, so there are no bursts.
        """
        self.counts[SecurityEvent.UNEXPECTED_ADDRESS] += 1
        _write(
            SecurityEvent.UNEXPECTED_ADDRESS,
            service="RTP",
            session=call_id,
            remote=written("udp", source),
            packets=packets,
        )

    def report_ban(self, service: str, source: str, account: str, seconds: float) -> None:
        """Log that a ban begins; an empty account stands for all of them."""
        _write(
            SecurityEvent.FAILED_ACL,
            service=service,
            account=shown(account),
            source=source,
            banned_seconds=round(seconds),
        )

    def report_dropped(
        self, service: str, source: str, account: str, seconds: float, *, is_first: bool
    ) -> None:
        """Count what a ban drops; log only the first of it."""
        self.counts[SecurityEvent.FAILED_ACL] += 1
        if is_first:
            _write(
                SecurityEvent.FAILED_ACL,
                service=service,
                account=shown(account),
                source=source,
                dropping_seconds=round(seconds),
                hint=f"softswitch bans lift '{source}'",
            )

    def report_spent(self, budget: str, account: str, calls: int, minutes: float) -> None:
        """Log that a budget of calls out is used up: what follows of it today is refused."""
        self.counts[SecurityEvent.SESSION_LIMIT] += 1
        _write(
            SecurityEvent.SESSION_LIMIT,
            service="SIP",
            account=shown(account),
            budget=budget,
            calls=calls,
            minutes=minutes,
        )

    def count_session_limit(self) -> None:
        """Count a call that is refused by a bound; the log has its line in the call's record."""
        self.counts[SecurityEvent.SESSION_LIMIT] += 1

    def forget(self, now: float) -> None:
        """Forget the bursts that began long ago."""
        while self._bursts:
            oldest = next(iter(self._bursts))
            if now < self._bursts[oldest].began + REMEMBERED:
                return
            del self._bursts[oldest]

    def metrics(self) -> Iterator[Metric]:
        """How many events there were of each type."""
        yield Metric(
            "security_events_total",
            "Security events, by type",
            lambda: {event.value: count for event, count in self.counts.items()},
            "type",
        )

    def _repeated(self, event: SecurityEvent, source: str, now: float) -> int | None:
        """How many lines a new line stands for besides itself; None when no line is due."""
        key = (event, source)
        burst = self._bursts.get(key)
        if burst is not None and now < burst.began + INTERVAL:
            burst.suppressed += 1
            return None
        if burst is None and len(self._bursts) >= CAPACITY:
            self._bursts.popitem(last=False)
        self._bursts[key] = _Burst(now)
        self._bursts.move_to_end(key)
        return burst.suppressed if burst is not None else 0


def _write(event: SecurityEvent, **details: object) -> None:
    severity = "Informational" if event in INFORMATIONAL else "Error"
    _LOG.warning("security event", type=event.value, severity=severity, **details)


def _call_id(request: Request) -> str:
    try:
        return request.call_id
    except MessageError:
        return ""


def written(transport: str, address: tuple[str, int]) -> str:
    """An address as lines of the log show it, `udp:192.0.2.7:5060`."""
    host, port = address
    return f"{transport}:[{host}]:{port}" if ":" in host else f"{transport}:{host}:{port}"
