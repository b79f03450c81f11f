"""What of the settings reaches the parts: trunks and routes."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.app.entropy import Entropy
from softswitch.app.parts.dial_plan import resolve_with, rules_of, trunks_of
from softswitch.calls.numbers.rules.route import Route
from softswitch.settings.load import Settings, load
from softswitch.sip.effects import Flow
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.transport.names.resolver import Resolver

FILE = """
[[extensions]]
type = "phone"
number = "1000"
[[trunks]]
name = "plain"
host = "192.0.2.9:5080"
[[trunks]]
name = "carrier"
host = "sip.example.net"
transport = "tcp"
username = "account"
password = "secret"
domain = "example.net"
register = true
networks = ["198.51.100.0/24"]
[[routes]]
number = "0*"
to = "trunk:carrier"
strip = 1
prefix = "+49"
extensions = ["1000"]
[[routes]]
number = "9"
to = "extension:1000"
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    file = tmp_path / "softswitch.toml"
    file.write_text(FILE)
    return load(file)


def test_lines_and_what_follows_from_other_keys(settings: Settings) -> None:
    trunks = trunks_of(settings, b"k" * 32, Entropy())
    plain, carrier = trunks["plain"].terms, trunks["carrier"].terms
    assert str(plain.server) == "sip:192.0.2.9:5080"
    assert (plain.domain, plain.realm, plain.caller_number) == ("192.0.2.9", "192.0.2.9", "*")
    assert not plain.registers
    assert str(carrier.server) == "sip:sip.example.net;transport=tcp"
    assert (carrier.domain, carrier.realm) == ("example.net", "example.net")
    assert carrier.caller_number == "account"
    assert carrier.registers
    assert "secret" not in repr(carrier)


def test_contacts_cannot_be_guessed_and_outlive_a_restart(settings: Settings) -> None:
    def contacts(key: bytes) -> list[str]:
        return [trunk.terms.contact_user for trunk in trunks_of(settings, key, Entropy())]

    first, second = contacts(b"k" * 32)
    assert first != second
    assert len(first) == 20
    assert contacts(b"k" * 32) == [first, second]
    assert not {first, second} & set(contacts(b"x" * 32))


def test_routes(settings: Settings) -> None:
    assert rules_of(settings).routes == (
        Route(pattern="0*", trunk="carrier", strip=1, prefix="+49", extensions=frozenset({"1000"})),
        Route(pattern="9", extension="1000"),
    )


async def test_a_name_that_leads_nowhere_has_no_servers() -> None:
    class NoNames:
        async def naptr(self, name: str) -> list[object]:
            return []

        srv = addresses = naptr

    def flow(transport: str, address: tuple[str, int]) -> Flow:
        return Flow(transport, ("192.0.2.1", 5060), address)

    resolve = resolve_with(Resolver(flow, NoNames()))  # type: ignore[arg-type]
    nowhere, numeric = sip_uri(None, "nowhere.example"), sip_uri(None, "192.0.2.9", 5080)
    assert isinstance(nowhere, SipUri)
    assert await resolve(nowhere) == []
    assert [found.remote for found in await resolve(numeric)] == [("192.0.2.9", 5080)]
