"""The numbers of SMPP 3.4: commands, states, parameters, and the order of the fields of a PDU."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple


class CommandId(IntEnum):
    """command_id (section 5.1.2.1); a response has the highest bit set."""

    BIND_RECEIVER = 0x01
    BIND_TRANSMITTER = 0x02
    QUERY_SM = 0x03
    SUBMIT_SM = 0x04
    DELIVER_SM = 0x05
    UNBIND = 0x06
    REPLACE_SM = 0x07
    CANCEL_SM = 0x08
    BIND_TRANSCEIVER = 0x09
    OUTBIND = 0x0B
    ENQUIRE_LINK = 0x15
    SUBMIT_MULTI = 0x21
    ALERT_NOTIFICATION = 0x102
    DATA_SM = 0x103


RESPONSE = 0x80000000
GENERIC_NACK = 0x80000000


class CommandStatus(IntEnum):
    """command_status (section 5.1.3), those that we give or understand."""

    ROK = 0x00
    RINVMSGLEN = 0x01
    RINVCMDLEN = 0x02
    RINVCMDID = 0x03
    RINVBNDSTS = 0x04
    RALYBND = 0x05
    RSYSERR = 0x08
    RINVSRCADR = 0x0A
    RINVDSTADR = 0x0B
    RBINDFAIL = 0x0D
    RINVPASWD = 0x0E
    RINVSYSID = 0x0F
    RMSGQFUL = 0x14
    RSUBMITFAIL = 0x45
    RTHROTTLED = 0x58
    RINVSCHED = 0x61
    RINVEXPIRY = 0x62
    RX_T_APPN = 0x64
    RX_R_APPN = 0x66
    RINVOPTPARSTREAM = 0xC0
    RINVPARLEN = 0xC2


def status_name(status: int) -> str:
    """The word of a command_status, or its number."""
    try:
        return f"ESME_{CommandStatus(status).name}"
    except ValueError:
        return f"{status:#010x}"


PASSING = frozenset(
    (
        CommandStatus.RSYSERR,
        CommandStatus.RMSGQFUL,
        CommandStatus.RTHROTTLED,
        CommandStatus.RX_T_APPN,
    )
)
"States that may be over at the next attempt."


class Tlv(IntEnum):
    """Tags of optional parameters (section 5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    USER_MESSAGE_REFERENCE = 0x0204
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    SC_INTERFACE_VERSION = 0x0210
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


HEADER = 16
"Octets of the header."
LONGEST_PDU = 70_000
"Octets; a message_payload has up to 64 KiB."
LAST_SEQUENCE = 0x7FFFFFFF
INTERFACE_VERSION = 0x34

ESM_RECEIPT = 0x04
"esm_class of a delivery receipt (section 5.2.12), within the bits 0x3C."
ESM_INTERMEDIATE = 0x20
"The same of one that is not the last (section 5.2.12)."
ESM_TYPE = 0x3C
ESM_UDHI = 0x40
"esm_class of a message that begins with a user data header."

CODING_DEFAULT, CODING_ASCII, CODING_LATIN1, CODING_UCS2 = 0, 1, 3, 8

MESSAGE_STATES = {
    0: "SCHEDULED",
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
    9: "SKIPPED",
}
"message_state (section 5.2.28; 0 and 9 are SMPP 5.0) and its word in a receipt (appendix B)."


class Text(NamedTuple):
    """A C-octet string of at most so many octets, its NUL included."""

    longest: int


class Octet(NamedTuple):
    """One octet."""


class ShortMessage(NamedTuple):
    """sm_length and so many octets."""


Field = tuple[str, Text | Octet | ShortMessage]

_BIND: tuple[Field, ...] = (
    ("system_id", Text(16)),
    ("password", Text(9)),
    ("system_type", Text(13)),
    ("interface_version", Octet()),
    ("addr_ton", Octet()),
    ("addr_npi", Octet()),
    ("address_range", Text(41)),
)
_BIND_RESPONSE: tuple[Field, ...] = (("system_id", Text(16)),)
_ADDRESSES: tuple[Field, ...] = (
    ("service_type", Text(6)),
    ("source_addr_ton", Octet()),
    ("source_addr_npi", Octet()),
    ("source_addr", Text(21)),
    ("dest_addr_ton", Octet()),
    ("dest_addr_npi", Octet()),
    ("destination_addr", Text(21)),
    ("esm_class", Octet()),
)
_MESSAGE: tuple[Field, ...] = (
    *_ADDRESSES,
    ("protocol_id", Octet()),
    ("priority_flag", Octet()),
    ("schedule_delivery_time", Text(17)),
    ("validity_period", Text(17)),
    ("registered_delivery", Octet()),
    ("replace_if_present_flag", Octet()),
    ("data_coding", Octet()),
    ("sm_default_msg_id", Octet()),
    ("short_message", ShortMessage()),
)
_MESSAGE_ID: tuple[Field, ...] = (("message_id", Text(65)),)

BODIES: dict[int, tuple[Field, ...]] = {
    CommandId.BIND_RECEIVER: _BIND,
    CommandId.BIND_TRANSMITTER: _BIND,
    CommandId.BIND_TRANSCEIVER: _BIND,
    CommandId.BIND_RECEIVER | RESPONSE: _BIND_RESPONSE,
    CommandId.BIND_TRANSMITTER | RESPONSE: _BIND_RESPONSE,
    CommandId.BIND_TRANSCEIVER | RESPONSE: _BIND_RESPONSE,
    CommandId.OUTBIND: (("system_id", Text(16)), ("password", Text(9))),
    CommandId.UNBIND: (),
    CommandId.UNBIND | RESPONSE: (),
    CommandId.ENQUIRE_LINK: (),
    CommandId.ENQUIRE_LINK | RESPONSE: (),
    CommandId.SUBMIT_SM: _MESSAGE,
    CommandId.SUBMIT_SM | RESPONSE: _MESSAGE_ID,
    CommandId.DELIVER_SM: _MESSAGE,
    CommandId.DELIVER_SM | RESPONSE: _MESSAGE_ID,
    CommandId.DATA_SM: (
        *((name, Text(65) if name.endswith("_addr") else kind) for name, kind in _ADDRESSES),
        ("registered_delivery", Octet()),
        ("data_coding", Octet()),
    ),
    CommandId.DATA_SM | RESPONSE: _MESSAGE_ID,
    GENERIC_NACK: (),
}
"The mandatory parameters of each PDU that we read or write, in their order (section 4)."
