"""Lamps of real watchers: SIPp subscribes, phones of text call each other."""

from __future__ import annotations

import asyncio
import re
import signal
import time
from datetime import datetime
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.system.debian_baresip import DebianBaresip, debian_baresip
from tests.system.peer import header, peers, status
from tests.system.program import Program, running, until
from tests.system.sipp import Sipp

SETTINGS = """
[guard]
trusted = ["127.0.0.1/32"]
[[extensions]]
range = "1000-1099"
type = "phone"
password = "pw{number}"
"""
FOLLOWS = 0.2
"Seconds within which a lamp follows its phone."


def watchers(count: int, watched: str) -> list[tuple[str, ...]]:
    """Number, credentials in SIPp's words, and whom it watches."""
    numbers = range(1010, 1010 + count)
    return [(f"{n}", f"[authentication username={n} password=pw{n}]", watched) for n in numbers]


def seen(messages: Path) -> list[tuple[float, str]]:
    """When SIPp has taken each state of a dialog, Unix time in seconds, from its trace."""
    found = []
    for part in re.split(r"^-{20,} ", messages.read_text(), flags=re.MULTILINE)[1:]:
        stamp, _, text = part.partition("\n")
        state = re.search(r"<state>(\w+)</state>", text)
        if "message received" in text and state is not None:
            when = datetime.strptime(stamp.strip()[:26].replace("\t", " "), "%Y-%m-%d %H:%M:%S.%f")
            found.append((when.timestamp(), state[1]))
    return found


async def until_watched(program: Program, count: int) -> None:
    await program.until_metric("softswitch_subscriptions", count, 10)


@pytest.mark.timeout(60)
async def test_the_lamp_follows_the_phone(tmp_path: Path) -> None:
    """Each state of the phone is on the lamp within 200 ms."""
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as phones:
        anna, ben = phones
        await ben.register()
        watcher = Sipp(tmp_path, "watcher", port=free_port())
        messages = tmp_path / "messages.log"
        await watcher.start(
            f"127.0.0.1:{program.sip_port}",
            calls=1,
            users=watchers(1, "1001"),
            more=["-trace_msg", "-message_file", str(messages)],
        )
        await until_watched(program, 1)
        happened = []
        invite = await anna.invite("1001")
        asked = await ben.request("INVITE")
        happened.append((time.time(), "trying"))
        await asyncio.sleep(0.5)
        ben.respond(asked, 180)
        happened.append((time.time(), "early"))
        await asyncio.sleep(0.5)
        ben.respond(asked, 200, ben.sdp())
        happened.append((time.time(), "confirmed"))
        dialog = anna.established(invite, await anna.answer_to(invite))
        await ben.request("ACK")
        await asyncio.sleep(0.5)
        happened.append((time.time(), "terminated"))
        await dialog.hang_up()
        ben.respond(await ben.request("BYE"), 200)
        outcome = await watcher.finish(20)
        assert (outcome.successful, outcome.failed) == (1, 0), outcome.text
        shown = seen(messages)[:-1]  # the last one is the goodbye
        assert [state for _, state in shown] == [state for _, state in happened]
        late = [when - before for (when, _), (before, _) in zip(shown, happened, strict=True)]
        assert max(late) < FOLLOWS, late
        await program.until_metric("softswitch_subscriptions", 0)
        await program.until_metric("softswitch_dialogs", 0, 40)


@pytest.mark.timeout(90)
async def test_eighty_lamps_follow_one_phone(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as phones:
        anna, ben = phones
        await ben.register()
        watcher = Sipp(tmp_path, "watcher", port=free_port())
        messages = tmp_path / "messages.log"
        await watcher.start(
            f"127.0.0.1:{program.sip_port}",
            calls=80,
            rate=80,
            users=watchers(80, "1001"),
            more=["-trace_msg", "-message_file", str(messages)],
        )
        await until_watched(program, 80)
        invite = await anna.invite("1001")
        asked = await ben.request("INVITE")
        await asyncio.sleep(1)
        rang = time.time()
        ben.respond(asked, 180)
        await asyncio.sleep(1)
        anna.cancel(invite)
        await anna.answer_to(invite, 487)
        outcome = await watcher.finish(20)
        assert (outcome.successful, outcome.failed) == (80, 0), outcome.text
        early = [when - rang for when, state in seen(messages) if state == "early"]
        assert len(early) == 80
        assert max(early) < FOLLOWS, max(early)
        await program.until_metric("softswitch_subscriptions", 0)


@pytest.mark.timeout(60)
async def test_a_watcher_hears_that_the_switch_ends_and_is_not_known_to_the_next(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        subscribe = anna.new("SUBSCRIBE", "1001", "", "Event: dialog", "Expires: 300")
        answer = await anna.ask(subscribe)
        assert status(answer) == 200
        notify = await anna.request("NOTIFY")
        assert header(notify, "Subscription-State") == "active;expires=300"
        anna.respond(notify, 200)
        await program.stop()
        notify = await anna.request("NOTIFY")
        assert header(notify, "Subscription-State").startswith("terminated;reason=probation")
        await program.start()
        again = anna.last.replace("CSeq: 2 ", "CSeq: 3 ")
        again = re.sub(r"^To: .*?\r$", f"To: {header(answer, 'To')}\r", again, flags=re.MULTILINE)
        assert status(await anna.final(again)) == 481


async def contacts_of(debian: DebianBaresip) -> str:
    """The list of contacts with the presence of each, as the softphone shows it."""
    debian.command("contacts")
    async with asyncio.timeout(5):
        while True:
            event = await debian.events.get()
            if "response" in event:
                return str(event["data"])


async def shows(debian: DebianBaresip, presence: str) -> None:
    """Wait until the only contact is shown so."""
    for _ in range(100):
        if presence in await contacts_of(debian):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the contact is not {presence}")


@pytest.mark.timeout(90)
async def test_a_softphone_watches_a_contact_and_its_messages_and_publishes_itself(
    tmp_path: Path,
) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000", "1001") as phones:
        anna, ben = phones
        where = f"127.0.0.1:{program.sip_port}"
        account = f"<sip:1002@{where}>;auth_pass=pw1002;mwi=yes;pubint=60"
        modules = "module_app contact.so\nmodule_app mwi.so\nmodule_app presence.so"
        contacts = f'"Ben" <sip:1001@{where}>;presence=p2p\n'
        async with debian_baresip(tmp_path / "debian", account, modules, contacts) as debian:
            await debian.registered()
            await until(lambda: "Messages-Waiting: no" in debian.log(), 30)
            await shows(debian, "Online")
            await ben.register(expires=0)
            await shows(debian, "Offline")
            await ben.register()
            await shows(debian, "Online")
            await program.until_metric("softswitch_publications", 1, 20)
            watch = anna.new("SUBSCRIBE", "1002", "", "Event: presence", "Expires: 0")
            assert status(await anna.ask(watch)) == 200
            seen = await anna.request("NOTIFY")
            anna.respond(seen, 200)
            assert "<basic>open</basic>" in seen
        await program.until_metric("softswitch_subscriptions", 0, 20)


@pytest.mark.timeout(60)
async def test_a_reload_ends_what_is_not_allowed_any_more(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program, peers(program, "1000") as (anna,):
        subscribe = anna.new("SUBSCRIBE", "1001", "", "Event: dialog", "Expires: 300")
        assert status(await anna.ask(subscribe)) == 200
        notify = await anna.request("NOTIFY")
        anna.respond(notify, 200)
        program.settings = SETTINGS.replace("[[extensions]]", '[[extensions]]\nwatchers = ["1002"]')
        program.write_settings()
        assert program.process is not None
        program.process.send_signal(signal.SIGHUP)
        notify = await anna.request("NOTIFY")
        anna.respond(notify, 200)
        assert header(notify, "Subscription-State") == "terminated;reason=rejected"
        await program.until_metric("softswitch_subscriptions", 0)
