"""Rules of the dial plan in the running switch, with a carrier that reads what it gets."""

from __future__ import annotations

import asyncio
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from baresip import CallFailed

from tests.ports import free_port, free_ports
from tests.system.application import application
from tests.system.carrier import Carrier, listening
from tests.system.peer import header, peers, status
from tests.system.phones import phones
from tests.system.program import Program, running, until

OUTSIDE = "127.0.0.2"

SETTINGS = """
[[extensions]]
type = "phone"
range = "1000-1001"
password = "pw{number}"
rights = ["internal", "national"]

[[trunks]]
name = "carrier"
host = "127.0.0.2:%d"
keep_alive = 0

[[classes]]
name = "national"
prefixes = ["0"]
[[classes]]
name = "premium"
prefixes = ["0900"]

[[calendars]]
name = "never"
hours = ["mon 00:00-00:01"]
holidays = ["01-01..12-31"]

[[routes]]
name = "asleep"
number = "0*"
to = "refuse:480"
when_open = "never"
[[routes]]
name = "mobile"
number = "_0(1[5-7]X.)"
to = "trunk:carrier"
called = "+49{1}"
caller = "+4930{caller}"
[[routes]]
number = "_0X."
to = "trunk:carrier"
[[routes]]
number = "4711"
to = "refuse:410"
reason = "This number has changed"
"""


@asynccontextmanager
async def switch(directory: Path, settings: str = "") -> AsyncIterator[tuple[Program, Carrier]]:
    """The switch and its carrier."""
    carrier = Carrier(OUTSIDE, free_port())
    async with (
        listening(carrier),
        running(directory, SETTINGS % carrier.port + settings) as program,
    ):
        yield program, carrier


async def told(program: Program, *words: str) -> str:
    """What the command line says."""
    _, said = await program.terminal(*words)
    return said


@pytest.mark.timeout(60)
async def test_a_rule_makes_both_numbers_and_the_command_tells_which(tmp_path: Path) -> None:
    async with switch(tmp_path) as (program, carrier), phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("015112345")
        await call.wait_established(timeout=10)
        invite = next(text for text in carrier.heard if text.startswith("INVITE "))
        assert invite.startswith(f"INVITE sip:+4915112345@{OUTSIDE}")
        assert f"sip:+49301000@{OUTSIDE}" in header(invite, "From")
        await call.hangup()
        lines = (await told(program, "route", "015112345", "--from", "1000")).splitlines()
        first, then = lines[0].split(", then ")
        assert first == "015112345 goes out: carrier as +4915112345 from +49301000"
        assert then == "carrier as 015112345"
        assert lines[1] == "  class: national"
        assert re.search(r"– asleep → refuse:480: the calendar never is closed", lines[3])
        assert re.search(r"✓ mobile → trunk:carrier: 015112345 matches", lines[4])
        assert (await told(program, "route", "0900", "--from", "1000")).startswith(
            "0900 is refused with 403: 1000 has no right to premium"
        )
        assert "there is no such one" in await told(program, "route", "1", "--from", "1234")


@pytest.mark.timeout(60)
async def test_who_has_no_right_is_told_so(tmp_path: Path) -> None:
    async with switch(tmp_path) as (program, carrier), phones() as makers:
        anna = await makers.register(program, "1000")
        for number, status in (("0900123", "403"), ("4711", "410"), ("815", "404")):
            call = await anna.dial(number)
            with pytest.raises(CallFailed, match=status):
                await call.wait_established(timeout=10)
        assert carrier.invites == 0
        log = program.log_file.read_text()
        assert "1000 has no right to premium" in log


BUDGET = """
[[budgets]]
name = "out"
calls = 2
minutes = 600
"""


@pytest.mark.timeout(90)
async def test_a_budget_outlives_a_crash_and_tells_that_it_is_used_up(tmp_path: Path) -> None:
    async with switch(tmp_path, BUDGET) as (program, carrier), phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        await call.wait_established(timeout=10)
        await call.hangup()
        await program.until_metric("softswitch_trunk_calls", 0)
        await program.kill()
        await program.start()
        call = await anna.dial("030123")
        await call.wait_established(timeout=10)
        await call.hangup()
        await program.until_metric("softswitch_trunk_calls", 0)
        assert "budget used up" not in program.log_file.read_text()
        refused = await anna.dial("030123")
        with pytest.raises(CallFailed, match="403"):
            await refused.wait_established(timeout=10)
        assert carrier.invites == 2
        log = program.log_file.read_text()
        assert re.search("budget used up.*budget='?out'?.*subject='?1000", log)
        assert re.search("security event.*SessionLimit", log)
        assert await program.metric("softswitch_budget_calls") == 2
        ben = await makers.register(program, "1001")
        call = await ben.dial("030123")  # each extension by itself
        await call.wait_established(timeout=10)
        await call.hangup()


HELP = """
[emergency]
numbers = ["112"]
trunks = ["spare", "carrier"]
callback = "+493012345"
location = "Main Street 1, Berlin"
tell = ["1001", "desk@example.org"]

[[trunks]]
name = "spare"
host = "127.0.0.2:%d"
keep_alive = 0

[[connections]]
name = "files"
type = "folder"
outgoing = "%s/out"
incoming = "%s/in"

[[message_routes]]
connections = ["files"]

[notifications]
emergency = "%s"

[limits]
calls = 1
"""


@pytest.mark.timeout(90)
async def test_an_emergency_call_passes_and_is_told(tmp_path: Path) -> None:
    spare = Carrier(OUTSIDE, free_port(), behaviour="503")
    async with application() as web, listening(spare):
        more = HELP % (spare.port, tmp_path, tmp_path, web.url("/emergency"))
        no_rights = SETTINGS.replace('rights = ["internal", "national"]', "rights = []")
        carrier = Carrier(OUTSIDE, free_port())
        async with (
            listening(carrier),
            running(tmp_path, no_rights % carrier.port + more) as program,
            phones() as makers,
        ):
            anna = await makers.register(program, "1000")
            ben = await makers.register(program, "1001")
            refused = await ben.dial("030123")
            with pytest.raises(CallFailed, match="403"):
                await refused.wait_established(timeout=10)
            call = await anna.dial("112")
            await call.wait_established(timeout=10)
            again = await ben.dial("112")  # above limits.calls
            await again.wait_established(timeout=10)
            assert spare.invites >= 1  # out of order: the next trunk took the call
            invite = next(text for text in carrier.heard if text.startswith("INVITE "))
            assert invite.startswith(f"INVITE sip:112@{OUTSIDE}")
            assert "sip:+493012345@" in header(invite, "From")
            assert "sip:+493012345@" in header(invite, "P-Asserted-Identity")
            assert header(invite, "Priority") == "emergency"
            assert "<ca:LOC>Main Street 1, Berlin</ca:LOC>" in invite
            told = await web.heard("EmergencyCall")
            assert told["DialedNumber"] == "112"
            assert (told["CallerId"], told["Location"]) == ("1000", "Main Street 1, Berlin")
            # One mail for each of the two calls, in either order.
            said = "Emergency call to 112 from 1000 at Main Street 1, Berlin"
            mails = (tmp_path / "out").glob
            await until(lambda: any(said in mail.read_text() for mail in mails("*.json")))
            assert await program.metric("softswitch_emergency_calls_total") == 2
            log = program.log_file.read_text()
            assert re.search("emergency call.*number='?112.*caller='?1000", log)
            assert re.search("MESSAGE.*1001", log)  # the phone was sent a text
            await call.hangup()
            await again.hangup()
            await program.until_metric("softswitch_trunk_calls", 0)


@pytest.mark.timeout(60)
async def test_an_emergency_call_has_media_when_others_have_all_ports(tmp_path: Path) -> None:
    carrier = Carrier(OUTSIDE, free_port())
    more = '[emergency]\nnumbers = ["112"]\n[[extensions]]\ntype = "echo"\nnumber = "600"\n'
    async with (
        listening(carrier),
        running(tmp_path, SETTINGS % carrier.port + more, media_ports=free_ports(16)) as program,
        peers(program, "1000") as (anna,),
    ):
        dialogs, statuses = [], []
        for number in ("600",) * 7 + ("112",):
            invite = await anna.invite(number)
            answer = await anna.answer_to(invite)
            statuses.append(status(answer))
            if status(answer) == 200:
                dialogs.append(anna.established(invite, answer))
        await program.until_metric("softswitch_media_ports", 8)  # two of them for the last call
        for dialog in dialogs:
            await dialog.hang_up()
        assert statuses == [200] * 6 + [503, 200]


@pytest.mark.timeout(90)
async def test_nobody_takes_an_emergency_call_and_the_operator_hears_why(tmp_path: Path) -> None:
    dead = Carrier(OUTSIDE, free_port(), behaviour="503")
    async with application() as web, listening(dead):
        help_ = f"""
[emergency]
numbers = ["112"]
location = "Main Street 1"
tell = ["1001"]
[notifications]
emergency = "{web.url("/emergency")}"
"""
        async with (
            running(tmp_path, SETTINGS % dead.port + help_) as program,
            phones() as makers,
        ):
            anna = await makers.register(program, "1000")
            await makers.register(program, "1001")
            call = await anna.dial("0112")  # a route would send it as 0112, not as 112
            with pytest.raises(CallFailed):
                await call.wait_established(timeout=10)
            assert "emergency call" not in program.log()
            call = await anna.dial("112")
            with pytest.raises(CallFailed, match="500"):
                await call.wait_established(timeout=10)
            await web.heard("EmergencyCall", DialedNumber="112", Location="Main Street 1")
            failed = await web.heard("EmergencyCallFailed", DialedNumber="112")
            assert failed["Reason"]
            assert await program.metric("softswitch_emergency_calls_failed_total") == 1
            await until(lambda: program.log().count("MESSAGE sip:1001") >= 2)


@pytest.mark.timeout(90)
async def test_a_switch_that_is_to_end_carries_emergency_calls(tmp_path: Path) -> None:
    help_ = '[emergency]\nnumbers = ["112"]\n'
    async with switch(tmp_path, help_) as (program, carrier), phones() as makers:
        anna = await makers.register(program, "1000")
        ben = await makers.register(program, "1001")
        call = await anna.dial("112")
        await call.wait_established(timeout=10)
        assert program.process is not None
        program.process.send_signal(signal.SIGTERM)
        await until(lambda: "draining" in program.log())
        refused = await ben.dial("030123")
        with pytest.raises(CallFailed, match="503"):
            await refused.wait_established(timeout=10)
        late = await ben.dial("112")
        await late.wait_established(timeout=10)
        await asyncio.sleep(2)  # shutdown.grace_time is 0
        assert program.process.returncode is None
        await call.hangup()
        await late.hangup()
        async with asyncio.timeout(15):
            assert await program.process.wait() == 0
        assert len([text for text in carrier.heard if text.startswith("BYE ")]) == 2


@pytest.mark.timeout(90)
async def test_a_budget_is_shown_and_begins_again(tmp_path: Path) -> None:
    budget = '[[budgets]]\nname = "day"\ncalls = 1\n'
    async with switch(tmp_path, budget) as (program, _), phones() as makers:
        assert await told(program, "budgets", "used") == "nothing is used today\n"
        anna = await makers.register(program, "1000")
        call = await anna.dial("030123")
        await call.wait_established(timeout=10)
        await call.hangup()
        refused = await anna.dial("030123")
        with pytest.raises(CallFailed, match="403"):
            await refused.wait_established(timeout=10)
        said = await told(program, "budgets", "used", "day")
        assert re.search(r"day\W+1000\W+1 of 1\W", said), said
        assert "used up" in said
        assert "expected an extension" in await told(program, "budgets", "reset", "day")
        said = await told(program, "budgets", "reset", "day", "1000")
        assert said == "day begins again for 1000\n"
        assert re.search(r"budget begins again.*budget='?day.*user='?admin", program.log())
        await program.kill()
        await program.start()  # what was forgotten stays so
        await makers.register(program, "1001")
        again = await anna.dial("030123")
        await again.wait_established(timeout=10)
        await again.hangup()
        said = await told(program, "budgets", "reset", "day", "--all")
        assert said == "day begins again for all\n"
