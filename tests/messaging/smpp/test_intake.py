"""Addresses of SMPP."""

from __future__ import annotations

import pytest

from softswitch.messaging.smpp.intake import address, address_fields
from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import CommandId


@pytest.mark.parametrize(
    ("text", "ton"), [("+3612345678", 1), ("1234", 0), ("Bank", 5), ("3612345678", 0), ("", 0)]
)
def test_addresses(text: str, ton: int) -> None:
    fields = address_fields("source_addr", text)
    assert fields["source_addr_ton"] == ton
    assert address(Pdu(CommandId.DELIVER_SM, body=fields), "source_addr") == text
