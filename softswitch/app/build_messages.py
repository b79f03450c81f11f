"""Messages made from the settings: connections, routes, bounds; `app.py` joins them to the rest."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

from softswitch.calls.call.services import CallServices
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.connections.connection import Connection
from softswitch.messaging.connections.email import EmailConnection, MailServer
from softswitch.messaging.connections.email_listener import EmailListener
from softswitch.messaging.connections.folder import FolderConnection
from softswitch.messaging.connections.http import HttpConnection
from softswitch.messaging.connections.sip import SipConnection
from softswitch.messaging.queue.backoff import BackOff
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.messages import Bounds, Messages
from softswitch.messaging.queue.notices import Tell
from softswitch.messaging.queue.routes import Routes, Rule
from softswitch.messaging.smpp.client import Centre, SmppConnection
from softswitch.messaging.smpp.server import EsmeAccount, ServerLimits, SmppServer
from softswitch.settings import connections as entries
from softswitch.settings.load import Settings
from softswitch.store.store import Store

MEGABYTE = 1_000_000
DAY = 86_400.0


def messages_of(settings: Settings, store: Store, house: CallServices, tell: Tell) -> Messages:
    """All messages of the switch, not started yet. Raises OSError for files of certificates."""
    disk = MessageDisk(store, settings.messages.reserve * MEGABYTE)
    connections: list[Connection] = [
        SipConnection(house, disk.waiting_addresses),
        AdminConnection(),
        *(_connection(entry, settings, disk, house.directory) for entry in settings.connections),
    ]
    rules = [
        Rule(route.connections, route.to, route.sender, route.source, route.kind)
        for route in settings.message_routes
    ]
    return Messages(
        disk,
        connections,
        Routes(rules, [(connection.name, connection.kind) for connection in connections]),
        bounds=bounds_of(settings),
        tell=tell,
        kind_of=_kind_of(house.directory),
        hosts=[settings.sip.domain],
    )


def bounds_of(settings: Settings) -> Bounds:
    """The figures of `[messages]`."""
    entry = settings.messages
    first = settings.http.users[0].username if settings.http.users else "admin"
    return Bounds(
        valid_for=entry.valid_for,
        keep=entry.keep_days * DAY,
        backoff=BackOff(entry.retry_first, entry.retry_last),
        user=entry.user or first,
    )


def _kind_of(directory: Directory) -> Callable[[str], ExtensionKind | None]:
    def kind_of(number: str) -> ExtensionKind | None:
        extension = directory.find(number)
        return extension.kind if extension else None

    return kind_of


def _connection(
    entry: entries.Connection, settings: Settings, disk: MessageDisk, directory: Directory
) -> Connection:
    user = entry.user or ""
    match entry:
        case entries.SmppConnectionSettings():
            return SmppConnection(
                entry.name,
                _centre(entry),
                disk,
                user=user,
                is_extension=lambda number: directory.find(number) is not None,
            )
        case entries.SmppServerSettings():
            return _smpp_server(entry, disk)
        case entries.EmailConnectionSettings():
            return _email(entry)
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


def _smpp_server(entry: entries.SmppServerSettings, disk: MessageDisk) -> SmppServer:
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
    )


def _email(entry: entries.EmailConnectionSettings) -> EmailConnection:
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
    return EmailConnection(entry.name, server, listener=listener, clock=time.time)


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)


def listening(messages: Messages) -> Iterator[str]:
    """Where connections listen, with the ports that were really taken."""
    for connection in messages.connections.values():
        if isinstance(connection, SmppServer):
            yield f"smpp:{connection.listen[0]}:{connection.listen[1]}"
        elif isinstance(connection, EmailConnection) and connection.listener is not None:
            host, port = connection.listener.listen
            yield f"mail:{host}:{port}"
