"""What `serve` prints for people with softphones."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.cli.what_to_type import what_to_type, where_to_begin
from softswitch.settings.load import Settings
from softswitch.settings.passwords import collect


def test_the_card_shows_random_passwords_and_no_others(tmp_path: Path) -> None:
    settings = Settings(
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        http={"users": [{"username": "a", "password": "given by hand"}]},  # type: ignore[arg-type]
        extensions=[  # type: ignore[arg-type]
            {"number": "1000", "type": "phone"},
            {"number": "1001", "type": "phone", "password": "secret by hand"},
            {"number": "600", "type": "echo"},
        ],
    )
    passwords = collect(settings)
    card = "\n".join(what_to_type(settings, passwords))
    assert f"user 1000   password {passwords.phones['1000']}" in card
    assert "call 600" in card
    assert "server 127.0.0.1, port 5060, UDP or TCP" in card
    assert "user 1001   password as in the settings" in card
    assert "HTTP: user a   password as in the settings" in card
    assert "by hand" not in card


def test_the_card_names_server_and_users_where_no_password_is_random(tmp_path: Path) -> None:
    settings = Settings(
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        http={"users": [{"username": "a", "password": "given by hand"}]},  # type: ignore[arg-type]
        extensions=[  # type: ignore[arg-type]
            {"number": "1001", "type": "phone", "password": "secret by hand"},
        ],
    )
    assert list(what_to_type(settings, collect(settings))) == [
        "Softphones: server 127.0.0.1, port 5060, UDP or TCP",
        "  user 1001   password as in the settings",
        "HTTP: user a   password as in the settings",
    ]


def test_the_card_names_the_port_of_each_transport_for_softphones(tmp_path: Path) -> None:
    listen = ["ws:127.0.0.1:8088", "udp:127.0.0.2:5060", "tls:127.0.0.2:5061", "tcp:127.0.0.2:5060"]
    settings = Settings(
        sip={"listen": listen},  # type: ignore[arg-type]
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        extensions=[{"number": "1001", "type": "phone"}],  # type: ignore[arg-type]
    )
    card = list(what_to_type(settings, collect(settings)))
    assert card[0] == "Softphones: server 127.0.0.2, port 5060, UDP or TCP, or port 5061, TLS"


def test_the_card_names_the_urls_for_pages(tmp_path: Path) -> None:
    settings = Settings(
        sip={"listen": ["ws:127.0.0.1:8088", "wss:127.0.0.3:8443"]},  # type: ignore[arg-type]
        http={"listen": "127.0.0.3:8443", "tls": True},  # type: ignore[arg-type]
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        extensions=[{"number": "1001", "type": "phone"}],  # type: ignore[arg-type]
    )
    card = list(what_to_type(settings, collect(settings)))
    assert card[0] == "Web pages: ws://127.0.0.1:8088 or wss://127.0.0.3:8443/ws"
    assert card[1].startswith("  user 1001 ")


def test_the_card_names_the_domain_where_phones_compare_it_with_a_certificate(
    tmp_path: Path,
) -> None:
    listen = ["tls:0.0.0.0:5061", "wss:0.0.0.0:8089"]
    settings = Settings(
        sip={"listen": listen, "domain": "pbx.example.org", "advertise": "203.0.113.5"},  # type: ignore[arg-type]
        storage={"passwords": tmp_path / "passwords.json"},  # type: ignore[arg-type]
        extensions=[{"number": "1001", "type": "phone"}],  # type: ignore[arg-type]
    )
    card = list(what_to_type(settings, collect(settings)))
    assert card[0] == "Softphones: server pbx.example.org, port 5061, TLS"
    assert card[1] == "Web pages: wss://pbx.example.org:8089"
    nameless = settings.sip.model_copy(update={"domain": "localhost"})
    card = list(what_to_type(settings.model_copy(update={"sip": nameless}), collect(settings)))
    assert card[0] == "Softphones: server 203.0.113.5, port 5061, TLS"


@pytest.mark.parametrize(
    ("http", "listen", "url"),
    [
        ({}, ("127.0.0.1", 9509), "http://127.0.0.1:9509/"),
        ({"tls": True}, ("192.0.2.1", 443), "https://192.0.2.1:443/"),
        ({}, ("::1", 80), "http://[::1]:80/"),
        ({}, ("0.0.0.0", 9509), "http://203.0.113.5:9509/"),
        ({"tls": True}, ("0.0.0.0", 9509), "https://pbx.example.org:9509/"),
    ],
)
def test_the_last_line_is_the_address_of_the_console(
    http: dict[str, bool], listen: tuple[str, int], url: str
) -> None:
    settings = Settings(
        sip={"domain": "pbx.example.org", "advertise": "203.0.113.5"},  # type: ignore[arg-type]
        http=http,  # type: ignore[arg-type]
    )
    assert where_to_begin(settings, listen) == f"The console shows what to do first: {url}"
