"""Receipts as words."""

from __future__ import annotations

import pytest

from softswitch.messaging.connections.connection import Receipt
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.receipt import read_receipt, receipt_text
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
        (
            message(b"", 4, RECEIPTED_MESSAGE_ID=b"x9\0", MESSAGE_STATE=b"\x02"),
            Receipt("x9", "delivered", ""),
        ),
    ],
)
def test_receipts(pdu: Pdu, receipt: Receipt | None) -> None:
    assert read_receipt(pdu) == receipt


def test_our_receipts_are_read() -> None:
    text = receipt_text({"state": "delivered", "submitted": "0"}, "id-1", "hello", 60.0)
    assert read_receipt(message(text.encode(), 4)) == Receipt("id-1", "delivered", "")
    assert "submit date:7001010000 done date:7001010001" in text
