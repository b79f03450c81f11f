"""The whole program in one process (and its media worker): start, answer, drain, stop."""

from __future__ import annotations

import asyncio
import json
import shutil
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web

from softswitch.app.application import Application, routes_of
from softswitch.cli.authority import Authority
from softswitch.http.health import SwitchStatus
from softswitch.http.v1.openapi import OPERATIONS
from softswitch.settings.load import Settings
from softswitch.settings.passwords import collect
from softswitch.transport.messages import call_id
from tests.ports import free_port, media_ports
from tests.transport.core import OPTIONS


def settings(tmp_path: Path, sip: str = "udp:127.0.0.1:0", http: str = "127.0.0.1:0") -> Settings:
    first, last = media_ports()
    return Settings(
        sip={"listen": [sip, "tcp:127.0.0.1:0"]},  # type: ignore[arg-type]
        media={"ports": f"{first}-{last}", "workers": 1},  # type: ignore[arg-type]
        http={"listen": http},  # type: ignore[arg-type]
        storage={"url": f"sqlite:///{tmp_path}/data/switch.db"},  # type: ignore[arg-type]
        shutdown={"grace_time": 0},  # type: ignore[arg-type]
        extensions=[{"number": "600", "type": "echo"}],  # type: ignore[arg-type]
    )


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Application]:
    wanted = settings(tmp_path)
    application = await Application.start(wanted, collect(wanted))
    yield application
    await application.stop()


async def get(application: Application, path: str) -> tuple[int, str]:
    host, port = application.http.listen
    url = f"http://{host}:{port}{path}"
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        return answer.status, await answer.text()


class Phone(asyncio.DatagramProtocol):
    """Sends a request and keeps the answer."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not self.answer.done():
            self.answer.set_result(data)


async def ask(application: Application, request: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    local = application.parts.signalling.driver.transports[0].local
    transport, phone = await loop.create_datagram_endpoint(Phone, remote_addr=local)
    try:
        transport.sendto(request)
        async with asyncio.timeout(5):
            return await phone.answer
    finally:
        transport.close()


async def test_the_program_from_start_to_end(running: Application) -> None:
    status, text = await get(running, "/healthz")
    assert status == 200
    assert '"media_workers": 1' in text
    answer = await ask(running, OPTIONS.replace(b";branch", b";rport;branch"))
    assert answer.startswith(b"SIP/2.0 401 ")
    assert call_id(answer) == "one@example.org"
    status, text = await get(running, "/metrics")
    assert status == 200
    assert 'softswitch_sip_messages_received_total{kind="OPTIONS"} 1.0' in text
    assert 'softswitch_security_events_total{type="ChallengeSent"} 1.0' in text
    assert "softswitch_errors_total 0.0" in text
    await running.drain()
    assert running.health.status is SwitchStatus.DRAINING
    assert (await get(running, "/healthz"))[0] == 503


async def test_the_web_api_and_pages_share_a_port(tmp_path: Path) -> None:
    at = f"127.0.0.1:{free_port()}"
    wanted = settings(tmp_path, sip=f"ws:{at}", http=at)
    application = await Application.start(wanted, collect(wanted))
    try:
        assert application.addresses()[0] == f"ws:{at}"
        assert (await get(application, "/healthz"))[0] == 200
        assert (await get(application, "/ws"))[0] == 426
        assert (await get(application, "/other"))[0] == 404
        async with aiohttp.ClientSession() as client:
            for path in ("/ws", "/", "/any"):
                async with client.ws_connect(f"http://{at}{path}", protocols=("sip",)) as page:
                    await page.send_str(OPTIONS.decode().replace("/UDP", "/WS"))
                    assert (await page.receive(5)).data.startswith("SIP/2.0 401 ")
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"http://{at}/ws", protocols=("chat",))
            assert refused.value.status == 400
        _, text = await get(application, "/metrics")
        assert "softswitch_http_connections 1.0" in text
    finally:
        await application.stop()


@pytest.mark.parametrize("at", ["127.0.0.1", "[::1]"])
async def test_pages_have_a_port_of_their_own(tmp_path: Path, at: str) -> None:
    wanted = settings(tmp_path, sip=f"ws:{at}:0")
    application = await Application.start(wanted, collect(wanted))
    try:
        _, port = application.parts.signalling.driver.transports[0].local
        assert port != application.http.listen[1]
        async with aiohttp.ClientSession() as client:
            async with client.get(f"http://{at}:{port}/healthz") as answer:
                assert answer.status == 426
            async with client.ws_connect(f"http://{at}:{port}/", protocols=("sip",)) as page:
                await page.send_str(OPTIONS.decode().replace("/UDP", "/WS"))
                assert (await page.receive(5)).data.startswith("SIP/2.0 401 ")
    finally:
        await application.stop()


async def test_https_and_pages_share_a_certificate(tmp_path: Path) -> None:
    at, own = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    authority = Authority.make("Trial CA")
    authority.issue(["127.0.0.1"]).write(tmp_path / "server.pem", tmp_path / "server.key")
    tls = Settings(
        tls={"certificate": tmp_path / "server.pem", "key": tmp_path / "server.key"},  # type: ignore[arg-type]
        sip={"listen": [f"wss:{at}", f"wss:{own}"]},  # type: ignore[arg-type]
        http={"listen": at, "tls": True},  # type: ignore[arg-type]
    )
    wanted = settings(tmp_path).model_copy(
        update={key: getattr(tls, key) for key in ("tls", "sip", "http")}
    )
    application = await Application.start(wanted, collect(wanted))
    believing = ssl.create_default_context(cadata=authority.own.certificate_pem().decode())
    try:
        assert application.addresses() == [f"wss:{at}", f"wss:{own}", f"https:{at}"]
        links = application.parts.access.recordings
        assert (await links.url("a.wav")).startswith(f"https://{at}/recordings/a.wav?")
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=believing)) as client:
            async with client.get(f"https://{at}/healthz") as answer:
                assert answer.status == 200
            for url in (f"https://{at}/ws", f"https://{own}/"):
                async with client.ws_connect(url, protocols=("sip",)) as page:
                    await page.send_str(OPTIONS.decode().replace("/UDP", "/WSS"))
                    assert (await page.receive(5)).data.startswith("SIP/2.0 401 ")
    finally:
        await application.stop()


async def test_health_names_the_database_and_the_disk(
    running: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = json.loads((await get(running, "/healthz"))[1])
    assert (found["database"], found["disk"], found["call_records_waiting"]) == ("up", "up", 0)
    journal = running.parts.foundation.store.journal
    # The switch looks every second, and would find its database at once.
    monkeypatch.setattr(journal, "_learn", lambda _: None)
    monkeypatch.setattr(journal, "is_away", True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 9, 1))
    status, text = await get(running, "/healthz")
    found = json.loads(text)
    assert (status, found["database"], found["disk"]) == (200, "away", "short")


async def test_an_address_in_use_leaves_nothing_behind(
    running: Application, tmp_path: Path
) -> None:
    host, port = running.parts.signalling.driver.transports[0].local
    wanted = settings(tmp_path / "other", sip=f"udp:{host}:{port}")
    with pytest.raises(OSError) as caught:
        await Application.start(wanted, collect(wanted))
    assert str(caught.value) == (
        f"sip.listen: udp:{host}:{port} cannot be opened: address already in use"
    )


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (
            {"sip": {"listen": ["tcp:192.0.2.1:5060"]}},
            "sip.listen: tcp:192.0.2.1:5060 cannot be opened: cannot assign requested address",
        ),
        (
            {"http": {"listen": "192.0.2.1:9509"}},
            "http.listen: 192.0.2.1:9509 cannot be opened: cannot assign requested address",
        ),
        (
            {
                "connections": [
                    {"name": "centre", "type": "smpp-server", "listen": "192.0.2.1:2775"}
                ]
            },
            "connections (name centre): 192.0.2.1:2775 cannot be opened: "
            "cannot assign requested address",
        ),
    ],
)
async def test_a_foreign_address_is_named_with_its_key(
    tmp_path: Path, more: dict[str, object], sentence: str
) -> None:
    others = Settings(**more)  # type: ignore[arg-type]
    wanted = settings(tmp_path).model_copy(update={key: getattr(others, key) for key in more})
    with pytest.raises(OSError) as caught:
        await Application.start(wanted, collect(wanted))
    assert str(caught.value) == sentence


PUBLIC = {"/", "/api", "/api/", "/healthz", "/metrics", "/openapi.json"}
"Paths outside `/v1`; commands at the first three have rights of their own."
BY_SECRET = ("/provisioning/", "/recordings/")
"Beginnings of paths that a secret in the URL opens."
PAGE = "/console"
"The beginning of the paths of the console's files, which hold no secret."


async def test_every_path_needs_a_right_that_is_declared(running: Application) -> None:
    declared = {
        (f"/v1{operation.path}", operation.method.upper()): operation.right
        for operation in OPERATIONS
    }
    served = set()
    for route in routes_of(running.settings, running.health, running.parts):
        assert isinstance(route, web.RouteDef)
        served.add((route.path, route.method))
        if route.path not in PUBLIC and not route.path.startswith((*BY_SECRET, PAGE)):
            right = declared[route.path, route.method]  # served by `served` of `serving.py`
            assert right is not None or (route.path, route.method) == ("/v1/session", "POST")
    assert declared.keys() <= served, "described, and not served"


async def test_the_key_of_the_terminal_is_that_of_the_switch_that_runs(tmp_path: Path) -> None:
    """A second one that finds no free port leaves the key alone, and only its owner removes it."""
    shared = tmp_path / "shared"

    def beside(name: str, **where: str) -> Settings:
        made = settings(tmp_path / name, **where)
        storage = made.storage.model_copy(update={"passwords": shared / "passwords.json"})
        return made.model_copy(update={"storage": storage})

    wanted = beside("first")
    application = await Application.start(wanted, collect(wanted))
    key = shared / "terminal.key"
    kept = key.read_text()
    assert key.stat().st_mode & 0o777 == 0o600
    sip = application.parts.signalling.driver.transports[0].local
    for late in (
        beside("second", http=":".join(map(str, application.http.listen))),
        beside("third", sip=f"udp:127.0.0.1:{sip[1]}"),
    ):
        with pytest.raises(OSError, match=r"(http|sip)\.listen"):
            await Application.start(late, collect(late))
        assert key.read_text() == kept
    await application.stop()
    assert not key.exists()
    application = await Application.start(wanted, collect(wanted))
    assert key.read_text() not in ("", kept)
    key.write_text("of another switch")
    await application.stop()
    assert key.read_text() == "of another switch"
