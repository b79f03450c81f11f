"""Indexes for every filter of the call history, and for its pages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the indexes; they ignore the case of letters, as the filters do."""
    op.create_index("ix_calls_start_time_call_id", "calls", ["start_time", "call_id"])
    op.drop_index("ix_calls_start_time", "calls")
    for name in ("caller_id", "source", "destination", "dialed", "direction", "state", "type"):
        op.create_index(
            f"ix_calls_lower_{name}", "calls", [sa.text(f"lower({name})"), "start_time"]
        )
