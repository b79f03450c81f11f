"""Delivery receipts: what a centre writes about a message (SMPP 3.4, appendix B)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import (
    ESM_INTERMEDIATE,
    ESM_RECEIPT,
    ESM_TYPE,
    MESSAGE_STATES,
    Tlv,
)

STATES = (
    (("DELIVR", "DELIVE", "DELIVD", "DLVRD", "READ", "SUCCESS"), "delivered"),
    (("EXPIR", "DELET", "UNDEL", "REJECT", "UNKNOWN", "UNKNWN", "SKIPPED"), "failed"),
    (
        ("FAIL", "ERR", "NOTDEL", "NOROUTE", "CANCEL", "BLOCK", "SPAM", "INVALID", "BARRED"),
        "failed",
    ),
    (("ACCEPT", "ENROUT", "SCHEDUL", "BUFF", "QUEUE", "PENDING", "SUBMIT", "SENT"), "sent"),
    (("ACK", "PROCESS", "FORWARD", "TRANSIT", "RETRY"), "sent"),
)
"""How the words of receipts begin, and our states. Appendix B has eight words; centres write them
out, cut them elsewhere and have more."""
WORDS = {"delivered": "DELIVRD", "failed": "UNDELIV", "sent": "ACCEPTD"}
_MARKS = str.maketrans("", "", "_- ")
NUMBERS = {word: number for number, word in MESSAGE_STATES.items()}

_VALUE = r"\s*[:=]\s*[\"']?"
_ID = re.compile(
    rf"\b(?:id|msg_?id|message[_ ]?id|smsc?_?id){_VALUE}([^\s\"',;]{{1,64}})", re.IGNORECASE
)
_STATE = re.compile(rf"\b(?:stat|state|status|dlr){_VALUE}([A-Z][A-Z_-]{{0,19}}|\d)", re.IGNORECASE)
_ERROR = re.compile(
    rf"\b(?:err|error|error_?code|reason){_VALUE}([^\s\"',;]{{1,10}})", re.IGNORECASE
)
_QUOTE = re.compile(r"\btext\s*[:=]", re.IGNORECASE)
"What follows is the beginning of the message, which may hold anything."


def is_receipt(pdu: Pdu) -> bool:
    """Whether a deliver_sm is a receipt, final or not, and no message.

    Some centres say so by the parameters alone.
    """
    kind = pdu.number("esm_class") & ESM_TYPE
    named = Tlv.RECEIPTED_MESSAGE_ID in pdu.tlvs and Tlv.MESSAGE_STATE in pdu.tlvs
    return kind in (ESM_RECEIPT, ESM_INTERMEDIATE) or (not kind and named)


def read_receipt(pdu: Pdu) -> Receipt | None:
    """The content of a receipt, from its parameters or else its text; None where it has none."""
    octets = pdu.octets("short_message") or pdu.tlvs.get(Tlv.MESSAGE_PAYLOAD, b"")
    text = _QUOTE.split(octets.decode("latin-1"), 1)[0]
    identity = pdu.tlvs.get(Tlv.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1").strip()
    if not identity:
        found = _ID.search(text)
        identity = found[1] if found else ""
    word = _word_of_number(pdu.tlvs.get(Tlv.MESSAGE_STATE, b""))
    if not word:
        named = _STATE.search(text)
        word = named[1].upper() if named else ""
        if word.isdecimal():
            word = MESSAGE_STATES.get(int(word), "")
    state = state_of(word)
    if not identity or state is None:
        return None
    code = _ERROR.search(text)
    error = word if state == "failed" else ""
    if error and code is not None and code[1].strip("0"):
        error = f"{word} {code[1]}"
    return Receipt(identity, state, error)


def state_of(word: str) -> str | None:
    """Our state for the word of a receipt; None for a word that tells nothing."""
    plain = word.upper().translate(_MARKS)
    for beginnings, state in STATES:
        if plain.startswith(beginnings):
            return state
    return None


def _word_of_number(value: bytes) -> str:
    """The word of a message_state: an octet, by some centres an integer or a digit."""
    digits = value.rstrip(b"\0")
    if len(digits) == 1 and digits.isdigit():
        return MESSAGE_STATES.get(int(digits), "")
    return MESSAGE_STATES.get(int.from_bytes(value, "big"), "") if 0 < len(value) <= 4 else ""


def receipt_text(tags: Mapping[str, str], identity: str, text: str, now: float) -> str:
    """The text of a receipt about a message, as most centres write it."""
    word = WORDS.get(tags.get("state", ""), "UNKNOWN")
    delivered = "001" if word == "DELIVRD" else "000"
    submitted = float(tags.get("submitted") or now)
    return (
        f"id:{identity} sub:001 dlvrd:{delivered} submit date:{_stamp(submitted)} "
        f"done date:{_stamp(now)} stat:{word} err:000 text:{text[:20]}"
    )


def _stamp(at: float) -> str:
    return time.strftime("%y%m%d%H%M", time.gmtime(at))
