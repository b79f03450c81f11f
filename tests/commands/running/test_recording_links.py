"""The URLs of recordings: where they lead, and which of them are ours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from softswitch.commands.running.recording_links import LinkExpired, RecordingLinks
from softswitch.guard.proofs.tickets import Tickets, Worth

DIRECTORY = Path("/recordings")
NOW = [1_000_000.0]


def links(listen: str = "192.0.2.7", public_url: str | None = None) -> RecordingLinks:
    tickets = Tickets(b"key", 60.0, lambda: NOW[0])
    return RecordingLinks(DIRECTORY, tickets, (listen, 9509), public_url)


@pytest.mark.parametrize(
    ("listen", "public_url", "reader", "base"),
    [
        ("192.0.2.7", None, "http://app.example/", "http://192.0.2.7:9509/recordings/"),
        ("2001:db8::7", None, None, "http://[2001:db8::7]:9509/recordings/"),
        ("0.0.0.0", None, "http://127.0.0.1:80/x?y=z", "http://127.0.0.1:9509/recordings/"),
        ("::", None, "http://[::1]/x", "http://[::1]:9509/recordings/"),
        ("0.0.0.0", "https://pbx.example.org", None, "https://pbx.example.org/recordings/"),
        ("0.0.0.0", "https://a.example/pbx/", None, "https://a.example/pbx/recordings/"),
    ],
)
async def test_where_urls_lead(
    listen: str, public_url: str | None, reader: str | None, base: str
) -> None:
    url = await links(listen, public_url).url("day one/a&b.wav", reader)
    assert url.startswith(base + "day%20one/a%26b.wav?ticket=")


@pytest.mark.parametrize("reader", [None, "http://no-such-host.invalid/", "http://[::1]/"])
async def test_a_url_never_names_all_addresses(reader: str | None) -> None:
    host = urlsplit(await links("0.0.0.0").url("a.wav", reader)).hostname
    assert host not in (None, "0.0.0.0", "::")


async def test_a_port_that_the_settings_leave_open_is_the_real_one() -> None:
    made = links()
    made.listens_on(("192.0.2.7", 40_000))
    assert (await made.url("a.wav")).startswith("http://192.0.2.7:40000/recordings/a.wav?")


async def test_what_is_ours_is_known_again_by_whatever_host() -> None:
    made = links(public_url="https://a.example/pbx")
    url = await made.url("x/ü b.wav")
    assert made.file_of(url) == DIRECTORY / "x" / "ü b.wav"
    assert made.file_of(url.replace("a.example", "10.0.0.1:8080")) == DIRECTORY / "x" / "ü b.wav"
    assert made.file_of(url.replace("?", "?play=1&")) == DIRECTORY / "x" / "ü b.wav"


@pytest.mark.parametrize(
    "change",
    [("ticket=", "ticket=1"), ("x.wav", "y.wav"), ("/recordings/", "/sounds/"), ("?ticket", "?t")],
)
async def test_what_is_not_ours_is_fetched_like_any_other(change: tuple[str, str]) -> None:
    made = links()
    assert made.file_of((await made.url("x.wav")).replace(*change)) is None


async def test_an_old_url_says_that_it_is_old() -> None:
    made = links()
    url = await made.url("x.wav")
    NOW[0] += 61
    with pytest.raises(LinkExpired, match=r"/recordings/x\.wav: the link has expired"):
        made.file_of(url)
    assert made.judge("x.wav", url.partition("ticket=")[2]) is Worth.EXPIRED
