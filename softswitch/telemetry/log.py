"""The log: one event a line on standard error, call id first, no control character in it.

Every part writes with `log = structlog.get_logger()` and `log.info("call answered", call=…)`: the
key `call` is printed first. Calls below the level of the settings cost well under a microsecond.
Records of the standard library (aiohttp, asyncio, SQLAlchemy) become lines of the same kind.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import sys
import time
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from softswitch.telemetry.recent import RecentLines

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}
LONGEST_VALUE = 2048
"Characters of one value; a longer one is cut and says so."
SECRETS = re.compile(
    r"""(?im)(
        ^(?:proxy-)?authorization[ \t]*:.*?\bresponse[ \t]*=[ \t]*"?   # the digest's answer
      | \binline:[ \t]*                                              # the key of a=crypto
      | ^a=ice-pwd:                                                  # what checks of ICE prove
      | ^k=(?:clear|base64):                                         # a key of RFC 4566
      )[^",;|\s]+""",
    re.VERBOSE,
)


def escape(text: str) -> str:
    """Make control characters, line ends and invisible marks visible, and bound the length."""
    if len(text) > LONGEST_VALUE:
        text = f"{text[:LONGEST_VALUE]}… ({len(text)} characters)"
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode("ascii")
        for character in text
    )


def mask(text: str) -> str:
    """Hide what would let a reader of the log impersonate a user: digest answers and keys."""
    return SECRETS.sub(r"\1***", text)


RECENT = RecentLines(mask)
"The last warnings and errors of this process."


def configure(level: str = "info", style: str = "text", stream: TextIO | None = None) -> None:
    """Set up structlog and the standard library's logging; `style` is `text` or `json`."""
    render = _json_line if style == "json" else _text_line
    out = _Stream(stream or sys.stderr)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            RECENT,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=lambda *_: out,
        cache_logger_on_first_use=True,
    )
    handler = _Records(out, render)
    logging.basicConfig(level=max(LEVELS[level], LEVELS["warning"]), handlers=[handler], force=True)


class _Stream:
    """Where lines go; a reader that has gone away does not stop the switch."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(line + "\n")
            self._stream.flush()

    debug = info = warning = error = critical = exception = msg = write


class _Records(logging.Handler):
    """Lines for what libraries log through the standard library."""

    def __init__(self, out: _Stream, render: Any) -> None:
        super().__init__()
        self._out = out
        self._render = render

    def emit(self, record: logging.LogRecord) -> None:
        try:
            event: MutableMapping[str, Any] = {
                "event": record.getMessage(),
                "level": record.levelname.lower(),
                "source": record.name,
            }
            if record.exc_info:
                event["exc_info"] = record.exc_info
                event = structlog.processors.format_exc_info(None, "", event)
            event = RECENT(None, "", event)
            self._out.write(self._render(None, "", event))
        except Exception:
            self.handleError(record)


_second = (0, "")


def _timestamp() -> str:
    """UTC with milliseconds; everything but these is kept from the last call within a second."""
    global _second  # noqa: PLW0603
    now = time.time()
    whole = int(now)
    if _second[0] != whole:
        _second = (whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)))
    return f"{_second[1]}.{int((now - whole) * 1000):03d}Z"


def _text_line(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    call = event.pop("call", None)
    level = event.pop("level")
    said = event.pop("event")
    exception = event.pop("exception", None)
    lines = event.pop("lines", None)
    parts = [_timestamp(), f"{level:<7}"]
    if call:
        parts.append(f"[{escape(str(call))}]")
    parts.append(escape(str(said)))
    parts.extend(f"{key}={_value(value)}" for key, value in event.items())
    line = " ".join(parts)
    for block in (lines, exception):
        if block:
            line += "".join(f"\n  | {escape(part)}" for part in block.splitlines())
    return line


def _value(value: object) -> str:
    text = escape(value if isinstance(value, str) else str(value))
    return f'"{text}"' if " " in text or not text else text


def _json_line(_: object, __: str, event: Mapping[str, Any]) -> str:
    return json.dumps({"time": _timestamp(), **event}, default=str, ensure_ascii=True)
