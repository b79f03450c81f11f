"""The tables of the database; `migrations/` makes them, these definitions query them.

Times are seconds since 1970 in UTC as floating point numbers, NULL while they lie ahead.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    func,
)

from softswitch.store.texts import KeyText, StoredJson, StoredText

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
    Column("extension", StoredText, nullable=False),
    Column("uri", StoredText, nullable=False),
    Column("q", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("call_id", StoredText, nullable=False),
    Column("cseq", BigInteger, nullable=False),
    Column("path", StoredJson, nullable=False),
    Column("instance", StoredText, nullable=False),
    Column("reg_id", Integer, nullable=False),
    Column("user_agent", StoredText, nullable=False),
    Column("transport", StoredText, nullable=False),
    Column("local_host", StoredText, nullable=False),
    Column("local_port", Integer, nullable=False),
    Column("remote_host", StoredText, nullable=False),
    Column("remote_port", Integer, nullable=False),
    Column("registered_at", Double, nullable=False),
)
"Contacts of extensions (RFC 3261 section 10); no index but the key, so that a refresh is cheap."

CALLS = Table(
    "calls",
    METADATA,
    Column("call_id", KeyText, primary_key=True),
    Column("start_time", Double, nullable=False),
    Column("ring_time", Double),
    Column("answer_time", Double),
    Column("end_time", Double),
    Column("type", KeyText, nullable=False),
    Column("direction", KeyText, nullable=False),
    Column("source", KeyText, nullable=False),
    Column("caller_id", KeyText, nullable=False),
    Column("caller_name", StoredText, nullable=False),
    Column("dialed", KeyText, nullable=False),
    Column("destination", KeyText, nullable=False),
    Column("state", KeyText, nullable=False),
    Column("outcome", StoredText, nullable=False),
    Column("caller_code", Integer),
    Column("callee_code", Integer),
    Column("ended_by", StoredText, nullable=False),
    Column("reason", StoredText, nullable=False),
    Column("media", StoredJson, nullable=False),
    Column("chain", KeyText, nullable=False, server_default=""),
    Column("steps", StoredJson, nullable=False, server_default="[]"),
)
"The call history: one row a call, written at its start and completed at its end."

Index(None, CALLS.c.start_time, CALLS.c.call_id)
Index(None, CALLS.c.end_time)
Index(
    None,
    CALLS.c.chain,
    sqlite_where=CALLS.c.chain != "",
    postgresql_where=CALLS.c.chain != "",
)
for _name in ("caller_id", "source", "destination", "dialed", "direction", "state", "type"):
    Index(f"ix_calls_lower_{_name}", func.lower(CALLS.c[_name]), CALLS.c.start_time)

LIFE = Table(
    "life",
    METADATA,
    Column("of", KeyText, primary_key=True),
    Column("seen_at", Double, nullable=False),
)
"The last time at which the switch is known to have run with open calls; one row."

SECRETS = Table(
    "secrets",
    METADATA,
    Column("name", KeyText, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)
"Random keys that must stay the same after a restart, such as the one that signs nonces."

MESSAGES = Table(
    "messages",
    METADATA,
    Column("id", KeyText, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("user", KeyText, nullable=False),
    Column("folder", KeyText, nullable=False),
    Column("kind", StoredText, nullable=False),
    Column("from_connection", StoredText, nullable=False),
    Column("from_address", StoredText, nullable=False),
    Column("from_station", StoredText, nullable=False),
    Column("to_connection", StoredText, nullable=False),
    Column("to_address", StoredText, nullable=False),
    Column("to_station", StoredText, nullable=False),
    Column("subject", StoredText, nullable=False),
    Column("text", StoredText, nullable=False),
    Column("state", StoredText, nullable=False),
    Column("lane", KeyText, nullable=False),
    Column("next_at", Double),
    Column("routes", StoredJson, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", StoredText, nullable=False),
    Column("valid_until", Double, nullable=False),
    Column("time_to_send", Double),
    Column("sent_at", Double),
    Column("delivered_at", Double),
    Column("report", Boolean, nullable=False),
    Column("report_url", StoredText, nullable=False),
    Column("extension", StoredText, nullable=False),
    Column("downloaded", Boolean, nullable=False),
    Column("origin", KeyText),
    Column("tags", StoredJson, nullable=False),
)
"Messages in and out; `store/messages.py` says what the columns mean."

Index(None, MESSAGES.c.user, MESSAGES.c.folder, MESSAGES.c.created_at)
Index(None, MESSAGES.c.lane, MESSAGES.c.next_at)
Index(None, MESSAGES.c.created_at)
Index("uq_messages_origin", MESSAGES.c.origin, unique=True)

MESSAGE_PARTS = Table(
    "message_parts",
    METADATA,
    Column("connection", KeyText, primary_key=True),
    Column("network_id", KeyText, primary_key=True),
    Column("message_id", KeyText, nullable=False),
    Column("part", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("state", StoredText, nullable=False),
    Column("sent_at", Double, nullable=False),
)
"The network's id of each part of a message, which its delivery receipts name."

Index(None, MESSAGE_PARTS.c.message_id)

MESSAGE_FRAGMENTS = Table(
    "message_fragments",
    METADATA,
    Column("connection", KeyText, primary_key=True),
    Column("source", KeyText, primary_key=True),
    Column("destination", KeyText, primary_key=True),
    Column("reference", Integer, primary_key=True, autoincrement=False),
    Column("parts", Integer, primary_key=True, autoincrement=False),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("coding", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("arrived_at", Double, nullable=False),
)
"Parts of incoming long messages that are not complete yet."

CHOICES = Table(
    "choices",
    METADATA,
    Column("of", KeyText, primary_key=True),
    Column("name", KeyText, primary_key=True),
    Column("value", StoredJson, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("changed_by", StoredText, nullable=False),
)
"What people have chosen while the switch runs: features of extensions, calendars held open."

VOICEMAILS = Table(
    "voicemails",
    METADATA,
    Column("id", KeyText, primary_key=True),
    Column("mailbox", StoredText, nullable=False),
    Column("folder", StoredText, nullable=False),
    Column("arrived_at", Double, nullable=False),
    Column("caller", StoredText, nullable=False),
    Column("caller_name", StoredText, nullable=False),
    Column("call_id", StoredText, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("sent_by", StoredText, nullable=False),
)
"Messages that callers have left; the file of each is on disk before its row."

MAILBOXES = Table(
    "mailboxes",
    METADATA,
    Column("number", KeyText, primary_key=True),
    Column("pin", StoredText, nullable=False),
    Column("greeting", StoredText, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("changed_by", StoredText, nullable=False),
)
"What owners have chosen for their mailboxes."

ALARMS = Table(
    "alarms",
    METADATA,
    Column("id", KeyText, primary_key=True),
    Column("received_at", Double, nullable=False),
    Column("call_id", StoredText, nullable=False),
    Column("caller", StoredText, nullable=False),
    Column("digits", StoredText, nullable=False),
    Column("account", StoredText, nullable=False),
    Column("qualifier", StoredText, nullable=False),
    Column("code", StoredText, nullable=False),
    Column("name", StoredText, nullable=False),
    Column("partition", StoredText, nullable=False),
    Column("zone", StoredText, nullable=False),
    Column("acknowledged_at", Double),
    Column("acknowledged_by", StoredText, nullable=False, server_default=""),
    Column("note", StoredText, nullable=False, server_default=""),
)
"""Reports that were received by Contact ID, on disk before the panel was told so; the last columns
are about the person who has seen to it."""

Index(None, ALARMS.c.received_at)

BUDGET_USES = Table(
    "budget_uses",
    METADATA,
    Column("day", KeyText, primary_key=True),
    Column("budget", KeyText, primary_key=True),
    Column("subject", KeyText, primary_key=True),
    Column("calls", Integer, nullable=False),
    Column("seconds", Double, nullable=False),
)
"Calls out in a day, and their seconds, as budgets count them."

SETTINGS_ENTRIES = Table(
    "settings_entries",
    METADATA,
    Column("kind", KeyText, primary_key=True),
    Column("name", KeyText, primary_key=True),
    Column("body", StoredJson, nullable=False),
    Column("position", Integer, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", Double, nullable=False),
    Column("changed_by", StoredText, nullable=False),
)
"Extensions, trunks, routes and so on that were added while the switch ran, beside the file's."
QUEUE_LOGINS = Table(
    "queue_logins",
    METADATA,
    Column("queue", KeyText, primary_key=True),
    Column("agent", KeyText, primary_key=True),
    Column("since", Double, nullable=False),
)
"Agents who have logged in to a queue; those of the settings have no rows."

AGENT_PAUSES = Table(
    "agent_pauses",
    METADATA,
    Column("agent", KeyText, primary_key=True),
    Column("reason", StoredText, nullable=False),
    Column("since", Double, nullable=False),
)
"Agents who take no calls of queues."

WEB_SESSIONS = Table(
    "web_sessions",
    METADATA,
    Column("key", KeyText, primary_key=True),
    Column("username", StoredText, nullable=False),
    Column("mark", StoredText, nullable=False),
    Column("began_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
)
"Users who are logged in at the console; of a cookie its digest is kept."

WEB_TOKENS = Table(
    "web_tokens",
    METADATA,
    Column("id", KeyText, primary_key=True),
    Column("key", StoredText, nullable=False),
    Column("name", StoredText, nullable=False),
    Column("username", StoredText, nullable=False),
    Column("role", StoredText, nullable=False),
    Column("extensions", StoredJson, nullable=False),
    Column("made_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("used_at", Double),
)
"Tokens of the web API, beside passwords; of a secret its digest is kept."

AUDIT = Table(
    "audit",
    METADATA,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("username", StoredText, nullable=False),
    Column("login", StoredText, nullable=False),
    Column("source", StoredText, nullable=False),
    Column("operation", StoredText, nullable=False),
    Column("target", StoredText, nullable=False),
    Column("result", StoredText, nullable=False),
    Column("detail", StoredText, nullable=False),
)
"What was changed, by whom and from where."

Index(None, AUDIT.c.at)

EVENTS = Table(
    "events",
    METADATA,
    Column("id", ROW_NUMBER, primary_key=True, autoincrement=False),
    Column("at", Double, nullable=False),
    Column("type", StoredText, nullable=False),
    Column("call", StoredText, nullable=False),
    Column("numbers", StoredText, nullable=False),
    Column("body", StoredText, nullable=False),
)
"What happened, numbered; no index but the key, so that an event is cheap."

WEBHOOKS = Table(
    "webhooks",
    METADATA,
    Column("name", KeyText, primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("told_at", Double, nullable=False),
)
"The number of the last event that each webhook was told of."

WEBHOOK_FAILURES = Table(
    "webhook_failures",
    METADATA,
    Column("webhook", KeyText, primary_key=True),
    Column("event", BigInteger, primary_key=True, autoincrement=False),
    Column("body", StoredText, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("error", StoredText, nullable=False),
    Column("failed_at", Double, nullable=False),
)
"Events that the server of a webhook has not taken."
