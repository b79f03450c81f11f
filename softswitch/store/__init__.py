"""What must outlive a restart: contacts, the call history, messages, alarm reports, secrets.

Writes and reads go separate ways. A write is a `Change` handed to the `Journal`, which gathers the
changes of all callers, commits them in one transaction in a thread of its own, and only then
resolves the future that each caller awaits: *durable before acknowledged*. A read is an `async`
query on the async engine. Both use SQLAlchemy Core, so SQLite and PostgreSQL share every line but
those of `database/`. Records of calls go a way of their own, since a call cannot wait: what the
database does not take is spooled on a disk of this machine, and written when the database is back.

- `store.py`: the open database, as the rest of the switch sees it.
- `journal.py`: the group commit; `call_records.py`: the records of calls and their spool.
- `errors.py`: what can go wrong.
- `bindings.py`, `calls.py`, `call_history.py`, `messages.py`, `message_parts.py`,
  `message_fragments.py`, `alarms.py`, `secrets.py`: one noun a file, with its values, its changes
  and its queries.
- `exchange/`: what people change while the switch runs.
- `lists/`: pages of messages and alarms, as people look through them.
- `tables.py`: the columns; `texts.py`: what texts become in them; `migrations/`: how a database
  gets them.
- `copies/`: copies of all of it, for backups.
- `database/`: files, URLs, locks, and what differs between SQLite and PostgreSQL.

To add a table:

1. its `Table` in `tables.py`;
2. a file `migrations/versions/NNNN_what.py`, copied from the newest one (`migrations/__init__.py`
   says how; a test compares the migrated schema with `tables.py`);
3. a file named after the noun, with its values, its `ChangeKind`s and its queries, as
   `bindings.py` has them; nothing is registered anywhere.

Read first: `store.py`, `journal.py`, `bindings.py`.
"""
