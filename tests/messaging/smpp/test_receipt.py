"""Receipts as words."""

from __future__ import annotations

import pytest

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.receipt import is_receipt, read_receipt, receipt_text
from tests.messaging.smpp.pdus import message

RECEIPT = (
    b"id:abc123 sub:001 dlvrd:000 submit date:2611230710 done date:2611230711 stat:UNDELIV "
    b"err:011 text:hello"
)


@pytest.mark.parametrize(
    ("pdu", "receipt"),
    [
        (message(RECEIPT, 4), Receipt("abc123", "failed", "UNDELIV 011")),
        (message(b"id:7 stat:DELIVRD err:000", 4), Receipt("7", "delivered", "")),
        (message(b"id:7 stat:ACCEPTD", 4), Receipt("7", "sent", "")),
        (message(b"nothing", 4), None),
        (message(b"id:7 stat:STRANGE", 4), None),
        # as other centres write them
        (message(b"id:7 stat:DELIVERED err:0", 4), Receipt("7", "delivered", "")),
        (message(b"ID: 7 Status: Delivered", 4), Receipt("7", "delivered", "")),
        (message(b'msgid="7", state="dlvrd"', 4), Receipt("7", "delivered", "")),
        (
            message(b"message_id=7 status=UNDELIVERABLE error=12", 4),
            Receipt("7", "failed", "UNDELIVERABLE 12"),
        ),
        (message(b"id:7 stat:NOT_DELIVERED", 4), Receipt("7", "failed", "NOT_DELIVERED")),
        (message(b"id:7 stat:REJECTED err:00A", 4), Receipt("7", "failed", "REJECTED 00A")),
        (message(b"id:7 stat:BUFFRED", 4), Receipt("7", "sent", "")),
        (message(b"id:7 stat:SUBMITD", 4), Receipt("7", "sent", "")),
        (message(b"id:7 stat:2", 4), Receipt("7", "delivered", "")),
        (message(b"id:7 stat:5", 4), Receipt("7", "failed", "UNDELIV")),
        (
            message(b"id:7 sub:001 stat:EXPIRED text:id:8 stat:DELIVRD err:1", 4),
            Receipt("7", "failed", "EXPIRED"),
        ),
        (message(b"text:id:8 stat:DELIVRD", 4), None),
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b" x9 \0", MESSAGE_STATE=b"2\0"),
            Receipt("x9", "delivered", ""),
        ),
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9", MESSAGE_STATE=b"\0\0\0\x08"),
            Receipt("x9", "failed", "REJECTD"),
        ),
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9", MESSAGE_STATE=b"\0"),
            Receipt("x9", "sent", ""),
        ),
        (message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9", MESSAGE_STATE=b"\x63"), None),
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9\0", MESSAGE_STATE=b"\x02"),
            Receipt("x9", "delivered", ""),
        ),
    ],
)
def test_receipts(pdu: Pdu, receipt: Receipt | None) -> None:
    assert read_receipt(pdu) == receipt


WORDS_OF_CENTRES = {
    "delivered": "DELIVRD DELIVERED DELIVERD DELIVERY DLVRD READ Success",
    "failed": "EXPIRED EXPIRD DELETED "
    "UNDELIV UNDELIVERED UNDELIVRD REJECTD REJECTED UNKNOWN UNKNWN "
    "FAILED FAIL ERROR NOT_DELIVERED NOROUTE CANCELED CANCELLED BLOCKED SPAM SKIPPED",
    "sent": "ACCEPTD ACCEPTED ENROUTE SCHEDULED BUFFERED BUFFRED QUEUED PENDING SUBMITTED SUBMITD "
    "SENT ACKED PROCESSED FORWARDED",
}


@pytest.mark.parametrize(
    ("word", "state"),
    [(word, state) for state, words in WORDS_OF_CENTRES.items() for word in words.split()],
)
def test_words_of_centres(word: str, state: str) -> None:
    receipt = read_receipt(message(f"id:7 stat:{word} err:000".encode(), 4))
    assert receipt is not None
    assert receipt.state == state


@pytest.mark.parametrize(
    ("pdu", "expected"),
    [
        (message(b"hello"), False),
        (message(b"id:7 stat:DELIVRD"), False),
        (message(b"", 0x04), True),
        (message(b"", 0x20), True),
        (message(b"", 0x08), False),
        (message(b"", 0, RECEIPTED_MESSAGE_ID=b"1", MESSAGE_STATE=b"\x02"), True),
        (message(b"", 0, RECEIPTED_MESSAGE_ID=b"1"), False),
    ],
)
def test_what_is_a_receipt(pdu: Pdu, expected: bool) -> None:
    assert is_receipt(pdu) is expected


def test_our_receipts_are_read() -> None:
    text = receipt_text({"state": "delivered", "submitted": "0"}, "id-1", "hello", 60.0)
    assert read_receipt(message(text.encode(), 4)) == Receipt("id-1", "delivered", "")
    assert "submit date:7001010000 done date:7001010001" in text
