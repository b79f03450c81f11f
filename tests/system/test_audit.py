"""The audit log and the logins of a running switch, which is killed in between."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from softswitch.guard.rights import RIGHTS, Right
from softswitch.http.v1.openapi import OPERATIONS
from tests.http.v1.test_serving import path_of
from tests.system.program import Program, running

USERS = """
[[extensions]]
number = "1000"
type = "phone"
password = "pw-phone"
[[http.users]]
username = "eva"
password = "pw-eva"
role = "operator"
[[http.users]]
username = "wall"
password = "pw-wall"
role = "viewer"
"""
OURS = {"X-Requested-With": "softswitch"}


async def audit(program: Program, **query: str) -> list[dict[str, Any]]:
    """The rows that fit, oldest first."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    status, told = await program.v1("GET", f"audit?order=oldest&limit=1000&{asked}")
    assert status == 200, told
    rows: list[dict[str, Any]] = told["audit"]
    return rows


@pytest.mark.timeout(120)
async def test_every_operation_that_changes_something_is_in_the_audit_log(tmp_path: Path) -> None:
    changing = [each for each in OPERATIONS if each.method != "get" and each.right is not None]
    assert len(changing) > 100
    async with running(tmp_path, USERS) as program, aiohttp.ClientSession() as session:
        base = f"http://127.0.0.1:{program.http_port}"
        for user in ("wall", "admin"):
            login = aiohttp.encode_basic_auth(user, f"pw-{user}")
            for operation in changing:
                url = base + path_of(operation, "1000")
                given = {"Authorization": login, "If-Match": "*"}
                async with session.request(
                    operation.method, url, headers=given, json={"secret": "hunter2"}
                ) as answer:
                    assert answer.status != 500, (operation.id, await answer.text())
                    assert answer.status not in (401, 405), operation.id
        rows = await audit(program)
        for user in ("wall", "admin"):
            noted = {row["operation"]: row for row in rows if row["user"] == user}
            assert {each.id for each in changing} - noted.keys() == set()
            for operation in changing:
                row = noted[operation.id]
                assert (row["login"], row["source"]) == ("password", "127.0.0.1")
                if user == "wall" and operation.right not in RIGHTS["viewer"]:
                    assert row["result"] == "403", operation.id
        assert "hunter2" not in str(rows)
        assert {row["operation"] for row in rows} <= {each.id for each in changing}
        status, _ = await program.v1("GET", "audit?limit=1001")
        assert status == 400
        async with session.get(
            f"{base}/v1/audit",
            headers={"Authorization": aiohttp.encode_basic_auth("eva", "pw-eva")},
        ) as answer:
            assert answer.status == 403
        assert Right.ADMINISTER not in RIGHTS["operator"]


@pytest.mark.timeout(120)
async def test_commands_messages_the_terminal_and_signals_are_in_it_too_and_outlive_a_crash(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, USERS) as program, aiohttp.ClientSession() as session:
        api = f"http://127.0.0.1:{program.http_port}/api"
        for user, fields in (
            ("wall", {"command": "Hangup", "CallId": "abc"}),
            ("eva", {"command": "Call", "Dialed": "1000", "ResponseOzML": "hunter2"}),
            ("eva", {"command": "ListExtensions"}),
            ("eva", {"command": "Nonsense"}),
            ("eva", {"action": "markmsg"}),
            ("eva", {"action": "sendmessage", "recipient": "1000", "messagedata": "hunter2"}),
            ("eva", {"action": "receivemsg"}),
        ):
            form = {"username": user, "password": f"pw-{user}", **fields}
            async with session.post(api, data=form) as answer:
                await answer.read()
        assert (await program.terminal("phones", "add", "1001", "password=hunter2"))[0] == 0
        assert (await program.terminal("reload"))[0] == 0
        assert program.process is not None
        program.process.send_signal(signal.SIGHUP)
        async with asyncio.timeout(10):
            while not await audit(program, login="signal"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        rows = await audit(program)
        await program.kill()
        await program.start()
        assert await audit(program) == rows
        told = [(each["user"], each["login"], each["operation"], each["target"]) for each in rows]
        assert told[:4] == [
            ("wall", "password", "Hangup", "abc"),
            ("eva", "password", "Call", "1000"),
            ("eva", "password", "markmsg", ""),
            ("eva", "password", "sendmessage", "1000"),
        ]
        assert rows[0]["result"] == "306"
        by_terminal = [each for each in rows if each["login"] == "terminal"]
        assert [each["user"] for each in by_terminal] == ["admin"] * len(by_terminal)
        assert {each["operation"] for each in by_terminal} == {"addPhones", "reload"}
        assert by_terminal[0]["target"] == "phones/1001"
        assert (told[-1][0], told[-1][2]) == ("", "reload")
        assert "hunter2" not in str(rows)
        assert [row["id"] for row in rows] == sorted({row["id"] for row in rows})
        assert await audit(program, user="wall") == rows[:1]
        assert await audit(program, target="phones/") == by_terminal[:1]


@pytest.mark.timeout(120)
async def test_sessions_and_tokens_go_on_after_a_crash_and_are_told_apart(tmp_path: Path) -> None:
    async with running(tmp_path, USERS) as program:
        base = f"http://127.0.0.1:{program.http_port}"
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as page:
            login = {"username": "eva", "password": "pw-eva"}
            async with page.post(f"{base}/v1/session", json=login) as answer:
                assert answer.status == 200
            wanted = {"name": "export", "days": 1}
            async with page.post(f"{base}/v1/tokens", json=wanted, headers=OURS) as answer:
                made = await answer.json()
                assert answer.status == 201
            bearer = {"Authorization": f"Bearer {made['token']}"}
            await program.kill()
            await program.start()
            async with page.get(f"{base}/v1/session") as answer:
                assert (answer.status, (await answer.json())["role"]) == (200, "operator")
            for headers, status in ((OURS, 200), ({}, 403)):
                async with page.delete(f"{base}/v1/bans", headers=headers) as answer:
                    assert answer.status == status
            command = {"command": "Hangup", "CallId": "abc"}
            async with page.get(f"{base}/api", params=command) as answer:
                assert answer.status == 403
            async with aiohttp.ClientSession() as script:
                async with script.delete(f"{base}/v1/bans", headers=bearer) as answer:
                    assert answer.status == 200
                async with script.get(f"{base}/api", params=command, headers=bearer) as answer:
                    assert "<Code>601<" in await answer.text()
                async with script.get(f"{base}/metrics", headers=bearer) as answer:
                    assert answer.status == 200
            assert made["token"].rpartition("_")[2] not in program.log()
        rows = await audit(program, user="eva")
        assert [(row["login"], row["operation"], row["result"]) for row in rows] == [
            ("password", "beginSession", "ok"),
            ("session", "makeToken", "ok"),
            ("session", "liftBans", "ok"),
            ("token export", "liftBans", "ok"),
            ("token export", "Hangup", "601"),
        ]
        for path in (program.directory / "data").glob("*.db*"):
            assert made["token"].rpartition("_")[2].encode() not in path.read_bytes()
