"""Delivery receipts: what a centre writes about a message (SMPP 3.4, appendix B)."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import ESM_RECEIPT, ESM_TYPE, MESSAGE_STATES, Tlv

STATES = {
    "DELIVRD": "delivered",
    "EXPIRED": "failed",
    "DELETED": "failed",
    "UNDELIV": "failed",
    "REJECTD": "failed",
    "UNKNOWN": "failed",
    "ACCEPTD": "sent",
    "ENROUTE": "sent",
}
"The words of receipts and our states."
WORDS = {"delivered": "DELIVRD", "failed": "UNDELIV", "sent": "ACCEPTD"}
NUMBERS = {word: number for number, word in MESSAGE_STATES.items()}

_ID = re.compile(r"\bid:([^\s]{1,64})", re.IGNORECASE)
_STATE = re.compile(r"\bstat:([A-Za-z]{1,10})", re.IGNORECASE)
_ERROR = re.compile(r"\berr:([^\s]{1,10})", re.IGNORECASE)


def is_receipt(pdu: Pdu) -> bool:
    """Whether a deliver_sm is a receipt and no message."""
    return pdu.number("esm_class") & ESM_TYPE == ESM_RECEIPT


def read_receipt(pdu: Pdu) -> Receipt | None:
    """The content of a receipt, from its parameters or else its text; None where it has none."""
    octets = pdu.octets("short_message") or pdu.tlvs.get(Tlv.MESSAGE_PAYLOAD, b"")
    text = octets.decode("latin-1")
    identity = pdu.tlvs.get(Tlv.RECEIPTED_MESSAGE_ID, b"").split(b"\0")[0].decode("latin-1")
    if not identity:
        found = _ID.search(text)
        identity = found[1] if found else ""
    number = pdu.tlvs.get(Tlv.MESSAGE_STATE, b"")
    word = MESSAGE_STATES.get(number[0], "") if len(number) == 1 else ""
    if not word:
        named = _STATE.search(text)
        word = named[1].upper() if named else ""
    state = STATES.get(word[:7])
    if not identity or state is None:
        return None
    code = _ERROR.search(text)
    error = word if state == "failed" else ""
    if error and code is not None and code[1].strip("0"):
        error = f"{word} {code[1]}"
    return Receipt(identity, state, error)


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
