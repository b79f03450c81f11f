"""The connections of messages, from `[[connections]]` of the settings."""

from __future__ import annotations

import ssl
import time
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from softswitch.calls.numbers.directory import Directory
from softswitch.guard.bans import Bans
from softswitch.messaging.connections.connection import Connection
from softswitch.messaging.connections.folder import FolderConnection
from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.smpp.client import Centre, SmppConnection
from softswitch.messaging.smpp.server import EsmeAccount, ServerLimits, SmppServer
from softswitch.settings import connections as entries

if TYPE_CHECKING:
    from softswitch.messaging.connections.email import Attached, EmailConnection


def connection_of(
    entry: entries.Connection,
    disk: MessageDisk,
    directory: Directory,
    bans: Bans,
    *,
    attached: Attached,
) -> Connection:
    """The connection of one entry, not started yet. Raises OSError for files of certificates.

    `attached` finds the sound that goes with a mail. `bans` counts the wrong passwords of those
    that bind to us.
    """
    user = entry.user or ""
    match entry:
        case entries.SmppConnectionSettings():
            return _smpp_client(entry, disk, directory)
        case entries.SmppServerSettings():
            return _smpp_server(entry, disk, bans)
        case entries.EmailConnectionSettings():
            return _email(entry, attached)
        case entries.HttpConnectionSettings():
            return HttpConnection(
                entry.name,
                str(entry.url),
                username=entry.username or "",
                password=entry.password or "",
                user=user,
            )
        case entries.FolderConnectionSettings():
            return FolderConnection(
                entry.name,
                outgoing=entry.outgoing,
                incoming=entry.incoming,
                interval=entry.interval,
                user=user,
            )


def _smpp_client(
    entry: entries.SmppConnectionSettings, disk: MessageDisk, directory: Directory
) -> SmppConnection:
    return SmppConnection(
        entry.name,
        _centre(entry),
        disk,
        user=entry.user or "",
        is_extension=lambda number: directory.find(number) is not None,
    )


def _centre(entry: entries.SmppConnectionSettings) -> Centre:
    return Centre(
        host=entry.host,
        port=entry.port,
        system_id=entry.system_id,
        password=entry.password or "",
        system_type=entry.system_type,
        source=entry.source,
        window=entry.window,
        rate=entry.rate,
        enquire_interval=entry.enquire_interval,
        response_timeout=entry.response_timeout,
        alphabet=entry.alphabet,
        latin1=entry.latin1,
        long_messages=entry.long_messages,
        tls=_trusting(entry.ca_file) if entry.tls else None,
        resend_unanswered=entry.resend_unanswered,
    )


def _smpp_server(entry: entries.SmppServerSettings, disk: MessageDisk, bans: Bans) -> SmppServer:
    tls = None
    if entry.certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(entry.certificate, entry.key)
    return SmppServer(
        entry.name,
        entry.listen,
        [
            EsmeAccount(account.system_id, account.password or "", account.numbers)
            for account in entry.accounts
        ],
        disk,
        limits=ServerLimits(
            window=entry.window,
            sessions=entry.sessions,
            enquire_interval=entry.enquire_interval,
            response_timeout=entry.response_timeout,
        ),
        alphabet=entry.alphabet,
        user=entry.user or "",
        tls=tls,
        bans=bans,
    )


def _email(entry: entries.EmailConnectionSettings, attached: Attached) -> EmailConnection:
    from softswitch.messaging.connections.email import EmailConnection, MailServer
    from softswitch.messaging.connections.email_listener import EmailListener

    listener = None
    if entry.listen is not None:
        listener = EmailListener(
            entry.name,
            entry.listen,
            protocol=entry.protocol,
            domains=entry.domains or (entry.sender.partition("@")[2],),
            networks=list(map(ip_network, entry.networks)),
            user=entry.user or "",
        )
    server = MailServer(
        host=entry.host,
        port=entry.port,
        tls=entry.tls,
        context=None if entry.tls == "none" else _trusting(entry.ca_file),
        username=entry.username,
        password=entry.password,
        sender=entry.sender,
    )
    return EmailConnection(
        entry.name, server, listener=listener, clock=time.time, attached=attached
    )


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
