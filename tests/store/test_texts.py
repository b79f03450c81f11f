"""Texts of strangers: what one of the databases would not take is stored the same way on both."""

from __future__ import annotations

import asyncio
import random
import string
from dataclasses import fields

import pytest
from sqlalchemy import JSON, Table, Text
from sqlalchemy.sql import visitors

from softswitch.store.alarms import AlarmRecord, insert_alarm
from softswitch.store.bindings import save
from softswitch.store.call_history import CallFilter
from softswitch.store.calls import CallEnd, CallStart, finish_call, insert_call
from softswitch.store.message_fragments import Fragment, load_fragments, save_fragment
from softswitch.store.message_parts import MessagePart, find_parts, parts_of, save_part
from softswitch.store.messages import (
    MessageProgress,
    TextMessage,
    advance,
    find_messages,
    find_origin,
    insert_message,
    list_folder,
)
from softswitch.store.store import Store
from softswitch.store.tables import METADATA
from softswitch.store.texts import KeyText, StoredText
from tests.store.rows import binding

MARK = "\N{REPLACEMENT CHARACTER}"
HOSTILE = {"NUL": "a\0b", "high half": "a\ud83db", "low half": "a\udc00b"}
"What is no text for PostgreSQL, or for UTF-8."


def endless(length: int = 20_000) -> str:
    """A text that cannot be compressed, so that no index of PostgreSQL would hold it."""
    return "".join(random.Random(length).choices(string.ascii_letters + string.digits, k=length))


def message(**changed: object) -> TextMessage:
    values: dict[str, object] = {
        "id": "m", "created_at": 1.0, "user": "admin", "folder": "inbox", "state": "received",
        "valid_until": 5e9,
    }  # fmt: skip
    return TextMessage(**{**values, **changed})  # type: ignore[arg-type]


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_every_text_of_a_message_is_kept(store: Store, hostile: str) -> None:
    texts = {name: hostile for name in TextMessage.__struct_fields__ if name not in UNTOUCHED}
    written = message(**texts, origin=hostile, routes=[hostile], tags={hostile: hostile})
    await store.write(insert_message(written))
    await store.write(advance(MessageProgress(id=hostile, error=hostile * 2, routes=[hostile])))
    [found] = await list_folder(store.reader, hostile, hostile, limit=5)
    stored = f"a{MARK}b"
    assert {name: getattr(found, name) for name in texts} == dict.fromkeys(
        texts, stored
    ) | {"error": stored * 2}  # fmt: skip
    assert (found.routes, found.tags, found.origin) == ([stored], {stored: stored}, stored)
    assert await find_origin(store.reader, hostile) == found, "it is found by what it was"
    assert await find_messages(store.reader, [hostile]) == {stored: found}


UNTOUCHED = (
    "created_at", "next_at", "routes", "attempts", "valid_until", "sent_at", "delivered_at",
    "report", "downloaded", "origin", "tags", "time_to_send",
)  # fmt: skip
"Columns of messages that are no texts, or get theirs in the test."


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_every_text_of_a_call_is_kept(store: Store, hostile: str) -> None:
    start = CallStart(
        call_id="c", start_time=1.0, source=hostile, caller_id=hostile, dialed=hostile,
        caller_name=hostile, destination=hostile,
    )  # fmt: skip
    end = CallEnd(
        call_id="c", end_time=2.0, outcome=hostile, state=hostile, ended_by=hostile,
        reason=hostile, media={"caller": {"codec": hostile}},
    )  # fmt: skip
    await store.write(insert_call(start))
    await store.write(finish_call(end))
    stored = f"a{MARK}b"
    for wanted in (
        *(CallFilter(**{name: hostile}) for name in ("source", "caller_id", "dialed", "state")),
        CallFilter(text=hostile),
    ):
        [found] = (await store.list_calls(wanted)).calls
        assert found.caller_name == found.reason == found.ended_by == stored
        assert found.media == {"caller": {"codec": stored}}
    assert (await store.list_calls(CallFilter(call_id=hostile))).total == 0


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
async def test_every_text_of_a_binding_an_alarm_and_a_part_is_kept(
    store: Store, hostile: str
) -> None:
    stored = f"a{MARK}b"
    texts = ("extension", "uri", "call_id", "instance", "user_agent")
    await store.write(save(binding(1, **dict.fromkeys(texts, hostile), path=[hostile])))
    [row] = await store.load_bindings()
    assert [getattr(row, name) for name in texts] == [stored] * len(texts)
    assert row.path == [stored]
    moments = ("received_at", "acknowledged_at")
    names = [field.name for field in fields(AlarmRecord) if field.name not in moments]
    await store.write(insert_alarm(AlarmRecord(received_at=1.0, **dict.fromkeys(names, hostile))))
    await store.write(insert_message(message(id=hostile)))
    part = MessagePart(
        connection=hostile, network_id=hostile, message_id=hostile, part=1, parts=1,
        state=hostile, sent_at=1.0,
    )  # fmt: skip
    await store.write(save_part(part))
    await store.write(save_part(part))
    assert list(await find_parts(store.reader, hostile, [hostile])) == [stored]
    assert len(await parts_of(store.reader, hostile)) == 1
    fragment = Fragment(
        connection=hostile, source=hostile, destination=hostile, reference=1, parts=2, part=1,
        coding=0, data=b"\0\xff", arrived_at=1.0,
    )  # fmt: skip
    await store.write(save_fragment(fragment))
    [kept] = await load_fragments(store.reader)
    assert (kept.source, kept.data) == (stored, b"\0\xff")


async def test_a_text_that_no_index_holds_does_not_cost_the_record(store: Store) -> None:
    long = endless()
    start = CallStart(
        call_id="c", start_time=1.0, source=long, caller_id=long, dialed=long,
        caller_name=long, destination=long,
    )  # fmt: skip
    await store.call_records.write(insert_call(start))
    await store.call_records.write(
        finish_call(CallEnd(call_id="c", end_time=2.0, outcome="answered", state="Completed"))
    )
    assert not store.journal.is_away
    assert store.call_records.spooled == store.call_records.lost == 0
    [found] = (await store.list_calls(CallFilter(dialed=long))).calls
    assert found.caller_name == long, "what has no index is whole"
    assert found.dialed == found.source == found.destination
    assert long.startswith(found.dialed.partition("…")[0])


async def test_long_keys_find_what_they_were_written_with(store: Store) -> None:
    first, second = endless(), endless() + "2"
    await store.write(insert_message(message(id="1", origin=first)))
    await store.write(insert_message(message(id="2", origin=second)))
    found = await asyncio.gather(*(find_origin(store.reader, each) for each in (first, second)))
    assert [each.id for each in found if each is not None] == ["1", "2"]
    for number, network_id in ("1", first), ("2", second):
        part = MessagePart(
            connection="smsc", network_id=network_id, message_id=number, part=1, parts=1,
            state="sent", sent_at=1.0,
        )  # fmt: skip
        await store.write(save_part(part))
    parts = await find_parts(store.reader, "smsc", [second])
    assert [message.id for _, message in parts.values()] == ["2"]


@pytest.mark.parametrize("table", METADATA.sorted_tables, ids=lambda table: table.name)
def test_every_text_has_a_type_that_both_databases_take(table: Table) -> None:
    keys = set(table.primary_key.columns)
    for index in table.indexes:
        for expression in index.expressions:
            keys.update(visitors.iterate(expression))
    for column in table.columns:
        if isinstance(column.type, StoredText | KeyText):
            assert isinstance(column.type, KeyText) == (column in keys), column
        else:
            assert not isinstance(column.type, Text | JSON), column
