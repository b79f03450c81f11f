"""The database below the store: where it is, whose it is, and what SQLite and PostgreSQL need.

In the order in which a database is opened:

- `urls.py`: `storage.url` and the drivers that it stands for.
- `ownership.py`: whether the file may be ours; `directories.py`: whether one could be made there,
  and how a file gets its place for good.
- `lock.py`: one switch at a time, for SQLite and PostgreSQL.
- `sqlite.py`: a private file, pragmas, damage, the copy before a migration; `clean_end.py`: whether
  the last switch closed it properly.
- `postgresql.py`: bounds for every wait, durable commits; `engines.py`: the connections to either.

What is written and read:

- `changes.py`: a change is one row, a kind of change a statement; `given.py`: the rows of a
  statement, in the words of both databases.
- `writer.py`: the connection that writes and holds the lock; `reader.py`: connections for queries.
- `sentences.py`: what drivers say, in our words.
- `spool.py`: the file that keeps what the database cannot take.
"""
