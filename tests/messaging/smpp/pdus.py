"""PDUs for the tests."""

from __future__ import annotations

from softswitch.messaging.smpp.pdu import Pdu
from softswitch.messaging.smpp.tables import CommandId, Tlv


def message(octets: bytes, esm_class: int = 0, **tlvs: bytes) -> Pdu:
    """A deliver_sm with that short_message; optional parameters by the names of their tags."""
    return Pdu(
        CommandId.DELIVER_SM,
        body={"short_message": octets, "esm_class": esm_class},
        tlvs={Tlv[name]: value for name, value in tlvs.items()},
    )
