"""Notices of messages: what an application answers waits until scripts run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.kinds.phone import PHONE
from softswitch.calls.numbers.directory import Directory
from softswitch.commands.base.codes import CommandError
from softswitch.commands.base.context import ControlledCall
from softswitch.messaging.delivery.notices import Notice, NotTold
from softswitch.ozml.applications.message_notices import Answers, MessageNotices, run_answers
from softswitch.ozml.loading import read_script
from softswitch.ozml.notifications import Document, ScriptUnavailable
from softswitch.ozml.script_context import ScriptContext
from softswitch.ozml.terminal.simulation import SimulatedSwitch, sounds_below
from tests.calls.extensions import extension

SCRIPT = b"<Response><SendSms Recipient='1000'>Thank you</SendSms></Response>"
NOTICE = Notice("IncomingSMS", {"Text": "Hello", "Subject": ""}, "http://127.0.0.1/sms", "9994")


class Application:
    """Answers every notification with one script; down, with none."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, dict[str, str]]] = []
        self.is_up = True

    async def notify(self, url: str, name: str, fields: Mapping[str, str]) -> Document:
        if not self.is_up:
            raise ScriptUnavailable("no answer")
        self.told.append((url, name, dict(fields)))
        return read_script(SCRIPT)


def nobody(call_id: str) -> ControlledCall:
    raise AssertionError(call_id)


async def report(error: CommandError, _fields: object, _url: object) -> None:
    raise AssertionError(error.message)


async def test_an_answer_waits_until_scripts_run() -> None:
    application: Any = Application()
    answers, lines, work = Answers(), list[str](), list[asyncio.Future[None]]()
    await MessageNotices(application, Directory([], []), answers)(NOTICE)
    assert application.told == [(NOTICE.url, "IncomingSMS", {"Text": "Hello"})]
    assert answers.qsize() == 1
    context = ScriptContext(
        switch=SimulatedSwitch(lines.append),
        applications=application,
        find_call=nobody,
        find_sound=sounds_below(Path("/nonexistent")),
        report=report,
        start=lambda each: work.append(asyncio.ensure_future(each)),
    )
    running = asyncio.ensure_future(run_answers(answers, context))
    while not work:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await asyncio.gather(*work)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert lines == ["✉ to 1000: Thank you"]


async def test_an_application_that_is_down_is_told_again_later() -> None:
    application: Any = Application()
    application.is_up = False
    with pytest.raises(NotTold, match="no answer"):
        await MessageNotices(application, Directory([], []), Answers())(NOTICE)


@pytest.mark.parametrize(
    ("number", "url"),
    [
        ("9000", "http://app.example/own"),
        ("9001", "http://app.example/all"),
        ("600", "http://app.example/menu"),
        ("601", None),
        ("1000", None),
        ("4711", None),
    ],
)
async def test_the_application_of_the_extension_is_told(number: str, url: str | None) -> None:
    application: Any = Application()
    extensions = [
        extension("9000", API, url="http://app.example/own"),
        extension("9001", API),
        extension("600", IVR, url="http://app.example/menu"),
        extension("601", IVR, script="menu.xml"),
        extension("1000", PHONE, password="p"),
    ]
    notices = MessageNotices(
        application, Directory(extensions, []), Answers(), "http://app.example/all"
    )
    await notices(Notice("IncomingSMS", {"Text": "Hello"}, "", number))
    assert [told[0] for told in application.told] == ([] if url is None else [url])


async def test_a_script_that_cannot_run_ends_alone(logged: list[Any]) -> None:
    application: Any = Application()
    answers, work = Answers(), list[asyncio.Future[None]]()
    context = ScriptContext(
        switch=SimulatedSwitch(print),
        applications=application,
        find_call=nobody,
        find_sound=sounds_below(Path("/nonexistent")),
        report=report,
        start=lambda each: work.append(asyncio.ensure_future(each)),
    )
    answers.put_nowait((NOTICE, read_script(b"<Response><Nonsense/></Response>")))
    running = asyncio.ensure_future(run_answers(answers, context))
    while not work:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await asyncio.gather(*work)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    started, ended = logged
    assert (started["event"], started["script"]) == ("script started", NOTICE.name)
    assert (ended["event"], ended["log_level"]) == ("script ended", "warning")
    assert "Nonsense" in ended["reason"]
