"""Reads Asterisk's extensions.conf: what a number does first becomes an extension or a route.

A dial plan is a program, of which only the usual lines have a counterpart: Dial to phones is a
group, Dial by a trunk a route, ConfBridge a conference, Echo an echo. All others are reported.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from softswitch.live.imports.asterisk_files import AsteriskSection, read_sections
from softswitch.live.imports.imported import Imported, ImportedEntry

SILENT = frozenset(("answer", "hangup", "noop", "ringing", "wait", "progress"))
"Applications that need no counterpart."
_DEVICE = re.compile(r"(?:PJSIP|SIP|IAX2|DAHDI)/([^,&)]*)", re.IGNORECASE)
_EXTEN = re.compile(r"(.*?)\$\{EXTEN(?::([0-9]+))?\}", re.IGNORECASE)


class _Step(NamedTuple):
    number: str
    application: str
    data: str
    line: int


def read_extensions_conf(text: str) -> Imported:
    """The groups, conferences, echoes and routes of the file."""
    found = Imported()
    for section in read_sections(text, found):
        if section.name in ("general", "globals"):
            for pair in section.pairs:
                found.leave_out(pair.line, f"[{section.name}]")
            continue
        known: set[str] = set()
        for step in _steps(section, found):
            entry = _entry(step)
            if entry is not None and step.number not in known:
                known.add(step.number)
                if entry:
                    found.entries.append(entry[0])
            elif step.application.lower() not in SILENT:
                found.leave_out(step.line, f"{step.application}()")
    return found


def _steps(section: AsteriskSection, found: Imported) -> list[_Step]:
    """The lines of a context that are steps of a number."""
    steps: list[_Step] = []
    number = ""
    for key, value, line in section.pairs:
        if key not in ("exten", "same"):
            found.leave_out(line, f"{key} =>")
            continue
        parts = value.split(",", 2) if key == "exten" else [number, *value.split(",", 1)]
        if len(parts) < 3:
            found.mistakes.append((line, "expected NUMBER,PRIORITY,APPLICATION"))
            continue
        number = parts[0].strip()
        application, _, data = parts[2].partition("(")
        steps.append(_Step(number, application.strip(), data.rstrip().removesuffix(")"), line))
    return steps


def _entry(step: _Step) -> list[ImportedEntry] | None:
    """What a step makes of its number: an entry, nothing as the phone itself; None: no entry."""
    data = step.data.split(",")
    match step.application.lower():
        case "dial":
            return _dial(step, data)
        case "confbridge" | "meetme":
            return _extension(step, {"type": "conference"})
        case "echo":
            return _extension(step, {"type": "echo"})
        case _:
            return None


def _extension(step: _Step, body: dict[str, Any]) -> list[ImportedEntry] | None:
    if not re.fullmatch(r"[0-9*#+]+", step.number):
        return None
    return [ImportedEntry("extensions", {"number": step.number, **body}, step.line)]


def _dial(step: _Step, data: list[str]) -> list[ImportedEntry] | None:
    devices = _DEVICE.findall(data[0])
    seconds = data[1].strip() if len(data) > 1 else ""
    if len(devices) == 1 and ("@" in devices[0] or "/" in devices[0]):
        return _route(step, devices[0])
    if not devices or any(re.search(r"[${}@/]", device) for device in devices):
        own = [device.upper() for device in devices]
        return [] if own == ["${EXTEN}"] else None
    if devices == [step.number]:
        return []
    body: dict[str, Any] = {"type": "group", "members": devices}
    if re.fullmatch(r"[0-9]+", seconds):
        body["ring_time"] = seconds
    return _extension(step, body)


def _route(step: _Step, device: str) -> list[ImportedEntry] | None:
    """Dial(PJSIP/${EXTEN:1}@carrier), or Dial(SIP/carrier/${EXTEN:1})."""
    dialled, at, trunk = device.partition("@")
    if not at:
        trunk, _, dialled = device.partition("/")
    match = _EXTEN.fullmatch(dialled)
    if match is None or not re.fullmatch(r"[A-Za-z0-9_.-]+", trunk):
        return None
    body: dict[str, Any] = {"number": step.number, "to": f"trunk:{trunk}"}
    if match[2]:
        body["strip"] = match[2]
    if match[1]:
        body["prefix"] = match[1]
    return [ImportedEntry("routes", body, step.line)]
