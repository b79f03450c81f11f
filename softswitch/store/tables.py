"""The tables of the database; `migrations/` makes them, these definitions query them.

Times are seconds since 1970 in UTC as floating point numbers, NULL while they lie ahead.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
)

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

ROW_NUMBER = BigInteger().with_variant(Integer, "sqlite")
"The key of a row; SQLite only takes the word INTEGER for its built-in row number."

STORED_JSON = JSON(none_as_null=True)
"None is no value, as in every other column."

BINDINGS = Table(
    "bindings",
    METADATA,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("extension", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("q", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("path", STORED_JSON, nullable=False),
    Column("instance", Text, nullable=False),
    Column("reg_id", Integer, nullable=False),
    Column("user_agent", Text, nullable=False),
    Column("transport", Text, nullable=False),
    Column("local_host", Text, nullable=False),
    Column("local_port", Integer, nullable=False),
    Column("remote_host", Text, nullable=False),
    Column("remote_port", Integer, nullable=False),
    Column("registered_at", Double, nullable=False),
)
"Contacts of extensions (RFC 3261 section 10); no index but the key, so that a refresh is cheap."

CALLS = Table(
    "calls",
    METADATA,
    Column("call_id", Text, primary_key=True),
    Column("start_time", Double, nullable=False),
    Column("ring_time", Double),
    Column("answer_time", Double),
    Column("end_time", Double),
    Column("type", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("caller_id", Text, nullable=False),
    Column("caller_name", Text, nullable=False),
    Column("dialed", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("caller_code", Integer),
    Column("callee_code", Integer),
    Column("ended_by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("media", STORED_JSON, nullable=False),
)
"The call history: one row a call, written at its start and completed at its end."

Index(None, CALLS.c.start_time, CALLS.c.call_id)
Index(None, CALLS.c.end_time)
for _name in ("caller_id", "source", "destination", "dialed", "direction", "state", "type"):
    Index(f"ix_calls_lower_{_name}", func.lower(CALLS.c[_name]), CALLS.c.start_time)

LIFE = Table(
    "life",
    METADATA,
    Column("of", Text, primary_key=True),
    Column("seen_at", Double, nullable=False),
)
"The last time at which the switch is known to have run with open calls; one row."

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"Random keys that must stay the same after a restart, such as the one that signs nonces."

MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("user", Text, nullable=False),
    Column("folder", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_connection", Text, nullable=False),
    Column("from_address", Text, nullable=False),
    Column("from_station", Text, nullable=False),
    Column("to_connection", Text, nullable=False),
    Column("to_address", Text, nullable=False),
    Column("to_station", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("lane", Text, nullable=False),
    Column("next_at", Double),
    Column("routes", STORED_JSON, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", Text, nullable=False),
    Column("valid_until", Double, nullable=False),
    Column("time_to_send", Double),
    Column("sent_at", Double),
    Column("delivered_at", Double),
    Column("report", Boolean, nullable=False),
    Column("report_url", Text, nullable=False),
    Column("extension", Text, nullable=False),
    Column("downloaded", Boolean, nullable=False),
    Column("origin", Text),
    Column("tags", STORED_JSON, nullable=False),
)
"Messages in and out; `store/messages.py` says what the columns mean."

Index(None, MESSAGES.c.user, MESSAGES.c.folder, MESSAGES.c.created_at)
Index(None, MESSAGES.c.lane, MESSAGES.c.next_at)
Index(None, MESSAGES.c.created_at)
Index("uq_messages_origin", MESSAGES.c.origin, unique=True)

MESSAGE_PARTS = Table(
    "message_parts",
    METADATA,
    Column("connection", Text, primary_key=True),
    Column("network_id", Text, primary_key=True),
    Column("message_id", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("sent_at", Double, nullable=False),
)
"The network's id of each part of a message, which its delivery receipts name."

Index(None, MESSAGE_PARTS.c.message_id)

MESSAGE_FRAGMENTS = Table(
    "message_fragments",
    METADATA,
    Column("connection", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("destination", Text, primary_key=True),
    Column("reference", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("coding", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("arrived_at", Double, nullable=False),
)
"Parts of incoming long messages that are not complete yet."

ALARMS = Table(
    "alarms",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("received_at", Double, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("caller", Text, nullable=False),
    Column("digits", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("qualifier", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("partition", Text, nullable=False),
    Column("zone", Text, nullable=False),
)
"Reports that were received by Contact ID, on disk before they were acknowledged."

Index(None, ALARMS.c.received_at)
