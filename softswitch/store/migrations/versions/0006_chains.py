"""The steps of a call, and the chain of calls that it belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Add the columns; calls of before have no steps and stand alone."""
    op.add_column("calls", sa.Column("chain", sa.Text, nullable=False, server_default=""))
    op.add_column("calls", sa.Column("steps", sa.JSON, nullable=False, server_default="[]"))
    chained = sa.text("chain <> ''")
    op.create_index(
        "ix_calls_chain", "calls", ["chain"], sqlite_where=chained, postgresql_where=chained
    )
