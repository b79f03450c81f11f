"""The lists that the settings define: whom a subscription to each of them shows (RFC 4662).

It is a package of its own only to those who count subscriptions; in SIP it is that of its states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from softswitch.calls.lamps.package import EventDocument, EventPackage
from softswitch.calls.numbers.directory import Directory
from softswitch.settings.exchange.lamps import LampListSettings
from softswitch.sip.message.uri import sip_uri

OPTION = "eventlist"
"The option tag of those who understand lists."
_NOTHING = EventDocument(b"")


class ListPackage:
    """All lists of lamps."""

    name = OPTION
    is_private = False

    def __init__(
        self,
        states: EventPackage,
        directory: Directory,
        domain: str,
        lists: Iterable[LampListSettings] = (),
    ) -> None:
        """`states` is the package of what they show, `domain` the host of their addresses."""
        self.states = states
        self._directory = directory
        self._domain = domain
        self._members = _members(lists)

    @property
    def content_type(self) -> str:
        """That of the states: a phone has to take it, too."""
        return self.states.content_type

    def settle(self, lists: Iterable[LampListSettings]) -> None:
        """Let there be these lists from now on."""
        self._members = _members(lists)

    def exists(self, resource: str) -> bool:
        """Whether it is the name of a list."""
        return resource in self._members

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Do nothing: its extensions are watched themselves."""

    def leave(self, resource: str) -> None:
        """Do nothing: its extensions are left themselves."""

    def document(self, resource: str) -> EventDocument:
        """Nothing: each subscription writes its own."""
        return _NOTHING

    def members(self, resource: str) -> tuple[str, ...]:
        """The numbers of a list in their order; none where it is gone."""
        return self._members.get(resource, ())

    def uri(self, user: str) -> str:
        """The address of a list or of one of its extensions."""
        return str(sip_uri(user, self._domain))

    def shown(self, number: str) -> str:
        """The name of an extension; empty where it has none."""
        extension = self._directory.find(number)
        return "" if extension is None else extension.name


def _members(lists: Iterable[LampListSettings]) -> Mapping[str, tuple[str, ...]]:
    return {each.name: tuple(each.numbers()) for each in lists}
