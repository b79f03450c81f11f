"""What is used of budgets of calls out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "budget_uses",
        sa.Column("day", sa.Text, nullable=False),
        sa.Column("budget", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("calls", sa.Integer, nullable=False),
        sa.Column("seconds", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("day", "budget", "subject", name="pk_budget_uses"),
    )
