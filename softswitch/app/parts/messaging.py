"""Text messages, from the settings: the connections that carry them, the routes, the bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from softswitch.app.parts.connections import connection_of
from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.signalling import Signalling
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.calls.pager import Pager
from softswitch.messaging.connections.admin import AdminConnection
from softswitch.messaging.connections.connection import Connection
from softswitch.messaging.connections.sip import SipConnection
from softswitch.messaging.delivery.backoff import BackOff
from softswitch.messaging.delivery.notices import Tell
from softswitch.messaging.queue.bounds import Bounds
from softswitch.messaging.queue.disk import MessageDisk
from softswitch.messaging.queue.messages import Messages
from softswitch.messaging.queue.routes import Routes, Rule
from softswitch.settings.load import Settings

if TYPE_CHECKING:
    from softswitch.messaging.connections.email import Attached

MEGABYTE = 1_000_000
DAY = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    """What keeps and carries messages; nothing is started yet."""

    messages: Messages
    phones: SipConnection
    "The connection of the phones: it answers MESSAGE."


def build_messaging(
    settings: Settings,
    foundation: Foundation,
    signalling: Signalling,
    plan: DialPlan,
    tell: Tell,
    *,
    attached: Attached,
) -> Messaging:
    """All messages of the switch; `tell` tells applications of them.

    `attached` finds the sound that goes with a mail.

    A phone that registers gets what was kept for it.
    Raises OSError for files of certificates.
    """
    disk = MessageDisk(foundation.store, settings.messages.reserve * MEGABYTE)
    pager = Pager(plan, signalling.driver, settings.sip.domain)
    phones = SipConnection(plan, pager, time.time, disk.waiting_addresses)
    signalling.registrations.listeners.append(phones.registered)
    bans = foundation.bans.open("SMPP")
    connections: list[Connection] = [
        phones,
        AdminConnection(),
        *(
            connection_of(entry, disk, plan.directory, bans, attached=attached)
            for entry in settings.connections
        ),
    ]
    messages = Messages(
        disk,
        connections,
        _routes(settings, connections),
        bounds=_bounds(settings),
        tell=tell,
        kind_of=_kind_of(plan.directory),
        hosts=[settings.sip.domain],
    )
    return Messaging(messages=messages, phones=phones)


def _routes(settings: Settings, connections: list[Connection]) -> Routes:
    rules = [
        Rule(route.connections, route.to, route.sender, route.source, route.kind)
        for route in settings.message_routes
    ]
    return Routes(rules, [(connection.name, connection.kind) for connection in connections])


def _bounds(settings: Settings) -> Bounds:
    """What `[messages]` says."""
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
