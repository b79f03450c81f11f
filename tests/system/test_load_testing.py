"""Every command of docs/load-testing.md, and that of the README, runs as it is printed."""

from __future__ import annotations

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.program import REPOSITORY, Program, running

SETTINGS = "benchmarks/load.toml"


def printed(page: str) -> list[str]:
    """The commands of a page that begin with `sipp`, in their order."""
    return re.findall(r"^    (sipp .*)$", (REPOSITORY / page).read_text(), re.MULTILINE)


class Commands:
    """Runs the commands against a switch, with its ports instead of those that are printed."""

    def __init__(self, program: Program) -> None:
        self._port, self._callee = program.sip_port, free_port()
        phones = (REPOSITORY / "benchmarks" / "scenarios" / "phones.csv").read_text()
        self._phones = program.directory / "phones.csv"
        self._phones.write_text(phones.replace(";5070;", f";{self._callee};"))

    async def start(self, command: str) -> asyncio.subprocess.Process:
        words = shlex.split(command)
        words[1] = f"127.0.0.1:{self._port}"
        words = [str(self._phones) if word.endswith("phones.csv") else word for word in words]
        words = [str(self._callee) if word == "5070" else word for word in words]
        if "-p" not in words:
            words += ["-p", str(free_port())]
        return await asyncio.create_subprocess_exec(
            *words,
            *("-mp", str(free_port())),
            "-nostdin",
            cwd=REPOSITORY,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )

    async def succeeds(self, command: str, seconds: float = 60) -> None:
        """Run it to its end: exit code 0 says that every call has succeeded."""
        process = await self.start(command)
        try:
            async with asyncio.timeout(seconds):
                output, _ = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        assert process.returncode == 0, output.decode("utf-8", "replace")[-3000:]


def named(scenario: str) -> str:
    """The command of the page that runs a scenario."""
    (command,) = [line for line in printed("docs/load-testing.md") if f" {scenario} " in f"{line} "]
    return command


@pytest.mark.timeout(120)
@pytest.mark.parametrize("page", ["README.md", "docs/load-testing.md"])
async def test_plain_sipp_calls_by_the_trunk_that_is_known_by_its_address(
    tmp_path: Path, page: str
) -> None:
    command = printed(page)[0]
    assert "-sn uac" in command
    async with running(tmp_path, "", shipped=SETTINGS) as program:
        await Commands(program).succeeds(command)
        await program.until_metric("softswitch_calls", 0)
        assert await program.metric("softswitch_trunk_invites_received_total") == 100


@pytest.mark.timeout(180)
async def test_phones_register_and_call_each_other(tmp_path: Path) -> None:
    async with running(tmp_path, "", shipped=SETTINGS) as program:
        commands = Commands(program)
        await commands.succeeds(named("benchmarks/scenarios/register.xml"))
        assert await program.metric("softswitch_registrations") == 100
        answering = await commands.start(named("benchmarks/scenarios/callee.xml"))
        try:
            await commands.succeeds(named("benchmarks/scenarios/caller.xml"))
        finally:
            answering.kill()
            await answering.communicate()


@pytest.mark.timeout(120)
async def test_a_menu_with_keys(tmp_path: Path) -> None:
    async with running(tmp_path, "", shipped=SETTINGS) as program:
        await Commands(program).succeeds(named("benchmarks/scenarios/keys.xml"))
        await program.until_metric("softswitch_calls", 0)


@pytest.mark.timeout(120)
async def test_media_to_the_echo_and_back(tmp_path: Path) -> None:
    async with running(tmp_path, "", shipped=SETTINGS) as program:
        await Commands(program).succeeds(named("benchmarks/scenarios/media.xml"))
        await program.until_metric("softswitch_calls", 0)
        received = await program.metric("softswitch_media_packets_received_total")
        sent = await program.metric("softswitch_media_packets_sent_total")
        assert received > 20 * 2 * 50 * 0.8
        assert sent > 20 * 2 * 50 * 0.8


def test_every_command_of_the_page_has_its_test() -> None:
    assert len(printed("docs/load-testing.md")) == 6
