"""What notifications and lists tell of a call (API reference, section 8)."""

from __future__ import annotations

from datetime import datetime

from softswitch.calls.call.call import Call
from softswitch.calls.numbers.directory import Directory


def call_fields(call: Call, directory: Directory) -> dict[str, str]:
    """The fields of a notification about a call (API reference, section 8)."""
    extension = directory.find(call.dialled)
    api = call.dialled if extension is not None and extension.kind.is_scripted else ""
    fields = {
        "CallId": call.id,
        "CallerId": call.caller.number,
        "CallerExtension": call.caller.number if directory.find(call.caller.number) else "",
        "CallerDialed": call.dialled,
        "Dialed": call.dialled,
        "ApiExtension": api,
        "CallState": call.state.value,
        "StartTime": local_time(call.started_at),
    }
    return {name: value for name, value in fields.items() if value}


def end_fields(call: Call) -> dict[str, str]:
    """What a `FinishedUrl` gets of a call that has ended."""
    seconds = (call.ended_at or 0.0) - (call.answered_at or call.ended_at or 0.0)
    return {
        "CallId": call.id,
        "Caller": call.caller.number,
        "Callee": call.callee.number,
        "Duration": f"{seconds:.3f}",
    }


def local_time(seconds: float) -> str:
    """Unix time as the API writes it: local, without offset."""
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M:%S}"
