"""Settings change while real calls are up: by API and by reload, and both outlive a restart."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from tests.system.peer import Peer, header, peers, status, talk
from tests.system.phones import Ear, phones
from tests.system.program import REPOSITORY, Program, running, until

FILE = """
[[extensions]]
range = "1000-1009"
type = "phone"
password = "pw{number}"
[[extensions]]
number = "600"
type = "echo"
"""


async def softswitch(program: Program, *words: str) -> tuple[int, str]:
    """A command of the terminal: its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "softswitch", *words, "--config", str(program.settings_file),
        cwd=program.directory,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def write(program: Program, old: str, new: str) -> None:
    """Change a part of the settings file."""
    text = program.settings_file.read_text()
    assert old in text
    program.settings_file.write_text(text.replace(old, new))


async def registered(peer: Peer) -> int:
    """The final status of a REGISTER with the password that the peer has."""
    return status(await peer.ask(peer.new("REGISTER", None)))


async def dialled(peer: Peer, number: str) -> int:
    """The final status of a call, which is hung up if it is answered."""
    invite = await peer.invite(number)
    answer = await peer.answer_to(invite)
    if status(answer) == 200:
        await peer.established(invite, answer).hang_up()
    return status(answer)


@pytest.mark.timeout(90)
async def test_an_extension_by_api_registers_rings_and_outlives_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "1000") as (ann,):
        eva = Peer("1100", program, password="first-pass")
        await eva.open()
        assert await registered(eva) in (401, 403)
        assert await dialled(ann, "1100") == 404
        body = {"number": "1100", "password": "first-pass"}
        code, added = await program.v1("POST", "extensions", body)
        assert code == 201
        assert await registered(eva) == 200
        ours, _ = await talk(ann, eva)
        changed = {"password": "second-pass"}
        assert (await program.v1("PATCH", "phones/1100", changed, added["etag"]))[0] == 200
        assert (await program.v1("PATCH", "phones/1100", changed, added["etag"]))[0] == 412
        await ours.hang_up()
        assert await registered(eva) in (401, 403)
        eva.password = "second-pass"
        assert await registered(eva) == 200
        await program.kill()
        await program.start()
        assert await registered(eva) == 200
        assert (await program.v1("DELETE", "extensions/1100"))[0] == 204
        assert await registered(eva) in (401, 403)
        await ann.register()
        assert await dialled(ann, "1100") == 404
        assert await program.metric("softswitch_registrations") == 1
        told = program.log() + (await program.v1("GET", "extensions"))[1].__repr__()
        assert "first-pass" not in told
        assert "second-pass" not in told
        eva.close()


@pytest.mark.timeout(90)
@pytest.mark.parametrize("way", ["SIGHUP", "/v1/reload", "softswitch reload"])
async def test_a_reload_lets_calls_go_on_and_new_calls_see_the_new_settings(
    tmp_path: Path, way: str
) -> None:
    async with running(tmp_path, FILE) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        outgoing = await anna.dial("1001")
        incoming = await ben.rings()
        await incoming.answer()
        await outgoing.wait_established(timeout=10)
        async with Ear(outgoing, 440) as anna_ear, Ear(incoming, 1_000) as ben_ear:
            await anna_ear.hears(1_000)
            await ben_ear.hears(440)
            write(program, "1000-1009", "1000-1000")
            write(program, 'number = "600"', 'number = "601"')
            await reload(program, way)
            await until(lambda: "settings: reload" in program.log())
            await asyncio.sleep(1)
            for ear in (anna_ear, ben_ear):
                ear.heard.clear()
            await anna_ear.hears(1_000, span=1)
            await ben_ear.hears(440, span=1)
        await outgoing.hangup()
        async with peers(program, "1000") as (peer,):
            assert await dialled(peer, "600") == 404
            assert await dialled(peer, "601") == 200
            assert await dialled(peer, "1001") == 404


async def reload(program: Program, way: str) -> None:
    """Let the switch read its file again."""
    assert program.process is not None
    if way == "SIGHUP":
        program.process.send_signal(signal.SIGHUP)
    elif way == "/v1/reload":
        assert (await program.v1("POST", "reload"))[0] == 200
    else:
        code, said = await softswitch(program, "reload")
        assert (code, "extensions" in said) == (0, True), said


@pytest.mark.timeout(90)
async def test_a_broken_file_is_refused_as_a_whole_and_nothing_changes(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "1000") as (ann,):
        write(program, 'number = "600"', 'number = "601"')
        write(program, "[shutdown]", "[shutdown]\ngrace = 1")
        write(program, 'type = "echo"', 'type = "echo"\ncolour = "red"')
        code, told = await program.v1("POST", "reload")
        assert code == 422
        lines = [each["wrong"] for each in told["mistakes"]]
        assert len(lines) == 2
        assert all(line.startswith(str(program.settings_file)) for line in lines)
        assert program.log().count("settings not reloaded") == 2, "whoever asks"
        assert program.process is not None
        program.process.send_signal(signal.SIGHUP)
        await until(lambda: program.log().count("settings not reloaded") == 4)
        assert await dialled(ann, "600") == 200
        assert await dialled(ann, "601") == 404
        assert header(await ann.register(), "Expires") != "0"


@pytest.mark.timeout(90)
async def test_a_trunk_and_its_route_come_and_go(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "1000") as (ann,):
        far = Peer("far", program)
        await far.open()
        trunk = {"name": "line", "host": f"127.0.0.1:{far.port}", "keep_alive": 0}
        assert (await program.v1("POST", "trunks", trunk))[0] == 201
        route = {"number": "0*", "to": "trunk:line", "strip": 1}
        code, added = await program.v1("POST", "routes", route)
        assert code == 201
        invite = await ann.invite("0301")
        incoming = await far.request("INVITE")
        assert incoming.startswith("INVITE sip:301@")
        far.respond(incoming, 200, far.sdp())
        answer = await ann.answer_to(invite)
        call = ann.established(invite, answer)
        await far.request("ACK")
        changes = [
            {"action": "remove", "collection": "routes", "name": added["name"]},
            {"action": "remove", "collection": "trunks", "name": "line"},
        ]
        assert (await program.v1("DELETE", "trunks/line"))[0] == 422, "a route leads there"
        assert (await program.v1("POST", "changes", {"changes": changes}))[0] == 200
        assert await dialled(ann, "0301") == 404
        goodbye = asyncio.create_task(call.hang_up())
        bye = await far.request("BYE")
        far.respond(bye, 200)
        await goodbye
        far.close()


@pytest.mark.timeout(180)
async def test_the_terminal_lists_adds_changes_and_removes(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "1000") as (ann,):

        async def does(*words: str) -> str:
            code, said = await softswitch(program, *words)
            assert code == 0, said
            return said

        (program.directory / "secret").write_text("of-eva\n")
        assert "added" in await does("extensions", "add", "1100", "password=@secret", "name=Eva")
        assert "added" in await does("groups", "add", "700", "members=[1000, 1100]", "ring_time=9")
        listed = await does("extensions", "list")
        assert all(word in listed for word in ("1000-1009", "the file", "name=Eva", "700"))
        assert "of-eva" not in listed + await does("extensions", "show", "1100")
        eva = Peer("1100", program, password="of-eva")
        await eva.open()
        assert await registered(eva) == 200
        await does("extensions", "change", "1100", "name=Eve")
        shown = json.loads(await does("groups", "list", "--json"))
        assert [each["entry"]["members"] for each in shown] == [["1000", "1100"]]
        code, said = await softswitch(program, "extensions", "remove", "1100")
        assert (code, said) == (1, "extension 700: members: expected an extension, not '1100'\n")
        code, said = await softswitch(program, "extensions", "remove", "600")
        assert (code, "is fixed in" in said) == (1, True)
        await does("groups", "remove", "700")
        await does("extensions", "remove", "1100")
        assert await dialled(ann, "1100") == 404
        code, said = await softswitch(program, "extensions", "add", "11 00", "colour=red")
        assert (code, len(said.splitlines())) == (1, 2)
        eva.close()


@pytest.mark.timeout(180)
async def test_files_of_other_switches_are_imported_as_a_whole(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program:
        (tmp_path / "users.csv").write_text(
            "Extension,Display Name,Secret,Voicemail\n1100,Eva,of-eva,yes\n1101,Otto,of-otto,no\n"
        )
        code, said = await softswitch(program, "import", "users.csv", "--dry-run")
        assert (code, "of-eva" in said) == (0, False)
        assert (await program.v1("GET", "phones"))[1]["total"] == 1
        code, said = await softswitch(program, "import", "users.csv")
        assert (code, said) == (
            0, "users.csv:1: column Voicemail: left out\n2 extensions added\n",
        )  # fmt: skip
        eva = Peer("1100", program, password="of-eva")
        await eva.open()
        assert await registered(eva) == 200
        eva.close()

        rows = [f"{20_000 + each},Phone,p,-{each + 1}" for each in range(10_000)]
        wrong = "number,name,password,ring_time\n1200,Good,p,9\n" + "\n".join(rows)
        (tmp_path / "wrong.csv").write_text(wrong)
        code, said = await softswitch(program, "import", "wrong.csv")
        lines = said.splitlines()
        assert code == 1
        at = "wrong.csv:3: column ring_time: extension 20000: ring_time: "
        assert lines[0] == f"{at}expected more than 0"
        assert lines[-2:] == [
            "and 9980 mistakes more; --all prints them", "nothing is imported",
        ]  # fmt: skip
        assert (await program.v1("GET", "extensions/1200"))[0] == 404
        code, dry = await softswitch(program, "import", "wrong.csv", "--dry-run")
        assert (code, dry) == (1, said)
        code, said = await softswitch(program, "import", "wrong.csv", "--skip-mistakes")
        assert (code, said.splitlines()[-1]) == (0, "1 extension added")

        (tmp_path / "more.csv").write_text(
            "ext,Ring Time,DTMF,ringback,password\n1100,,,,p\n1300,x,foo,,p\n1300,,,,p\n"
            "1301,,,no.wav,p\n,,,,p\n1302,,,,p\n"
        )
        code, dry = await softswitch(program, "import", "more.csv", "--dry-run")
        assert (code, [line.partition(": expected")[0] for line in dry.splitlines()]) == (1, [
            "more.csv:2: extension 1100: is there already, expected another",
            "more.csv:3: column DTMF: extension 1300: dtmf",
            "more.csv:3: column Ring Time: extension 1300: ring_time",
            "more.csv:4: extension 1300: is there already, added by line 3, expected another",
            "more.csv:5: column ringback: extension 1301: ringback: no.wav cannot be read: "
            "No such file or directory, expected an audio file",
            "more.csv:6: column ext",
            "nothing is imported",
        ])  # fmt: skip
        assert await softswitch(program, "import", "more.csv") == (code, dry)
        assert (await program.v1("GET", "extensions/1302"))[0] == 404

        (tmp_path / "pjsip.conf").write_text(
            "[line]\ntype = endpoint\naors = line\n[line]\ntype = aor\n"
            "contact = sip:127.0.0.1:5999\nqualify_frequency = 60\n"
        )
        code, said = await softswitch(program, "import", "pjsip.conf")
        assert (code, said.splitlines()) == (
            0, ["pjsip.conf:7: aor: qualify_frequency: left out", "1 trunk added"],
        )  # fmt: skip
        (tmp_path / "extensions.conf").write_text(
            "[a]\nexten => 700,1,Dial(PJSIP/1100&PJSIP/1101)\nexten => _0X.,1,"
            "Dial(PJSIP/${EXTEN:1}@line)\n"
        )
        code, said = await softswitch(program, "import", "extensions.conf")
        assert (code, said) == (0, "1 extension, 1 route added\n")
        code, said = await softswitch(program, "import", "extensions.conf")
        assert (code, said.splitlines()[0]) == (
            1, "extensions.conf:2: extension 700: is there already, expected another",
        )  # fmt: skip
        code, said = await softswitch(program, "import", "nothing.csv")
        assert (code, said) == (2, "nothing.csv: cannot be read: No such file or directory\n")
