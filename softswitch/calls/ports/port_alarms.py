"""Alarm lines of a port: Contact ID received and reported, the store between hearing and kissoff.

The exact times are kept in the worker; here a message that was heard is stored, and only when that
is done, the worker is told to acknowledge it (SIA DC-05-1999.09).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from media.contact_id.message import ContactIdMessage, keys_of, read_message
from media.control.alarm import (
    AlarmDelivered,
    AlarmHeard,
    AlarmKissedOff,
    AlarmLineOver,
    AlarmRejected,
    AlarmStored,
    EndAlarmLine,
    ReceiveAlarms,
    ReportAlarms,
)
from media.control.session import Event, Request

__all__ = ["AlarmLine", "ContactIdMessage", "PortAlarms"]

KissedOff = Callable[[ContactIdMessage], None]
"Hears that the kissoff of an alarm has left; of one that a panel repeats, each time."

Store = Callable[[ContactIdMessage], Awaitable[bool]]
"Keeps an alarm for good; whether it did. What it raises counts as no."

CALL_OVER = "the call is over"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AlarmLine:
    """How the talk of panel and receiver ended."""

    reason: str
    "`all delivered`, `silence`, `no kissoff` ... or that the call is over."
    alarms: tuple[ContactIdMessage, ...] = ()
    "Received and stored, or reported and kissed off; in their order, duplicates once."
    rejected: int = 0
    "Good for nothing, and not acknowledged."
    listen_in: bool = False
    "Whether the panel wants the call to stay, to be listened to."

    @property
    def all_delivered(self) -> bool:
        """Whether a panel got rid of everything."""
        return self.reason == "all delivered"


@dataclass(slots=True)
class _OpenLine:
    """A line that goes on."""

    done: asyncio.Future[AlarmLine]
    store: Store | None
    kissed_off: KissedOff | None
    alarms: list[ContactIdMessage] = field(default_factory=list)
    rejected: int = 0
    storing: set[asyncio.Task[None]] = field(default_factory=set)


class PortAlarms:
    """The alarm line of a port, if it is one."""

    def __init__(self, leg: int) -> None:
        self._leg = leg
        self._line: _OpenLine | None = None

    def _tell(self, request: Request) -> None:
        raise NotImplementedError

    @property
    def _is_open(self) -> bool:
        raise NotImplementedError

    def contact_id_receiver(
        self, stored: Store, kissed_off: KissedOff
    ) -> asyncio.Future[AlarmLine]:
        """Shake hands with a panel, now that its call is answered, and receive what it reports.

        `stored` is awaited for each new alarm, and the kissoff leaves when it has returned True;
        `kissed_off` is called when it has left.
        A panel repeats what is not acknowledged within 1.1 s of its last digit. The future is done
        when the panel has fallen silent, and never an exception.
        """
        return self._begin_line(ReceiveAlarms(leg=self._leg), stored, kissed_off)

    def contact_id_panel(self, alarms: Sequence[ContactIdMessage]) -> asyncio.Future[AlarmLine]:
        """Wait for a receiver's handshake, now that it has answered, and report alarms.

        The future tells what was kissed off, and is never an exception.
        """
        digits = tuple(alarm.digits for alarm in alarms)
        return self._begin_line(ReportAlarms(leg=self._leg, alarms=digits))

    def end_alarm_line(self) -> None:
        """Stop being an alarm line; its future gets the result so far."""
        self._tell(EndAlarmLine(leg=self._leg))
        self._end_line("ended")

    def _begin_line(
        self, request: Request, store: Store | None = None, kissed_off: KissedOff | None = None
    ) -> asyncio.Future[AlarmLine]:
        self._end_line("another begins")
        line = _OpenLine(asyncio.get_running_loop().create_future(), store, kissed_off)
        self._line = line
        if self._is_open:
            self._tell(request)
        else:
            self._end_line(CALL_OVER)
        return line.done

    def _heard_alarm(self, event: Event) -> None:
        """Take an event about an alarm line."""
        line = self._line
        if line is None:
            return
        match event:
            case AlarmHeard(is_duplicate=False):
                task = asyncio.ensure_future(self._keep(line, _alarm(event.digits)))
                line.storing.add(task)
                task.add_done_callback(line.storing.discard)
            case AlarmKissedOff() if line.kissed_off is not None:
                line.kissed_off(_alarm(event.digits))
            case AlarmRejected():
                line.rejected += 1
                _log.info("no Contact ID message: %s", event.reason)
            case AlarmDelivered():
                line.alarms.append(_alarm(event.digits))
            case AlarmLineOver():
                self._end_line(event.reason, listen_in=event.listen_in)

    async def _keep(self, line: _OpenLine, alarm: ContactIdMessage) -> None:
        """Store an alarm, then let it be acknowledged."""
        stored = False
        try:
            stored = line.store is not None and await line.store(alarm)
        except Exception:
            # the panel repeats what is not kissed off
            _log.exception("an alarm could not be stored")
        if stored:
            line.alarms.append(alarm)
        self._tell(AlarmStored(leg=self._leg, digits=alarm.digits, stored=stored))

    def _end_line(self, reason: str, *, listen_in: bool = False) -> None:
        line, self._line = self._line, None
        if line is not None and not line.done.done():
            line.done.set_result(AlarmLine(reason, tuple(line.alarms), line.rejected, listen_in))


def _alarm(digits: str) -> ContactIdMessage:
    return read_message(keys_of(digits))
