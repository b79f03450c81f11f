"""Rows for the tests of the store."""

from __future__ import annotations

from softswitch.store.bindings import BindingRow


def binding(number: int, **changed: object) -> BindingRow:
    """A contact of 1000 with that id; other columns by name."""
    values: dict[str, object] = {
        "id": number,
        "extension": "1000",
        "uri": f"sip:1000@192.0.2.{number}:5060",
        "q": 1.0,
        "expires_at": 5e9,
        "call_id": "a",
        "cseq": 1,
        "path": [],
        "instance": "",
        "reg_id": 0,
        "user_agent": "",
        "transport": "udp",
        "local_host": "127.0.0.1",
        "local_port": 5060,
        "remote_host": "192.0.2.1",
        "remote_port": 5060,
        "registered_at": 1.0,
    }
    return BindingRow(**{**values, **changed})  # type: ignore[arg-type]
