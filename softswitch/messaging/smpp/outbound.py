"""Messages and receipts as the fields of submit_sm and deliver_sm, one PDU a part."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from softswitch.messaging.connections.connection import DeliveryRefused
from softswitch.messaging.smpp.intake import address_fields
from softswitch.messaging.smpp.receipt import NUMBERS, WORDS, receipt_text
from softswitch.messaging.smpp.tables import ESM_RECEIPT, ESM_UDHI, Tlv
from softswitch.messaging.smpp.text import MOST_PARTS, Encoded, headers, split
from softswitch.store.messages import TextMessage

Fields = dict[str, "str | int | bytes"]
"Mandatory parameters by name."


class OutboundPdu(NamedTuple):
    """The fields of one PDU."""

    body: Fields
    tlvs: Mapping[int, bytes]


def reference_of(message: TextMessage) -> int:
    """A number that is the same at every attempt (concatenation, user_message_reference)."""
    return zlib.crc32(message.id.encode())


def whole_or_parts(
    common: Fields,
    parts: Sequence[bytes],
    reference: int,
    tlvs: Mapping[int, bytes] | None = None,
) -> list[OutboundPdu]:
    """A text in one PDU or, with a user data header, in several. Raises DeliveryRefused."""
    tlvs = tlvs or {}
    if len(parts) == 1:
        return [OutboundPdu({**common, "short_message": parts[0]}, tlvs)]
    if len(parts) > MOST_PARTS:
        raise DeliveryRefused(f"the text needs {len(parts)} short messages, at most {MOST_PARTS}")
    common = {**common, "esm_class": ESM_UDHI}
    return [
        OutboundPdu({**common, "short_message": header + part}, tlvs)
        for header, part in zip(headers(len(parts), reference), parts, strict=True)
    ]


def as_payload(common: Fields, encoded: Encoded, tlvs: Mapping[int, bytes]) -> list[OutboundPdu]:
    """A text of any length in one PDU (message_payload). Raises DeliveryRefused."""
    if len(encoded.octets) > 0xFFFF:
        raise DeliveryRefused(f"the text has {len(encoded.octets)} octets, at most 65535")
    return [OutboundPdu(common, {**tlvs, Tlv.MESSAGE_PAYLOAD: encoded.octets})]


def delivery(message: TextMessage, encoded: Encoded, alphabet: str) -> list[OutboundPdu]:
    """A message as deliver_sm. Raises DeliveryRefused."""
    common: Fields = {**_addresses(message), "data_coding": encoded.coding}
    return whole_or_parts(common, split(encoded, alphabet), reference_of(message))


def receipts(message: TextMessage, now: float) -> list[OutboundPdu]:
    """One receipt for each part that the account had submitted (appendix B)."""
    word = WORDS.get(message.tags.get("state", ""), "UNKNOWN")
    pdus = []
    for identity in message.tags.get("id", "").split(","):
        text = receipt_text(message.tags, identity, message.text, now)
        body: Fields = {
            **_addresses(message),
            "esm_class": ESM_RECEIPT,
            "short_message": text.encode("latin-1", "replace")[:254],
        }
        tlvs: dict[int, bytes] = {
            Tlv.RECEIPTED_MESSAGE_ID: identity.encode() + b"\0",
            Tlv.MESSAGE_STATE: bytes([NUMBERS[word]]),
        }
        pdus.append(OutboundPdu(body, tlvs))
    return pdus


def _addresses(message: TextMessage) -> Fields:
    return {
        **address_fields("source_addr", message.from_address[:20]),
        **address_fields("dest_addr", message.to_address[:20], "destination_addr"),
    }
