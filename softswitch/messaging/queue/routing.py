"""Where a message goes: to the connection that it names, to an extension, or by the rules."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable

from softswitch.calls.numbers.extension import ExtensionKind
from softswitch.messaging.connections.connection import API, SIP, NoRoute
from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.queue.routes import Routes


class MessageRouting:
    """Knows the connections, the extensions behind numbers, and the rules."""

    def __init__(
        self,
        routes: Routes,
        connections: Container[str],
        kind_of: Callable[[str], ExtensionKind | None],
        hosts: Iterable[str],
    ) -> None:
        """`kind_of`: the kind of the extension with a number; `hosts`: ours, besides localhost."""
        self._routes = routes
        self._connections = connections
        self._kind_of = kind_of
        self._hosts = {"", "localhost", *(host.lower() for host in hosts)}

    def way(self, outgoing: Outgoing) -> tuple[tuple[str, ...], str]:
        """The connections to try and the recipient within them. Raises NoRoute."""
        to = outgoing.to_address
        if outgoing.connection:
            return self._named(outgoing.connection, to)
        names = self.connections_for(
            to=to, sender=outgoing.from_address, source=API, kind=outgoing.kind
        )
        if not names:
            raise NoRoute(f"no route to {to}")
        return names, to

    def _named(self, connection: str, to: str) -> tuple[tuple[str, ...], str]:
        name = self.own_name(connection)
        if name == SIP and name in self._connections and not to:
            raise NoRoute("sip@localhost needs the number of a phone")
        if name is not None and name in self._connections:
            return (name,), to
        if name is not None and self._kind_of(name) is not None:
            return (SIP,), name
        raise NoRoute(f"no connection {connection}")

    def own_name(self, connection: str) -> str | None:
        """The name in `name@host`; None where the host is not one of ours."""
        name, _, host = connection.partition("@")
        return name if host.lower() in self._hosts else None

    def connections_for(self, *, to: str, sender: str, source: str, kind: str) -> tuple[str, ...]:
        """The connections to try in order; empty where no rule fits."""
        if kind != "email" and self._kind_of(to) is not None:
            return (SIP,)
        found = self._routes.find(to=to, sender=sender, source=source, kind=kind)
        return tuple(name for name in found if name in self._connections)

    def is_application(self, number: str) -> bool:
        """Whether an application takes the messages for that number."""
        kind = self._kind_of(number)
        return kind is not None and kind.takes_messages
