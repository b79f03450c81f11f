"""SMPP PDUs as octets and as values (SMPP 3.4, section 3.2 and chapter 4)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from softswitch.messaging.smpp.tables import (
    BODIES,
    HEADER,
    LONGEST_PDU,
    RESPONSE,
    CommandStatus,
    Octet,
    Text,
)

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")

Body = Mapping[str, "str | int | bytes"]


class PduError(ValueError):
    """Octets that are no PDU; `status` is the answer that the peer gets."""

    def __init__(
        self, status: CommandStatus, sentence: str, *, command: int = 0, sequence: int = 0
    ):
        super().__init__(sentence)
        self.status = status
        self.command = command
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class Pdu:
    """One protocol data unit."""

    command: int
    status: int = 0
    sequence: int = 0
    body: Body = field(default_factory=dict)
    "The mandatory parameters by name; a missing one is empty or 0."
    tlvs: Mapping[int, bytes] = field(default_factory=dict)

    @property
    def is_response(self) -> bool:
        return bool(self.command & RESPONSE)

    def text(self, name: str) -> str:
        """A C-octet string of the body."""
        value = self.body.get(name, "")
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int:
        """An octet of the body."""
        value = self.body.get(name, 0)
        return value if isinstance(value, int) else 0

    def octets(self, name: str) -> bytes:
        """The short message."""
        value = self.body.get(name, b"")
        return value if isinstance(value, bytes) else b""


def check_length(length: int) -> int:
    """command_length of a frame; raises PduError for a length that no PDU has."""
    if not HEADER <= length <= LONGEST_PDU:
        raise PduError(CommandStatus.RINVCMDLEN, f"a PDU of {length} octets")
    return length


def encode(pdu: Pdu) -> bytes:
    """The octets of a PDU; raises ValueError for a value that its field cannot hold."""
    body = bytearray()
    for name, kind in BODIES[pdu.command] if pdu.status == 0 or not pdu.is_response else ():
        value = pdu.body.get(name)
        if isinstance(kind, Text):
            octets = str(value or "").encode("latin-1")
            if len(octets) >= kind.longest or 0 in octets:
                raise ValueError(f"{name} has {len(octets)} octets, at most {kind.longest - 1}")
            body += octets + b"\0"
        elif isinstance(kind, Octet):
            body.append(int(value or 0))
        else:
            octets = value if isinstance(value, bytes) else b""
            if len(octets) > 254:
                raise ValueError(f"a short_message of {len(octets)} octets, at most 254")
            body.append(len(octets))
            body += octets
    for tag, octets in pdu.tlvs.items():
        body += _TLV.pack(tag, len(octets)) + octets
    return _HEADER.pack(HEADER + len(body), pdu.command, pdu.status, pdu.sequence) + body


def decode(frame: bytes) -> Pdu:
    """Read one whole frame; raises PduError."""
    if len(frame) < HEADER:
        raise PduError(CommandStatus.RINVCMDLEN, f"a PDU of {len(frame)} octets")
    length, command, status, sequence = _HEADER.unpack_from(frame)
    if length != len(frame):
        raise PduError(CommandStatus.RINVCMDLEN, f"{len(frame)} octets, command_length {length}")
    layout = BODIES.get(command)
    if layout is None:
        raise PduError(
            CommandStatus.RINVCMDID,
            f"unknown command {command:#x}",
            command=command,
            sequence=sequence,
        )
    try:
        body, at = _read_body(frame, layout, optional=bool(command & RESPONSE))
        tlvs = _read_tlvs(frame, at)
    except PduError as error:
        error.command, error.sequence = command, sequence
        raise
    return Pdu(command, status, sequence, body, tlvs)


def _read_body(
    frame: bytes, layout: tuple[tuple[str, object], ...], *, optional: bool
) -> tuple[dict[str, str | int | bytes], int]:
    """The mandatory parameters; responses of errors may have none (section 4.4.2)."""
    body: dict[str, str | int | bytes] = {}
    at = HEADER
    if optional and len(frame) == HEADER:
        return body, at
    for name, kind in layout:
        if isinstance(kind, Text):
            end = frame.find(0, at, at + kind.longest)
            if end < 0:
                raise PduError(CommandStatus.RINVPARLEN, f"{name} does not end in time")
            body[name] = frame[at:end].decode("latin-1")
            at = end + 1
            continue
        if at >= len(frame):
            raise PduError(CommandStatus.RINVCMDLEN, f"{name} is missing")
        value = frame[at]
        at += 1
        if isinstance(kind, Octet):
            body[name] = value
            continue
        if value > len(frame) - at:
            raise PduError(
                CommandStatus.RINVMSGLEN, f"sm_length {value}, {len(frame) - at} octets left"
            )
        body[name] = frame[at : at + value]
        at += value
    return body, at


def _read_tlvs(frame: bytes, at: int) -> dict[int, bytes]:
    tlvs: dict[int, bytes] = {}
    while at < len(frame):
        if len(frame) - at < 4:
            raise PduError(CommandStatus.RINVOPTPARSTREAM, "optional parameters end early")
        tag, length = _TLV.unpack_from(frame, at)
        at += 4
        if length > len(frame) - at:
            raise PduError(CommandStatus.RINVOPTPARSTREAM, f"parameter {tag:#x} of {length} octets")
        tlvs.setdefault(tag, frame[at : at + length])
        at += length
    return tlvs
