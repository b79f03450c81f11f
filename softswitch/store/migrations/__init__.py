"""The schema, and its history: one file a step in `versions/`.

- `schema.py`: what a start does: it makes a new database from `tables.py`, and leaves the newest
  revision as it is.
- `migrate.py`: runs the steps that an older database lacks, with alembic, which begins in `env.py`.

To add a step: change `tables.py`, copy the newest file of `versions/` to the next number, set its
`revision` and `down_revision`, and write `upgrade` with alembic's `op`. A step never imports
`tables.py`: it describes the schema of its day. There is no `downgrade`; the copy that is made
before a migration is the way back. On SQLite a column is changed with `op.batch_alter_table`.
"""
