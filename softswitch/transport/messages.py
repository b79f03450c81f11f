"""What is counted and written about every SIP message: octets are looked at, not parsed."""

from __future__ import annotations

import re
from collections import Counter

import structlog

from softswitch.sip.effects import Flow
from softswitch.telemetry.log import mask

KNOWN_METHODS = (
    *("INVITE", "ACK", "BYE", "CANCEL", "REGISTER", "OPTIONS", "INFO", "MESSAGE"),
    *("NOTIFY", "SUBSCRIBE", "PUBLISH", "REFER", "UPDATE", "PRACK"),
)
METHODS = {name.encode(): name for name in KNOWN_METHODS}
CLASSES = {f"SIP/2.0 {digit}".encode(): f"{digit}xx" for digit in range(1, 7)}
_CALL_ID = re.compile(rb"\r\n(?:call-id|i)[ \t]*:[ \t]*([^\r\n]*)", re.IGNORECASE)
_CSEQ_METHOD = re.compile(rb"\r\ncseq[ \t]*:[ \t]*[0-9]+[ \t]+([^\r\n ]*)", re.IGNORECASE)

log = structlog.get_logger()


def call_id(data: bytes) -> str:
    """The Call-ID of a message that need not be valid; empty when it has none."""
    start = data.find(b"\r\nCall-ID: ")
    if start >= 0:
        found = data[start + 11 : data.find(b"\r\n", start + 11)]
    else:
        match = _CALL_ID.search(data)
        found = match[1] if match else b""
    return found.decode("utf-8", "backslashreplace")


def kind(data: bytes) -> str:
    """The method of a request, `2xx` and so on for a response, `other` for anything else."""
    word = data[: data.find(b" ", 0, 12)]
    return METHODS.get(word) or CLASSES.get(data[:9]) or "other"


class Traffic:
    """The messages that went in and out, counted by kind."""

    __slots__ = ("ignored", "received", "sent")

    def __init__(self) -> None:
        self.received: Counter[str] = Counter()
        self.sent: Counter[str] = Counter()
        self.ignored = 0
        "Keep-alives and datagrams that cannot be SIP."


def shown(flow: Flow) -> str:
    """The far end of a flow as it stands in logs."""
    host, port = flow.remote
    return f"{flow.transport}:[{host}]:{port}" if ":" in host else f"{flow.transport}:{host}:{port}"


def write_line(arrow: str, data: bytes, flow: Flow, *, whole: bool) -> None:
    """Log one message: start line, the request of a response, the far end, the size."""
    start = data[: data.find(b"\r\n")].decode("utf-8", "backslashreplace")
    text = start.removesuffix(" SIP/2.0")
    if start.startswith("SIP/2.0 "):
        match = _CSEQ_METHOD.search(data)
        method = match[1].decode("utf-8", "backslashreplace") if match else "?"
        text = f"{start[8:]} ({method})"
    fields = {"lines": mask(data.decode("utf-8", "backslashreplace"))} if whole else {}
    log.info(
        f"{arrow} {text}",
        call=call_id(data),
        flow=shown(flow),
        octets=len(data),
        **fields,
    )
