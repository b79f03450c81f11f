"""The database below the store: where it is, whose it is, and what SQLite needs of its own.

In the order in which a database is opened:

- `urls.py`: `storage.url` and the drivers that it stands for.
- `ownership.py`: whether the file may be ours; `directories.py`: whether one could be made there.
- `lock.py`: one switch at a time, for SQLite and PostgreSQL.
- `sqlite.py`: a private file, pragmas, damage, the copy before a migration.
- `upsert.py`: insert or replace, in the words of both databases.
"""
