"""Pages of messages and alarm reports, on both databases."""

from __future__ import annotations

from dataclasses import replace

from softswitch.store.alarms import acknowledge, insert_alarm
from softswitch.store.lists.alarms import AlarmFilter, find_alarm, list_alarms
from softswitch.store.lists.messages import MessageFilter, list_messages
from softswitch.store.lists.pages import PartWanted
from softswitch.store.messages import TextMessage, insert_message
from softswitch.store.store import Store
from tests.store.test_alarms import BURGLARY


def message(number: int, **more: object) -> TextMessage:
    fields: dict[str, object] = {
        "id": f"m{number}", "created_at": float(number), "user": "admin", "folder": "inbox",
        "state": "received", "valid_until": 9e9, "text": f"text {number}",
    }  # fmt: skip
    return TextMessage(**fields | more)  # type: ignore[arg-type]


async def found(store: Store, part: PartWanted | None = None, **wanted: object) -> tuple[int, str]:
    filter_ = MessageFilter(**wanted)  # type: ignore[arg-type]
    page = await list_messages(store.reader, filter_, part or PartWanted())
    return page.total, " ".join(each.id for each in page.messages)


async def test_messages_are_found_by_what_is_known_of_them(store: Store) -> None:
    await store.write(
        *map(
            insert_message,
            (
                message(1, from_address="+1", from_connection="sms"),
                message(2, user="crm", text="50% off_er", kind="sms"),
                message(3, folder="deleted"),
                message(4, folder="sent", to_address="+1", to_connection="mail", kind="email"),
                message(5, kind="receipt"),
            ),
        )
    )
    assert await found(store) == (3, "m4 m2 m1")
    assert await found(store, PartWanted(limit=1, offset=1, oldest_first=True)) == (3, "m2")
    assert await found(store, folder="deleted") == (1, "m3")
    assert await found(store, user="crm") == (1, "m2")
    assert await found(store, address="+1") == (2, "m4 m1")
    assert await found(store, connection="mail") == (1, "m4")
    assert await found(store, kind="email", state="received") == (1, "m4")
    assert await found(store, text="50% OFF_") == (1, "m2")
    assert await found(store, text="50__") == (0, "")
    assert await found(store, text="a\0b") == (0, "")
    assert await found(store, since=2.0, until=4.0) == (1, "m2")


async def test_the_first_acknowledgement_of_a_report_stays(store: Store) -> None:
    other = replace(BURGLARY, id="a2", received_at=200.0)
    await store.write(insert_alarm(BURGLARY), insert_alarm(other))
    await store.write(
        acknowledge("a1", "desk", 300.0, "seen"), acknowledge("a1", "admin", 301.0, "")
    )
    await store.write(acknowledge("a1", "admin", 302.0, "later"))
    kept = await find_alarm(store.reader, "a1")
    assert kept == replace(BURGLARY, acknowledged_at=300.0, acknowledged_by="desk", note="seen")
    waiting = await list_alarms(store.reader, AlarmFilter(acknowledged=False), PartWanted())
    assert (waiting.total, list(waiting.alarms)) == (1, [other])
    seen = await list_alarms(
        store.reader, AlarmFilter(acknowledged=True, account="1234"), PartWanted()
    )
    assert [alarm.id for alarm in seen.alarms] == ["a1"]
    assert await find_alarm(store.reader, "a3") is None
