"""The tables of the database; `migrations/` makes them, these definitions query them.

Times are seconds since 1970 in UTC as floating point numbers, NULL while they lie ahead.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
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
    Column("path", JSON, nullable=False),
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
    Column("media", JSON, nullable=False),
)
"The call history: one row a call, written at its start and completed at its end."

Index(None, CALLS.c.start_time)
Index(None, CALLS.c.end_time)

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"Random keys that must stay the same after a restart, such as the one that signs nonces."
