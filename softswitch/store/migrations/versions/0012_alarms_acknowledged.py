"""Who has seen to an alarm report, when, and what is noted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the columns; reports of before wait for somebody."""
    op.add_column("alarms", sa.Column("acknowledged_at", sa.Double, nullable=True))
    for name in ("acknowledged_by", "note"):
        op.add_column("alarms", sa.Column(name, sa.Text, nullable=False, server_default=""))
