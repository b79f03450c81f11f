"""Pages of the audit log, on both databases."""

from __future__ import annotations

from softswitch.store.exchange.audit import AuditRow, add_audit_row, newest_audit_id
from softswitch.store.lists.audit import AuditFilter, list_audit
from softswitch.store.lists.pages import PartWanted
from softswitch.store.store import Store


def row(number: int, **more: str) -> AuditRow:
    fields = {
        "username": "admin", "login": "password", "source": "192.0.2.1", "operation": "addPhone",
        "target": f"phones/100{number}", "result": "ok", "detail": "name",
    }  # fmt: skip
    return AuditRow(id=number, at=float(number), **(fields | more))


async def found(store: Store, part: PartWanted | None = None, **wanted: object) -> tuple[int, str]:
    filter_ = AuditFilter(**wanted)  # type: ignore[arg-type]
    page = await list_audit(store.reader, filter_, part or PartWanted())
    return page.total, " ".join(str(each.id) for each in page.rows)


async def test_rows_are_found_by_what_is_known_of_them(store: Store) -> None:
    rows = (
        row(1),
        row(2, username="desk", login="session"),
        row(3, source="192.0.2.2", operation="Play", target="7fQ0h2XkLm"),
        row(4, result="403", target="phones_1004"),
    )
    await store.write(*map(add_audit_row, rows))
    assert await newest_audit_id(store.reader) == 4
    page = await list_audit(store.reader, AuditFilter(), PartWanted(oldest_first=True))
    assert (page.total, tuple(page.rows)) == (4, rows)
    assert await found(store, PartWanted(limit=2, offset=1)) == (4, "3 2")
    assert await found(store, username="desk") == (1, "2")
    assert await found(store, login="session", result="ok") == (1, "2")
    assert await found(store, source="192.0.2.2") == (1, "3")
    assert await found(store, operation="Play") == (1, "3")
    assert await found(store, target="phones/") == (2, "2 1")
    assert await found(store, target="phones_") == (1, "4")
    assert await found(store, since=2.0, until=4.0) == (2, "3 2")
    assert await found(store, result="ok", username="nobody") == (0, "")
