"""Answers of applications as documents: what parses as OzML is OzML, whatever it calls itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress

import pytest
from structlog.testing import capture_logs

from softswitch.guard.fetcher import Fetched, Fetcher, NoConnection
from softswitch.ozml.notifications import (
    QUICKLY_READ,
    Applications,
    Document,
    ScriptUnavailable,
)

SCRIPT = b'\n<?xml version="1.0" encoding="utf-16"?>\n<Response><Beep/></Response>'
SECRET = "http://user:secret@app.example/a?token=secret"


class Answering(Fetcher):
    """Answers every request with the same."""

    def __init__(
        self, body: bytes, content_type: str, charset: str | None = None, *, status: int = 200
    ) -> None:
        super().__init__()
        self._answer = Fetched("http://app.example/a", status, {}, content_type, charset, body)

    async def post(self, url: str, fields: Mapping[str, str], *, cookies: object = None) -> Fetched:
        return self._answer


async def ask(body: bytes, content_type: str) -> Document | None:
    applications = Applications(Answering(body, content_type))
    return await applications.notify("http://app.example/a", "IncomingCall", {})


@pytest.mark.parametrize(
    "content_type",
    ["application/xml", "text/html", "application/octet-stream", "application/json", "image/png"],
)
async def test_any_content_type_may_be_ozml(content_type: str) -> None:
    document = await ask(SCRIPT, content_type)
    assert document is not None
    assert [command.name for command in document.root.children] == ["Beep"]


@pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf\n"])
async def test_an_empty_answer_is_no_script(body: bytes) -> None:
    assert await ask(body, "text/html") is None


async def test_the_error_of_a_page_names_it() -> None:
    page = b"<!DOCTYPE html><html><head><title>Index of /</title></head></html>"
    with pytest.raises(ScriptUnavailable) as caught:
        await ask(page, "text/html")
    assert "calls itself text/html" in str(caught.value)
    assert "an HTML page, titled 'Index of /'" in str(caught.value)


async def test_the_error_of_other_answers_names_their_type() -> None:
    with pytest.raises(ScriptUnavailable, match="calls itself application/json, is no OzML: line"):
        await ask(b'{"ok": true}', "application/json")


@pytest.mark.parametrize("status", [302, 404, 500])
async def test_an_answer_that_is_no_success_is_no_script(status: int) -> None:
    applications = Applications(Answering(SCRIPT, "application/xml", status=status))
    with pytest.raises(ScriptUnavailable, match=f"http://app.example/a: answered {status}"):
        await applications.notify("http://app.example/a", "IncomingCall", {})


async def test_a_long_answer_is_a_script_as_a_short_one_is() -> None:
    commands = b"<Beep/>" * (QUICKLY_READ // 7 + 1)
    document = await ask(b"<Response>" + commands + b"</Response>", "application/xml")
    assert document is not None
    assert len(document.root.children) == QUICKLY_READ // 7 + 1


class Broken(Fetcher):
    """Reaches no server."""

    async def post(self, url: str, fields: Mapping[str, str], *, cookies: object = None) -> Fetched:
        raise NoConnection("http://app.example/a: connection refused")


async def test_the_log_says_in_one_line_which_application_was_asked() -> None:
    fields = {"CallId": "c1", "ApiExtension": "9000"}
    with capture_logs() as lines:
        for fetcher in (
            Answering(b"", "text/xml"),
            Answering(b"", "text/xml", status=503),
            Broken(),
        ):
            with suppress(ScriptUnavailable):
                await Applications(fetcher).notify(SECRET, "IncomingCall", fields)
    assert [line.pop("status") for line in lines] == ["200", "503", "none"]
    for line in lines:
        assert 0 <= line.pop("milliseconds") < 1_000
        assert line == {
            "event": "application asked",
            "log_level": "info",
            "call": "c1",
            "notification": "IncomingCall",
            "extension": "9000",
            "url": "http://app.example/a",
        }
