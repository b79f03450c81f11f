"""What alembic runs: the steps, on the connection and in the transaction of `migrate.py`."""

from __future__ import annotations

from alembic import context

from softswitch.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,  # with the listeners of store/database/sqlite.py SQLite can do it too
)
context.run_migrations()
