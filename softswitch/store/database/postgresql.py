"""What only PostgreSQL needs: bounds for every wait, durable commits, no use of dead connections.

A server that hangs answers nothing, but its machine still acknowledges every segment, so neither
the server's own time limits nor TCP notice it. The last bound is therefore ours: the socket is shut
down, and whoever waits for it gets an error (PostgreSQL manual, sections 20.11.1 and 34.1.2).
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

READERS = 8
"Connections for queries, at most."
_CUT = "softswitch_cut"
"Where the pool keeps the timer of a connection that is in use, and what it would cut."


_WAIT_FOR_DISK = text(
    "SELECT set_config('synchronous_commit', 'on', false)"
    " WHERE current_setting('synchronous_commit') = 'off'"
)


def with_bounds(url: URL, limit: float) -> URL:
    """The URL with time limits of `limit` seconds, but for those that it names itself."""
    milliseconds = round(limit * 1000)
    defaults = {
        "application_name": "softswitch",
        "connect_timeout": str(max(2, round(limit))),  # libpq takes less for 2
        "tcp_user_timeout": str(milliseconds),
        "options": f"-c statement_timeout={milliseconds} -c lock_timeout={milliseconds}"
        f" -c idle_in_transaction_session_timeout={4 * milliseconds}",
    }
    return url.update_query_dict({**defaults, **url.query})


def bound_queries(engine: AsyncEngine, limit: float) -> None:
    """Cut every connection that is in use for more than `limit` seconds."""

    def checkout(connection: Any, record: Any, _: object) -> None:
        number = connection.driver_connection.fileno()
        if has_news(number):
            raise DisconnectionError("the server has closed the connection")
        held = duplicate(number)
        timer = asyncio.get_running_loop().call_later(limit, cut, held)
        record.info[_CUT] = timer, held

    def checkin(_: object, record: Any) -> None:
        timer, held = record.info.pop(_CUT, (None, None))
        if timer is not None:
            timer.cancel()
            held.close()

    event.listen(engine.sync_engine, "checkout", checkout)
    event.listen(engine.sync_engine, "checkin", checkin)


def make_durable(connection: Connection) -> None:
    """Let commits of this connection wait for the disk, where the server would not let them."""
    connection.execute(_WAIT_FOR_DISK)
    connection.commit()


def has_news(number: int) -> bool:
    """Whether the server has said something unasked: that it ends, nearly always."""
    poll = select.poll()
    poll.register(number, select.POLLIN | select.POLLHUP)
    return bool(poll.poll(0))


def duplicate(number: int) -> socket.socket:
    """The same connection under a descriptor of our own, which nobody else can reuse."""
    return socket.socket(fileno=os.dup(number))


def cut(connection: socket.socket) -> None:
    """End a connection under the eyes of whoever waits for it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
