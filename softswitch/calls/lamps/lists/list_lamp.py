"""One subscription to a list: whom it shows, and what it is to be told (RFC 4662 section 4.5).

The first NOTIFY after each SUBSCRIBE names all extensions, others only those that have changed.
States that would make one NOTIFY too long follow in further ones: until then their extensions have
no instance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from softswitch.calls.lamps.lists.list_package import ListPackage
from softswitch.calls.lamps.lists.rlmi import ListedResource, ListWriter
from softswitch.calls.lamps.watched import Lamp, Watched
from softswitch.sip.subscription.event import EndReason

STATES = 12_000
"""Octets of states in one NOTIFY: with the meta-information of the longest list that is less than
the body that we would take ourselves, and it fits into a datagram."""
PART = 200
"Octets that stand around a state: its part's head and boundary."

Members = Mapping[str, Watched | EndReason]
"What a watcher sees of each extension, or why nothing."


@dataclass(slots=True, eq=False)
class ListLamp(Lamp):
    """A subscription to a list."""

    lists: ListPackage
    writer: ListWriter
    members: Members = field(default_factory=dict)
    is_full: bool = True
    "Whether the next NOTIFY tells everything."
    stale: dict[str, None] = field(default_factory=dict)
    "The extensions whose states are to be told, those that wait longest first."
    versions: Counter[str] = field(default_factory=Counter)
    "The documents of each extension that were sent."

    def resources(self) -> Sequence[Watched]:
        """The extensions that it watches."""
        return [each for each in self.members.values() if isinstance(each, Watched)]

    def note(self, number: str) -> bool:
        """Let an extension be told of; whether nothing was to be told until now."""
        is_first = not self.stale
        self.stale[number] = None
        return is_first

    @property
    def has_news(self) -> bool:
        """Whether it is to be told everything, or of some extension."""
        return self.is_full or bool(self.stale)

    def restart(self) -> None:
        """Tell everything next."""
        self.is_full = True

    def written(self, version: int) -> bytes:
        """The body of the next NOTIFY, of which `version` counts those of the subscription."""
        # A NOTIFY that was refused, or never came, has told nothing.
        is_full = self.is_full or self.subscription.failures > 0
        if is_full:
            self.stale = dict.fromkeys(self.members)
        self.is_full = False
        told = self._told()
        named = self.members if is_full else told
        resources = [told.get(number) or self._named(number) for number in named]
        self.subscription.is_stale = self.subscription.is_stale or bool(self.stale)
        return self.writer.written(version, resources, is_full=is_full)

    def _told(self) -> dict[str, ListedResource]:
        """Those whose states go into this NOTIFY; at least one, if any is to be told."""
        told: dict[str, ListedResource] = {}
        room = STATES
        for number in list(self.stale):
            member = self.members.get(number)
            resource = self._named(number)
            if isinstance(member, Watched):
                document = member.written(self.versions[number])
                room -= len(document) + PART
                if told and room < 0:
                    break
                self.versions[number] += 1
                resource = resource._replace(document=document)
            del self.stale[number]
            if member is not None:
                told[number] = resource
        return told

    def _named(self, number: str) -> ListedResource:
        member = self.members.get(number)
        reason = member.value if isinstance(member, EndReason) else ""
        lists = self.lists
        return ListedResource(number, lists.uri(number), lists.shown(number), reason=reason)
