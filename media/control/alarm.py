"""The messages about alarm lines: Contact ID received and reported (SIA DC-05-1999.09).

Alarms are sent as their sixteen digits. The kissoff of a message that was heard
leaves when `AlarmStored` comes back in time, and not before.
"""

from __future__ import annotations

from media.control.message import ControlMessage

# ---- from the signalling process ----------------------------------------------------------------


class ReceiveAlarms(ControlMessage, frozen=True, kw_only=True):
    """Be the receiver on a call that was answered just now; ends with `AlarmLineOver`."""

    leg: int


class AlarmStored(ControlMessage, frozen=True, kw_only=True):
    """Say that a message of `AlarmHeard` is kept for good, or could not be."""

    leg: int
    digits: str
    stored: bool


class ReportAlarms(ControlMessage, frozen=True, kw_only=True):
    """Be the panel on a call that was answered just now; ends with `AlarmLineOver`."""

    leg: int
    alarms: tuple[str, ...]


class EndAlarmLine(ControlMessage, frozen=True, kw_only=True):
    """Be neither any more; a leg that is none is fine."""

    leg: int


AlarmRequest = ReceiveAlarms | AlarmStored | ReportAlarms | EndAlarmLine

# ---- from the worker ----------------------------------------------------------------------------


class AlarmHeard(ControlMessage, frozen=True, kw_only=True):
    """A good message has come; unless it `is_duplicate` an `AlarmStored` is waited for."""

    leg: int
    digits: str
    is_duplicate: bool


class AlarmKissedOff(ControlMessage, frozen=True, kw_only=True):
    """The kissoff of a message that came has left."""

    leg: int
    digits: str


class AlarmRejected(ControlMessage, frozen=True, kw_only=True):
    """Keys have come that are no good message; the panel hears nothing."""

    leg: int
    keys: str
    reason: str


class AlarmDelivered(ControlMessage, frozen=True, kw_only=True):
    """The receiver has kissed off a message of ours."""

    leg: int
    digits: str


class AlarmLineOver(ControlMessage, frozen=True, kw_only=True):
    """The handshake is over: the call is to be ended, unless the panel wants it listened to."""

    leg: int
    reason: str
    listen_in: bool = False


AlarmEvent = AlarmHeard | AlarmKissedOff | AlarmRejected | AlarmDelivered | AlarmLineOver
