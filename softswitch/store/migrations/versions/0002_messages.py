"""Messages, what networks call their parts, and fragments of long ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the three tables."""
    op.create_table(
        "messages",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("folder", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("from_connection", sa.Text, nullable=False),
        sa.Column("from_address", sa.Text, nullable=False),
        sa.Column("from_station", sa.Text, nullable=False),
        sa.Column("to_connection", sa.Text, nullable=False),
        sa.Column("to_address", sa.Text, nullable=False),
        sa.Column("to_station", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("lane", sa.Text, nullable=False),
        sa.Column("next_at", sa.Double),
        sa.Column("routes", sa.JSON, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("error", sa.Text, nullable=False),
        sa.Column("valid_until", sa.Double, nullable=False),
        sa.Column("time_to_send", sa.Double),
        sa.Column("sent_at", sa.Double),
        sa.Column("delivered_at", sa.Double),
        sa.Column("report", sa.Boolean, nullable=False),
        sa.Column("report_url", sa.Text, nullable=False),
        sa.Column("extension", sa.Text, nullable=False),
        sa.Column("downloaded", sa.Boolean, nullable=False),
        sa.Column("origin", sa.Text),
        sa.Column("tags", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_messages"),
    )
    op.create_index(
        "ix_messages_user_folder_created_at", "messages", ["user", "folder", "created_at"]
    )
    op.create_index("ix_messages_lane_next_at", "messages", ["lane", "next_at"])
    op.create_index("ix_messages_created_at", "messages", ["created_at"])
    op.create_index("uq_messages_origin", "messages", ["origin"], unique=True)
    op.create_table(
        "message_parts",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("network_id", sa.Text, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("part", sa.Integer, nullable=False),
        sa.Column("parts", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sent_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("connection", "network_id", name="pk_message_parts"),
    )
    op.create_index("ix_message_parts_message_id", "message_parts", ["message_id"])
    op.create_table(
        "message_fragments",
        sa.Column("connection", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("destination", sa.Text, nullable=False),
        sa.Column("reference", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("parts", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("coding", sa.Integer, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.Column("arrived_at", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint(
            "connection",
            "source",
            "destination",
            "reference",
            "parts",
            "part",
            name="pk_message_fragments",
        ),
    )
