"""A connection to a mail server on loopback."""

from __future__ import annotations

import time
from typing import Any

from softswitch.messaging.connections.email import EmailConnection, MailServer


def connection(port: int, **more: Any) -> EmailConnection:
    """`listener` is the socket for incoming mails; the rest are fields of MailServer."""
    listener = more.pop("listener", None)
    server = MailServer(
        **{"host": "127.0.0.1", "port": port, "tls": "none", "sender": "pbx@example.org", **more}
    )
    return EmailConnection("mail", server, listener=listener, clock=time.time)
