"""The rights of HTTP users at a running switch: each role, by /v1, by commands, and in scripts."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from softswitch.guard.rights import RIGHTS, Right
from softswitch.http.v1.openapi import OPERATIONS
from tests.http.v1.test_serving import path_of
from tests.system.peer import peers, talk
from tests.system.program import Program, running

FILE = """
[voicemail]
folder = "voicemails"
[[extensions]]
range = "1000-1001"
type = "phone"
password = "pw{number}"
mailbox = true
[[extensions]]
range = "2000-2001"
type = "phone"
password = "pw{number}"
mailbox = true
[[extensions]]
number = "800"
type = "voicemail"
[[extensions]]
number = "900"
type = "api"
url = "http://127.0.0.1:9/"
[[http.users]]
username = "operator"
password = "pw-operator"
role = "operator"
[[http.users]]
username = "viewer"
password = "pw-viewer"
role = "viewer"
[[http.users]]
username = "application"
password = "pw-application"
role = "application"
extensions = ["1000-1001", "900"]
[[http.users]]
username = "far"
password = "pw-far"
networks = ["192.0.2.0/24"]
"""


class Asker:
    """An HTTP user at the switch, over one connection that stays open."""

    def __init__(self, program: Program, user: str, session: aiohttp.ClientSession) -> None:
        self._base = f"http://127.0.0.1:{program.http_port}"
        self._user = user
        self._session = session

    async def v1(
        self, method: str, path: str, body: object = None, match: str = "*"
    ) -> tuple[int, Any]:
        """Status and answer of a path of `/v1`."""
        login = aiohttp.encode_basic_auth(self._user, f"pw-{self._user}")
        headers = {"Authorization": login, "If-Match": match, "Accept": "application/json"}
        async with self._session.request(
            method, f"{self._base}/v1/{path}", json=body, headers=headers
        ) as answer:
            octets = await answer.read()
            return answer.status, await answer.json() if octets[:1] in (b"{", b"[") else octets

    async def command(self, name: str, **fields: str) -> dict[str, Any]:
        """What a command answers."""
        login = {"Username": self._user, "Password": f"pw-{self._user}"}
        accept = {"Accept": "application/json"}
        form = {"command": name, **login, **fields}
        async with self._session.post(f"{self._base}/api", data=form, headers=accept) as answer:
            return dict(await answer.json())

    async def code(self, name: str, **fields: str) -> int:
        """The code that a command is answered with."""
        return int((await self.command(name, **fields))["Code"])


@pytest.mark.timeout(120)
async def test_every_operation_is_answered_to_the_roles_that_have_its_right(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, FILE) as program, aiohttp.ClientSession() as session:
        for role, rights in RIGHTS.items():
            asker = Asker(program, role, session)
            for operation in OPERATIONS:
                number = "1000" if operation.right in (Right.SEE_OWN, Right.OPERATE_OWN) else "x"
                path = path_of(operation, number).removeprefix("/v1/")
                code, told = await asker.v1(operation.method.upper(), path)
                allowed = operation.right is None or operation.right in rights
                assert (code != 403) is allowed, (role, operation.id, told)
                assert code not in (401, 429, 500), (role, operation.id, told)
                if not allowed:
                    assert told["detail"].startswith(f"{role} is a")
        far = Asker(program, "far", session)
        assert (await far.v1("GET", "calls"))[0] == 403
        refused = await far.command("ListActiveCalls")
        assert refused["Code"] == 307
        assert refused["Message"].startswith("Use API from this address is forbidden")


@pytest.mark.timeout(120)
async def test_an_application_sees_and_commands_the_calls_of_its_own_extensions_only(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path, FILE) as program,
        peers(program, "1000", "1001", "2000", "2001") as (ann, ben, cleo, dan),
        aiohttp.ClientSession() as session,
    ):
        await talk(ann, ben)
        await talk(cleo, dan)
        application, viewer, operator = (
            Asker(program, each, session) for each in ("application", "viewer", "operator")
        )
        _, calls = await viewer.v1("GET", "calls")
        ids = {call["caller"]["number"]: call["id"] for call in calls["calls"]}
        assert set(ids) == {"1000", "2000"}
        _, calls = await application.v1("GET", "calls")
        assert [call["id"] for call in calls["calls"]] == [ids["1000"]]
        assert (await application.v1("GET", f"calls/{ids['2000']}"))[0] == 404
        listed = await application.command("ListActiveCalls")
        assert [row["CallId"] for row in listed["ActiveCalls"]] == [ids["1000"]]
        listed = await application.command("ListExtensions")
        assert {row["PhoneNumber"] for row in listed["Extensions"]} == {"1000", "1001", "900"}

        for name, fields in (
            ("Hold", {}), ("Hangup", {}), ("BlindTransfer", {"Target": "1000"}),
            ("Speak", {"Text": "x"}), ("SendDTMF", {"Keys": "1"}), ("Record", {}),
            ("StopRecord", {}), ("ForwardCall", {"Destination": "1000"}),
            ("Invite", {"Target": "1000"}), ("hangUP", {}), ("Forward", {"Destination": "1"}),
        ):  # fmt: skip
            assert await application.code(name, CallId=ids["2000"], **fields) == 601, name
        joined = {"TransferredCallId": ids["1000"], "TargetCallId": ids["2000"]}
        assert await application.code("AttendedTransfer", **joined) == 601
        for name in ("Monitor", "Whisper", "Barge", "MONITOR"):
            fields = {"CallId": ids["2000"], "Supervisor": "1000"}
            assert await application.code(name, **fields) == 306, name
        assert await application.code("Mute", CallId=ids["2000"], Party="all") == 306
        for name in ("ListAddressbookNames", "ListAddressbookContacts"):
            assert await application.code(name) == 306
        for fields in (
            {"Dialed": "2000"},
            {"Dialed": "2000", "ApiExtension": "2000"},
            {"Dialed": "1000", "CallerId": "2000"},
            {"Dialed": "2000", "ApiExtension": "900", "CallerId": "2001"},
        ):
            assert await application.code("Call", **fields) == 306, fields
        assert await application.code("CallSetup", Caller="2000", Callee="1000") == 306
        assert (
            await application.code("SendSms", Recipient="1000", Message="x", Sender="2000") == 306
        )
        refused = await application.command("Call", Dialed="2000")
        assert refused["Message"].startswith("User is not allowed to use API in ACL. ApiExtension")

        for name, fields in (
            ("Hangup", {"CallId": ids["1000"]}), ("Call", {"Dialed": "1000"}),
            ("SendSms", {"Recipient": "1000", "Message": "x"}), ("Hangup", {}), ("hangup", {}),
        ):  # fmt: skip
            assert await viewer.code(name, **fields) == 306, name
        assert await viewer.code("ListCallHistory") == 200
        assert await operator.code("Hangup", CallId=ids["2000"]) == 200
        assert await application.code("Hangup", CallId=ids["1000"]) == 200


@pytest.mark.timeout(120)
async def test_scripts_and_history_and_voicemail_are_kept_to_the_own_extensions(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path, FILE) as program,
        peers(program, "1000", "1001", "2000", "2001") as (ann, ben, cleo, dan),
        aiohttp.ClientSession() as session,
    ):
        for caller, callee in ((ann, ben), (cleo, dan), (cleo, ann)):
            dialog, _ = await talk(caller, callee)
            await dialog.hang_up()
        application, operator = (
            Asker(program, each, session) for each in ("application", "operator")
        )
        async with asyncio.timeout(10):
            while (await operator.v1("GET", "history"))[1]["total"] < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        _, history = await application.v1("GET", "history")
        assert history["total"] == 2
        _, whole = await operator.v1("GET", "history")
        others = {each["id"] for each in whole["calls"]} - {each["id"] for each in history["calls"]}
        assert len(others) == 1
        assert (await application.v1("GET", f"history/{others.pop()}"))[0] == 404
        _, table = await application.v1("GET", "history.csv")
        assert table.count(b"\n") == 3
        listed = await application.command("ListCallHistory")
        assert listed["TotalRecords"] == 2
        _, boxes = await application.v1("GET", "voicemail")
        assert [each["number"] for each in boxes["mailboxes"]] == ["1000", "1001"]
        assert (await application.v1("GET", "voicemail/2000/messages"))[0] == 403
        _, entries = await application.v1("GET", "extensions")
        assert [each["name"] for each in entries["entries"]] == ["1000-1001", "900"]
        assert (await application.v1("GET", "extensions/2000-2001"))[0] == 404

        # A script that a user brings has the rights of the user, not those of the switch.
        script = "<Response><CallSetup Caller='2000' Callee='2001'/><Hangup/></Response>"
        asked = asyncio.ensure_future(application.code("Call", Dialed="1000", ResponseOzML=script))
        ringing = await ann.hear(lambda said: said.startswith("INVITE "))
        assert await asked == 200
        ann.respond(ringing, 200, ann.sdp())
        await ann.hear(lambda said: said.startswith("BYE "))
        with pytest.raises(AssertionError, match="not heard"):
            await cleo.hear(lambda said: said.startswith("INVITE "), seconds=0.5)
        assert "User is not allowed to use API in ACL. Caller: '2000'" in program.log()
        kept = tmp_path / "static" / "kept.txt"
        kept.write_text("x")
        script = "<Response><DeleteFile SourceFile='kept.txt'/><Hangup/></Response>"
        asked = asyncio.ensure_future(operator.code("Call", Dialed="2000", ResponseOzML=script))
        ringing = await cleo.hear(lambda said: said.startswith("INVITE "))
        assert await asked == 200
        cleo.respond(ringing, 200, cleo.sdp())
        await cleo.hear(lambda said: said.startswith("BYE "))
        assert kept.exists()
        assert "DeleteFile: operator is an operator, expected an admin" in program.log()


@pytest.mark.timeout(120)
async def test_what_applications_show_and_send_is_their_own_and_ends_with_their_user(
    tmp_path: Path,
) -> None:
    async with (
        running(tmp_path, FILE) as program,
        peers(program, "1000", "2000") as (ann, cleo),
        aiohttp.ClientSession() as session,
    ):
        added = "users", "add", "eva", "password=pw-eva", "role=application", "extensions=[1000]"
        assert (await program.terminal(*added))[0] == 0
        eva = Asker(program, "eva", session)
        script = (
            "<Response><Delay>5</Delay><CallSetup Caller='1000' Callee='2000'/><Hangup/></Response>"
        )
        asked = asyncio.ensure_future(
            eva.code(
                "Call",
                Dialed="1000",
                CallerId="1000@evil.example",
                CallerDisplayName="Police",
                ResponseOzML=script,
            )
        )
        ringing = await ann.hear(lambda said: said.startswith("INVITE "))
        assert await asked == 200
        (shown,) = (line for line in str(ringing).splitlines() if line.startswith("From:"))
        assert "sip:1000@" in shown
        assert "evil" not in str(ringing)
        assert "Police" not in str(ringing)
        mail = {"Recipient": "2000", "Message": "x", "Sender": "1000@evil.example"}
        assert await eva.code("SendSms", **mail) == 306
        assert await eva.code("SendEmail", **{**mail, "Recipient": "a@mail.example"}) == 306
        ann.respond(ringing, 200, ann.sdp())
        assert (await program.terminal("users", "remove", "eva"))[0] == 0
        await ann.hear(lambda said: said.startswith("BYE "))
        assert "eva is no user any more" in program.log()
        with pytest.raises(AssertionError, match="not heard"):
            await cleo.hear(lambda said: said.startswith("INVITE "), seconds=0.5)


@pytest.mark.timeout(120)
async def test_users_change_at_once_and_outlive_a_restart_and_an_admin_stays(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, FILE) as program, aiohttp.ClientSession() as session:
        code, told = await program.terminal(
            "users", "add", "eva", "password=pw-eva", "role=application", "extensions=[1000]"
        )
        assert (code, told) == (0, "eva is added\n")
        eva = Asker(program, "eva", session)
        assert (await eva.v1("GET", "extensions/1000/features"))[0] == 200
        assert (await eva.v1("GET", "bans"))[0] == 403
        changed = ("users", "change", "eva", "role=viewer", "extensions=")
        assert (await program.terminal(*changed))[0] == 0
        assert (await eva.v1("GET", "bans"))[0] == 200
        assert (await eva.v1("DELETE", "bans"))[0] == 403
        code, told = await program.terminal("users", "change", "eva", "networks=[192.0.2.0/24]")
        assert (code, (await eva.v1("GET", "bans"))[0]) == (0, 403)
        await program.kill()
        await program.start()
        assert (await eva.v1("GET", "bans"))[0] == 403
        assert (await program.terminal("users", "change", "eva", "networks=", "role=admin"))[0] == 0
        assert (await eva.v1("PATCH", "users/eva", {"role": "operator"}))[0] == 200
        code, told = await eva.v1("PATCH", "users/eva", {"role": "admin"})
        assert (code, told["detail"]) == (403, "eva is an operator, expected an admin")
        code, told = await program.terminal("users", "change", "eva", "role=boss")
        assert (code, "user eva: role: expected 'admin'" in told) == (1, True)
        code, told = await program.terminal("users", "remove", "admin")
        assert (code, "is fixed in" in told) == (1, True)
        assert (await program.terminal("users", "remove", "eva"))[0] == 0
        assert (await eva.v1("GET", "bans"))[0] == 401

        before = program.settings_file.read_text()
        one = before.replace('password = "pw-admin"', 'password = "pw-admin"\nrole = "viewer"')
        two = one.replace('username = "far"', 'username = "far"\nrole = "viewer"')
        program.settings_file.write_text(two)
        admin = Asker(program, "admin", session)
        code, told = await admin.v1("POST", "reload")
        assert code == 422
        assert 'http.users: expected at least one user with role = "admin"' in str(told)
        assert (await admin.v1("POST", "reload"))[0] == 422, "still an admin"
        program.settings_file.write_text(before.replace('role = "viewer"', 'role = "operator"'))
        viewer = Asker(program, "viewer", session)
        assert (await viewer.v1("DELETE", "bans"))[0] == 403
        assert (await admin.v1("POST", "reload"))[0] == 200
        assert (await viewer.v1("DELETE", "bans"))[0] == 200


@pytest.mark.timeout(120)
async def test_a_banned_operator_lifts_the_ban_at_the_terminal(tmp_path: Path) -> None:
    async with running(tmp_path, "") as program, aiohttp.ClientSession() as session:
        for number in range(20):
            text = await program.get("/api", command="X", username="admin", password=f"{number}")
            assert ("<Code>305<" in text) == (number < 5)
        url = f"http://127.0.0.1:{program.http_port}/v1/bans"
        login = {"Authorization": aiohttp.encode_basic_auth("admin", "pw-admin")}
        async with session.get(url, headers=login) as answer:
            assert answer.status == 429
            assert 290 < int(answer.headers["Retry-After"]) <= 300
            assert "ask again in" in (await answer.json())["detail"]
        key = tmp_path / "data" / "terminal.key"
        assert key.stat().st_mode & 0o777 == 0o600
        secret = json.loads(key.read_text())["key"]
        guess = {**login, "X-Softswitch-Terminal": secret[:-1]}
        async with session.get(url, headers=guess) as answer:
            assert answer.status == 429
        code, table = await program.terminal("bans")
        assert (code, "HTTP" in table, "admin" in table) == (0, True, True)
        assert await program.terminal("bans", "lift", "127.0.0.1") == (0, "1 ban lifted\n")
        async with session.get(url, headers=login) as answer:
            assert answer.status == 200
        told = program.log() + table
        assert secret not in told
