"""Bindings of the registrar, the call history, secrets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the three tables."""
    row_number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    op.create_table(
        "bindings",
        sa.Column("id", row_number, autoincrement=False, nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.Column("uri", sa.Text, nullable=False),
        sa.Column("q", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("cseq", sa.BigInteger, nullable=False),
        sa.Column("path", sa.JSON, nullable=False),
        sa.Column("instance", sa.Text, nullable=False),
        sa.Column("reg_id", sa.Integer, nullable=False),
        sa.Column("user_agent", sa.Text, nullable=False),
        sa.Column("transport", sa.Text, nullable=False),
        sa.Column("local_host", sa.Text, nullable=False),
        sa.Column("local_port", sa.Integer, nullable=False),
        sa.Column("remote_host", sa.Text, nullable=False),
        sa.Column("remote_port", sa.Integer, nullable=False),
        sa.Column("registered_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_bindings"),
    )
    op.create_table(
        "calls",
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("start_time", sa.Double, nullable=False),
        sa.Column("ring_time", sa.Double),
        sa.Column("answer_time", sa.Double),
        sa.Column("end_time", sa.Double),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("direction", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("caller_id", sa.Text, nullable=False),
        sa.Column("caller_name", sa.Text, nullable=False),
        sa.Column("dialed", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("caller_code", sa.Integer),
        sa.Column("callee_code", sa.Integer),
        sa.Column("ended_by", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("media", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("call_id", name="pk_calls"),
    )
    op.create_index("ix_calls_start_time", "calls", ["start_time"])
    op.create_index("ix_calls_end_time", "calls", ["end_time"])
    op.create_table(
        "secrets",
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_secrets"),
    )
