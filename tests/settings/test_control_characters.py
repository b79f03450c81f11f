"""Texts that go into headers and files of phones hold no control characters."""

from __future__ import annotations

import pytest
from pydantic import BaseModel, ValidationError

from softswitch.settings.dialplan.addressbooks import AddressbookContact
from softswitch.settings.dialplan.emergency import EmergencySettings
from softswitch.settings.dialplan.routes import RouteSettings
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.extensions.phone import PhoneExtension

TRUNK, ROUTE = {"name": "carrier", "host": "h"}, {"number": "0*", "to": "trunk:carrier"}
KEYS: list[tuple[type[BaseModel], dict[str, str], str]] = [
    (PhoneExtension, {"number": "1"}, "name"),
    (PhoneExtension, {"number": "1"}, "location"),
    (PhoneExtension, {"number": "1"}, "password"),
    *((TrunkSettings, TRUNK, key) for key in ("username", "domain", "realm", "caller_number")),
    *((RouteSettings, ROUTE, key) for key in ("prefix", "called", "caller")),
    (RouteSettings, {"number": "0*", "to": "refuse:403"}, "reason"),
    (AddressbookContact, {"name": "Eva"}, "name"),
    (AddressbookContact, {"name": "Eva"}, "email"),
    (EmergencySettings, {}, "location"),
]


@pytest.mark.parametrize("character", ["\r\n", "\n", "\x00", "\t", "\x7f", "\x85", "\u2028"])
@pytest.mark.parametrize(("model", "given", "key"), KEYS)
def test_they_are_refused(
    model: type[BaseModel], given: dict[str, str], key: str, character: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        model.model_validate({**given, key: f"s3cret{character}Via: x"})
    assert "without control characters" in refused.value.errors()[0]["msg"]


def test_a_label_of_a_key_is_one_line() -> None:
    key = {"number": "1001", "label": "Eva\r\nx"}
    with pytest.raises(ValidationError, match="without control characters"):
        PhoneExtension.model_validate({"number": "1", "keys": [key]})
