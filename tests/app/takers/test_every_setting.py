"""Every key of the settings: a reload takes it while the switch runs, or says that it does not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from softswitch.app.assembly import LIVE_KEYS, build_parts, takers_of
from softswitch.app.source import source_of
from softswitch.app.takers.differences import nothing
from softswitch.live.kinds_of_entries import ENTRY_KINDS
from softswitch.live.snapshot import combined, fixed_entries
from softswitch.settings.connections import FolderConnectionSettings, MessageRouteSettings
from softswitch.settings.dialplan.addressbooks import Addressbook
from softswitch.settings.dialplan.budgets import BudgetSettings
from softswitch.settings.dialplan.calendars import CalendarSettings
from softswitch.settings.dialplan.routes import ClassSettings, RouteSettings
from softswitch.settings.dialplan.trunks import TrunkSettings
from softswitch.settings.exchange.events import WebhookSettings
from softswitch.settings.exchange.lamps import LampListSettings
from softswitch.settings.exchange.prompts import PromptSettings
from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import Settings
from softswitch.settings.server import HttpUser
from tests.app.test_application import settings

LIVE = set(LIVE_KEYS)
FOLLOWED = ("provisioning",)
"Tables that are asked for anew whenever they are needed: no part has to take them."
OTHERS: dict[str, Any] = {
    "media.country": "de",
    "media.error_prompt": Path("sorry.wav"),
    "media.hold_music": Path("hold.wav"),
    "media.ports": range(20_000, 30_000),
    "media.srtp": "required",
    "http.users": (HttpUser(username="bob", password="s3cret"),),
    "notifications.emergency": "http://127.0.0.1:1/emergency",
    "dialling.rights": ("internal",),
    "emergency.numbers": ("112",),
    "emergency.trunks": ("carrier",),
    "emergency.tell": ("1000",),
    "extensions": (PhoneExtension(number="1999", password="s3cret"),),
    "trunks": (TrunkSettings(name="carrier", host="192.0.2.1"),),
    "routes": (RouteSettings(number="0*", to="refuse:403"),),
    "classes": (ClassSettings(name="premium", prefixes=("0900",)),),
    "budgets": (BudgetSettings(name="day", calls=5),),
    "calendars": (CalendarSettings(name="office", hours=("mon-fri 08:00-17:00",)),),
    "addressbooks": (Addressbook(name="office"),),
    "lamp_lists": (LampListSettings(name="reception", extensions=("1000",)),),
    "webhooks": (
        WebhookSettings(name="crm", url="http://127.0.0.1:1/", secret="0123456789abcdef"),
    ),
    "prompts": (PromptSettings(name="closed", text="We are closed."),),
    "connections": (FolderConnectionSettings.model_construct(name="files"),),
    "message_routes": (MessageRouteSettings.model_construct(connections=()),),
}
"Other values than the defaults, where none can be made of these."


def other(key: str, value: object, folder: Path) -> object:
    """Another value of the same kind; `folder` is for files."""
    if key in OTHERS:
        return OTHERS[key]
    if key.startswith(("codes.", "call_codes.")) and isinstance(value, tuple):
        return ("*9876",)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, Path) or key in ("storage.passwords", "storage.spool"):
        return folder / "other"
    return f"{value or ''}x"


def changed(file: Settings, folder: Path) -> Iterator[tuple[str, Settings]]:
    """Every key of the settings, and the settings where it alone is another one."""
    for table in Settings.model_fields:
        found = getattr(file, table)
        if not isinstance(found, BaseModel):
            yield table, file.model_copy(update={table: other(table, found, folder)})
            continue
        for name in type(found).model_fields:
            key = f"{table}.{name}"
            value = found.model_copy(update={name: other(key, getattr(found, name), folder)})
            yield key, file.model_copy(update={table: value})


async def test_every_key_is_taken_or_named(tmp_path: Path) -> None:
    file = settings(tmp_path)
    reads = [file]
    source = replace(source_of(tmp_path / "switch.toml", file), read=lambda: reads[-1])
    wrong = []
    async with AsyncExitStack() as cleanup:
        parts = await build_parts(file, source, cleanup)
        takers = list(takers_of(parts))
        for key, wanted in changed(file, tmp_path):
            before = parts.live.now
            fixed = fixed_entries(wanted, before.fixed)
            after = combined(source.path, wanted, fixed, before.entries, source.collect)
            is_taken = any(taker(before, after) is not nothing for taker in takers)
            is_taken = is_taken or key.split(".")[0] in FOLLOWED
            reads.append(wanted)
            report = await parts.live.reload()
            if report.after_restart != (() if is_taken else (key,)):
                wrong.append((key, is_taken, report.after_restart))
            reads.append(file)
            assert (await parts.live.reload()).after_restart == ()
    assert wrong == []


def waiting(table: str, found: object) -> str:
    """What of a table waits for a restart, as the page of changes says it; empty for nothing."""
    live = LIVE | {kind.section for kind in ENTRY_KINDS if not kind.inside}
    if table in live or not isinstance(found, BaseModel):
        return "" if table in live else "all"
    inside = {f"{kind.section}.{kind.inside}" for kind in ENTRY_KINDS if kind.inside}
    keys = sorted(type(found).model_fields)
    rest = [key for key in keys if f"{table}.{key}" not in live | inside]
    taken = [key for key in keys if key not in rest]
    if len(taken) < len(rest):
        return "all" + (f" but {named(taken)}" if taken else "")
    return named(rest)


def named(keys: Iterable[str]) -> str:
    return ", ".join(f"`{key}`" for key in keys)


def test_the_page_says_exactly_what_waits_for_a_restart() -> None:
    page = (Path(__file__).parents[3] / "docs" / "changes.md").read_text()
    rows = re.findall(r"^\| `\[\[?(\w+)\]\]?` \| ([^|;]+?)(?:;[^|]*)? \|$", page, re.MULTILINE)
    file = Settings()
    expected = {table: waiting(table, getattr(file, table)) for table in Settings.model_fields}
    assert dict(rows) == {table: keys for table, keys in expected.items() if keys}
