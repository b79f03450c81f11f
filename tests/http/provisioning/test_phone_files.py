"""`/provisioning/…`: who may fetch what; secrets, bans, networks, HTTPS."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from structlog.testing import capture_logs
from yarl import URL

from softswitch.app.exchange.provisioning import phone_server
from softswitch.app.parts.dial_plan import directory_of
from softswitch.guard.bans import Bans, BanTerms
from softswitch.guard.rates import RequestSources
from softswitch.http.provisioning.facts import Facts, message_number
from softswitch.http.provisioning.phone_files import SERVICE, PhoneFiles
from softswitch.http.provisioning.phone_urls import PhoneUrls
from softswitch.settings.exchange.provisioning import ProvisioningSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import Settings
from softswitch.store.database.changes import Change
from softswitch.store.exchange.choices import ChoiceRow
from tests.http.provisioning.test_documented_keys import lines

Client = TestClient[web.Request, web.Application]
PASSWORDS = {"1000": "p4ss-1000", "1001": "p4ss-1001", "2000": "p4ss-2000", "a#1": "p4ss-a"}
EXTENSIONS: list[dict[str, Any]] = [
    {"type": "phone", "number": "1000", "name": "Reception"},
    {
        "type": "phone",
        "number": "1001",
        "model": "yealink",
        "mac": "80:5E:C0:12:34:56",
        "keys": [{"number": "1000"}, {"number": "2000", "label": "Hall"}],
    },
    {"type": "phone", "range": "2000-2009", "name": "Phone {number}"},
    {"type": "phone", "number": "a#1"},
    {"type": "echo", "number": "600"},
]


class Switch:
    """A switch as far as phones fetch files from it."""

    def __init__(self) -> None:
        self.settings = Settings.model_validate({"extensions": EXTENSIONS})
        self.written: list[Change] = []
        self.urls = PhoneUrls(b"k" * 32, self._write, ("127.0.0.1", 9509))
        self.bans = Bans(SERVICE, BanTerms(failures=3))
        self.files = PhoneFiles(
            Facts(
                directory_of(self.settings.extensions),
                lambda: self.settings,
                lambda: PASSWORDS,
                lambda settings: phone_server(settings, settings.sip.listen),
            ),
            self.urls,
            lambda: self.settings.provisioning,
            self.bans,
            RequestSources(),
        )

    async def _write(self, *changes: Change) -> None:
        self.written += changes

    def say(self, **provisioning: Any) -> None:
        """Change [provisioning]."""
        changed = ProvisioningSettings.model_validate(provisioning)
        self.settings = self.settings.model_copy(update={"provisioning": changed})

    def path(self, number: str, file: str) -> URL:
        """The path of a phone's file."""
        return URL(self.urls.url(number, file), encoded=True).relative()


@pytest.fixture
def switch() -> Switch:
    return Switch()


@pytest.fixture
async def client(switch: Switch) -> AsyncIterator[Client]:
    app = web.Application()
    app.add_routes(switch.files.routes())
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield client


async def status(client: Client, path: URL | str, **headers: str) -> int:
    answer = await client.get(path, headers=headers)
    assert answer.headers["Cache-Control"] == "no-store"
    return answer.status


async def test_a_phone_gets_its_account(client: Client, switch: Switch) -> None:
    answer = await client.get(switch.path("1001", "805ec0123456.cfg"))
    found = lines(await answer.text())
    assert answer.status == 200
    assert answer.content_type == "text/plain"
    assert answer.headers["Cache-Control"] == "no-store"
    assert found["account.1.user_name"] == "1001"
    assert found["account.1.password"] == "p4ss-1001"
    assert found["account.1.sip_server.1.address"] == "127.0.0.1"
    assert found["account.1.sip_server.1.port"] == "5060"
    assert found["linekey.2.label"] == "Reception"
    assert found["linekey.3.label"] == "Hall"
    assert found["static.auto_provision.server.url"] == switch.urls.url("1001")


@pytest.mark.parametrize(
    "file",
    ["y000000000000.cfg", "cfg000b82000001.xml", "snomD385-000413000001.xml", "f0X4hw1.0.cfg"],
)
async def test_without_a_model_the_name_says_the_maker(
    client: Client, switch: Switch, file: str
) -> None:
    answer = await client.get(switch.path("1000", file))
    assert answer.status == 200
    assert "p4ss-1000" in await answer.text()


async def test_numbers_of_blocks_and_with_signs_have_urls(client: Client, switch: Switch) -> None:
    answer = await client.get(switch.path("2000", "linphone.xml"))
    assert "Phone 2000" in await answer.text()
    assert await status(client, switch.path("a#1", "linphone.xml")) == 200


async def test_the_base_url_alone_gives_the_file_of_the_model(
    client: Client, switch: Switch
) -> None:
    assert await status(client, switch.path("1001", "")) == 200
    assert await status(client, switch.path("1000", "")) == 404


async def test_another_address_than_that_of_the_settings_gets_nothing(
    client: Client, switch: Switch
) -> None:
    assert await status(client, switch.path("1001", "805EC0123456.cfg")) == 200
    assert await status(client, switch.path("1001", "805ec0123457.cfg")) == 404


async def test_the_secret_of_another_extension_is_wrong(client: Client, switch: Switch) -> None:
    other = switch.urls.secret("1001")
    assert await status(client, f"/provisioning/1000/{other}/linphone.xml") == 404
    assert switch.urls.secret("1000") != other


Wrong = Callable[[Switch], str]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda s: f"/provisioning/1000/{s.urls.secret('1000')[:-1]}/linphone.xml",
        lambda s: f"/provisioning/1000/{s.urls.secret('1000').upper()}/linphone.xml",
        lambda s: "/provisioning/1000/%00/linphone.xml",
        lambda s: "/provisioning/1000/%F0%9F%98%80/linphone.xml",
        lambda s: f"/provisioning/600/{s.urls.secret('600')}/linphone.xml",
        lambda s: f"/provisioning/7777/{s.urls.secret('7777')}/linphone.xml",
        lambda s: f"/provisioning/1000/{s.urls.secret('1000')}/..%2F..%2Fpasswords.json",
        lambda s: f"/provisioning/1000/{s.urls.secret('1000')}/%2e%2e/yealink.cfg",
        lambda s: f"/provisioning/1000/{s.urls.secret('1000')}/templates/yealink.cfg",
        lambda s: f"/provisioning/1000/{s.urls.secret('1000')}",
        lambda s: "/provisioning/",
    ],
)
async def test_what_is_wrong_gets_nothing(client: Client, switch: Switch, wrong: Wrong) -> None:
    answer = await client.get(URL(wrong(switch), encoded=True))
    text = await answer.text()
    assert answer.status == 404
    assert "p4ss" not in text


async def test_who_guesses_is_banned_and_then_the_right_secret_is_not_taken(
    client: Client, switch: Switch
) -> None:
    for _ in range(3):
        assert await status(client, "/provisioning/1000/guess/linphone.xml") == 404
    answer = await client.get(switch.path("1000", "linphone.xml"))
    assert (answer.status, answer.headers["Retry-After"]) == (429, "300")
    assert [(ban.service, ban.account) for ban in switch.bans.standing()] == [(SERVICE, "1000")]
    assert await status(client, switch.path("1001", "")) == 200, "others go on"
    switch.bans.lift()
    assert await status(client, switch.path("1000", "linphone.xml")) == 200


async def test_a_renewed_url_makes_the_old_one_worthless_after_a_restart_as_well(
    client: Client, switch: Switch
) -> None:
    old, other = switch.path("1000", "linphone.xml"), switch.urls.url("1001")
    await switch.urls.renew("1000", "admin")
    assert await status(client, old) == 404
    assert await status(client, switch.path("1000", "linphone.xml")) == 200
    assert switch.urls.url("1001") == other
    assert len(switch.written) == 1
    row = ChoiceRow("provisioning", "1000", {"generation": 1}, 0.0, "admin")
    again = PhoneUrls(b"k" * 32, switch._write, ("127.0.0.1", 9509), [row])
    assert again.url("1000") == switch.urls.url("1000")
    broken = ChoiceRow("provisioning", "1000", {"generation": "x"}, 0.0, "admin")
    assert PhoneUrls(b"k" * 32, switch._write, ("h", 1), [broken]).secret("1000")


async def test_secrets_depend_on_the_key() -> None:
    async def nothing(*changes: Change) -> None: ...

    secrets = {PhoneUrls(key * 32, nothing, ("h", 1)).secret("1000") for key in (b"a", b"b")}
    assert len(secrets) == 2
    assert all(len(secret) == 32 for secret in secrets)


async def test_networks_and_the_switch_for_all_of_it(client: Client, switch: Switch) -> None:
    path = switch.path("1001", "")
    switch.say(networks=["10.0.0.0/8"])
    assert await status(client, path) == 404
    switch.say(networks=["10.0.0.0/8", "127.0.0.0/8"])
    assert await status(client, path) == 200
    switch.say(enabled=False)
    assert await status(client, path) == 404


async def test_settings_that_change_are_in_the_next_file(client: Client, switch: Switch) -> None:
    switch.say(timezone="Asia/Kolkata", language="fr", voicemail="*98", server="pbx.example.org")
    found = lines(await (await client.get(switch.path("1001", ""))).text())
    assert found["local_time.time_zone"] == "+05:30"
    assert found["lang.gui"] == "French"
    assert found["voice_mail.number.1"] == "*98"
    assert found["account.1.sip_server.1.address"] == "pbx.example.org"


async def test_the_message_key_is_for_those_with_a_mailbox(switch: Switch) -> None:
    without, owner = (
        PhoneExtension.model_validate({"number": "1000", "mailbox": each}) for each in (False, True)
    )
    assert message_number(switch.settings, without) == ""
    assert message_number(switch.settings, owner) == "*97"
    switch.say(voicemail="500")
    assert message_number(switch.settings, without) == "500"


async def test_a_template_that_cannot_be_written_is_told_in_the_log_only(
    client: Client, switch: Switch, tmp_path: Path
) -> None:
    (tmp_path / "yealink.cfg").write_text("{{ password.nothing }}")
    switch.say(templates=tmp_path)
    with capture_logs() as logs:
        answer = await client.get(switch.path("1001", ""))
    assert answer.status == 500
    assert "yealink" not in await answer.text()
    (entry,) = [entry for entry in logs if entry["log_level"] == "error"]
    assert "yealink.cfg for 1001" in entry["error"]
    assert "p4ss" not in str(logs)


async def test_neither_secrets_nor_passwords_are_logged(client: Client, switch: Switch) -> None:
    with capture_logs() as logs:
        await client.get(switch.path("1001", ""))
        await client.get(switch.path("1001", "805ec0123457.cfg"))
        await client.get("/provisioning/1001/guessed-secret/805ec0123456.cfg")
        await switch.urls.renew("1001", "admin")
    assert len(logs) == 4
    for secret in ("p4ss", "guessed-secret", switch.urls.secret("1001")):
        assert secret not in str(logs)


@pytest.mark.parametrize(
    ("remote", "scheme", "insecure", "expected"),
    [
        ("127.0.0.1", "http", False, 200),
        ("::1", "http", False, 200),
        ("::ffff:127.0.0.1", "http", False, 200),
        ("192.0.2.7", "http", False, 403),
        ("192.0.2.7", "https", False, 200),
        ("192.0.2.7", "http", True, 200),
        ("2001:db8::7", "http", False, 403),
        ("", "https", False, 404),
    ],
)
async def test_without_https_only_this_machine_may_fetch(
    switch: Switch, remote: str, scheme: str, insecure: bool, expected: int
) -> None:
    switch.say(insecure=insecure)
    info = {"number": "1001", "secret": switch.urls.secret("1001"), "file": ""}
    request = make_mocked_request("GET", str(switch.path("1001", "")), match_info=info)
    asked = request.clone(remote=remote, scheme=scheme)
    asked._match_info = request.match_info
    answer = await switch.files.fetch(asked)
    assert answer.status == expected
    assert ("p4ss" in (answer.text or "")) == (expected == 200)
