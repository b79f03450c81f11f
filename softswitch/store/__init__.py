"""What must outlive a restart: bindings, the call history, secrets; later messages and recordings.

Writes and reads go separate ways. A write is a `Change` handed to the `Journal`, which gathers the
changes of all callers, commits them in one transaction in a thread of its own, and only then
resolves the future that each caller awaits: *durable before acknowledged*. A read is an `async`
query on the async engine. Both use SQLAlchemy Core, so SQLite and PostgreSQL share every line but
those of `sqlite.py`, `ownership.py` and `lock.py`.

To add a table:

1. its `Table` in `tables.py`;
2. a file `migrations/versions/NNNN_what.py`, copied from the newest one (`migrations/__init__.py`
   says how; a test compares the migrated schema with `tables.py`);
3. a file named after the noun, with its values, its `Kind`s of change and its queries, as
   `calls.py` has them; nothing is registered anywhere.

Read first: `store.py`, `journal.py`, `calls.py`.
"""
