"""Rows of the commands that list calls and contacts (API reference, section 7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from softswitch.calls.call.call import Call
from softswitch.calls.ports.quality import recorded_quality
from softswitch.commands.running.call_fields import local_time
from softswitch.store.call_history import CallRecord

Row = Mapping[str, str]
"The fields of one row, by name."


def active_call_row(call: Call, now: float) -> Row:
    """A call that is up; `now` is Unix time."""
    rings_until = call.answered_at or call.ended_at or now
    ringing = rings_until - (call.rang_at or rings_until)
    talking = now - call.answered_at if call.answered_at else 0.0
    return {
        "CallId": call.id,
        "Source": call.caller.number,
        "CallerId": call.caller.number,
        "Destination": call.callee.number,
        "CallerDialed": call.dialled,
        "CalleeDialed": call.callee.number,
        "StartTime": local_time(call.started_at),
        "RingDuration": f"{max(0.0, ringing):.3f}",
        "TalkDuration": f"{max(0.0, talking):.3f}",
        "CallState": call.state.value,
    }


def history_row(record: CallRecord) -> dict[str, str]:
    """A call that has ended or that the switch has begun."""
    row = {
        "StartTime": local_time(record.start_time),
        "Direction": record.direction,
        "Source": record.source,
        "Destination": record.destination,
        "State": record.state,
        "Dialed": record.dialed,
        "CallerId": record.caller_id,
        "Type": record.type,
        "CallId": record.call_id,
        "Duration": f"{record.talk_time:.3f}",
    }
    if record.ring_time is not None:
        until = record.answer_time or record.end_time or record.ring_time
        row["RingDuration"] = f"{max(0.0, until - record.ring_time):.3f}"
    if record.end_time is not None:
        row["EndTime"] = local_time(record.end_time)
    return row


def quality_fields(record: CallRecord) -> dict[str, str]:
    """The sound of each party that had a port, in fields such as `CallerMos` and `CalleeMos`."""
    return {
        f"{side.capitalize()}{name.title().replace('_', '')}": str(value)
        for side, statistics in record.media.items()
        for name, value in msgspec.structs.asdict(recorded_quality(statistics)).items()
        if value is not None
    }


def address_rows(contacts: Iterable[tuple[str, str | None, str | None]]) -> list[Row]:
    """Contacts (name, telephone, e-mail) as the API shows them."""
    return [
        {"Name": name, "PhoneNumber": phone or "", "Email": email or ""}
        for name, phone, email in contacts
    ]
