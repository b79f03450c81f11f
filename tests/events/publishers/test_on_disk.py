"""What is written is told: new contacts, messages, entries without their secrets."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from softswitch.events.event import TYPES
from softswitch.events.event_journal import News
from softswitch.events.publishers.on_disk import KeptChanges
from softswitch.settings.exchange.events import EVENT_TYPES
from softswitch.store import bindings
from softswitch.store.bindings import BindingRow
from softswitch.store.exchange import settings_entries
from softswitch.store.exchange.settings_entries import EntryRow
from softswitch.store.messages import MessageProgress, TextMessage, advance, insert_message

BOUND = BindingRow(
    id=1, extension="1000", uri="sip:1000@192.0.2.7", q=1.0, expires_at=3600.0, call_id="c",
    cseq=1, path=[], instance="", reg_id=0, user_agent="Phone 1.0", transport="udp",
    local_host="192.0.2.1", local_port=5060, remote_host="192.0.2.7", remote_port=5060,
    registered_at=0.0,
)  # fmt: skip


def changes(found: Iterable[News]) -> list[object]:
    return [each.data["change"] for each in found]  # type: ignore[index]


def test_the_settings_and_the_events_name_the_same_types() -> None:
    assert sorted(EVENT_TYPES) == sorted(TYPES)


def test_a_contact_is_told_when_it_is_new_elsewhere_or_gone() -> None:
    kept = KeptChanges(clock=lambda: 1.0)
    later = msgspec.structs.replace(BOUND, expires_at=7200.0, cseq=2, registered_at=3600.0)
    moved = msgspec.structs.replace(later, remote_port=6060)
    [first] = kept.derive([bindings.save(BOUND)])
    assert first.type == "registration.changed"
    assert first.numbers == ("1000",)
    assert first.data["source"] == "192.0.2.7:5060"  # type: ignore[index]
    assert not list(kept.derive([bindings.save(later)]))
    assert changes(kept.derive([bindings.save(moved)])) == ["moved"]
    assert changes(kept.derive([bindings.drop(1)])) == ["gone"]
    assert not list(kept.derive([bindings.drop(1)]))


def test_a_contact_of_before_a_restart_is_known() -> None:
    kept = KeptChanges([BOUND])
    assert not list(kept.derive([bindings.save(BOUND)]))
    assert changes(kept.derive([bindings.drop(1)])) == ["gone"]


def test_an_entry_is_told_without_what_stands_in_it() -> None:
    row = EntryRow(
        kind="extensions", name="1005", body={"number": "1005", "password": "s3cret"}, position=0,
        version=1, changed_at=1.0, changed_by="admin",
    )  # fmt: skip
    kept = KeptChanges()
    [added] = kept.derive([settings_entries.save(row)])
    assert added.data == {
        "kind": "extensions", "name": "1005", "version": 1, "change": "added", "by": "admin",
    }  # fmt: skip
    assert changes(kept.derive([settings_entries.drop("extensions", "1005")])) == ["removed"]


def test_a_message_is_told_with_what_becomes_of_it() -> None:
    kept = KeptChanges()
    message = TextMessage(
        id="m1", created_at=1.0, user="admin", folder="outbox", state="queued", valid_until=9.0,
        from_address="1000", to_connection="smsc", to_address="1001", text="x" * 5000,
    )  # fmt: skip
    [made] = kept.derive([insert_message(message)])
    assert made.type == "message.changed"
    assert "1000" in made.numbers
    assert "1001" not in made.numbers  # a number of a network is none of our extensions
    assert len(made.data["text"]) == 2000  # type: ignore[index]
    [sent] = kept.derive([advance(MessageProgress(id="m1", state="sent"))])
    assert (sent.type, sent.numbers) == ("message.changed", made.numbers)
    assert sent.data["state"] == "sent"  # type: ignore[index]
    assert not list(kept.derive([advance(MessageProgress(id="m1", attempts=2))]))
