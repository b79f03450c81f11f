"""Resources that are watched: their watchers, and the document that all of these are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from softswitch.calls.lamps.package import EventDocument, EventPackage
from softswitch.sip.subscription.notifier import Subscription


@dataclass(slots=True, eq=False)
class Lamp:
    """One subscription, and whose it is."""

    watcher: str
    "The extension that watches."
    watched: Watched
    subscription: Subscription

    def resources(self) -> Sequence[Watched]:
        """Those whose documents it is told."""
        return (self.watched,)

    def note(self, number: str) -> bool:
        """Take the news that a resource has changed; whether it has to be told of that soon."""
        return True

    @property
    def has_news(self) -> bool:
        """Whether there is anything to tell it."""
        return True

    def restart(self) -> None:
        """Begin anew, as after each SUBSCRIBE: for those who are not always told everything."""

    def written(self, version: int) -> bytes:
        """The body of its next NOTIFY, of which `version` counts those of the subscription."""
        return self.watched.written(version)


class Watched:
    """A resource that somebody watches."""

    __slots__ = ("document", "is_dirty", "lamps", "lists", "number", "package")

    def __init__(self, package: EventPackage, number: str) -> None:
        self.package = package
        self.number = number
        self.document: EventDocument | None = None
        "What the watchers were told last; None before the first."
        self.is_dirty = False
        "Whether it has changed, and its watchers are about to be told."
        self.lamps: dict[Lamp, None] = {}
        "In the order in which they came."
        self.lists: dict[Lamp, None] = {}
        "Subscriptions to lists that show it among others."

    @property
    def watchers(self) -> int:
        """Subscriptions that are told of it, by itself or in a list."""
        return len(self.lamps) + len(self.lists)

    @property
    def is_needed(self) -> bool:
        """Whether anybody watches it."""
        return bool(self.lamps or self.lists)

    def look(self) -> bool:
        """Take the state as it is; whether it is another one than the watchers know."""
        document = self.package.document(self.number)
        if document == self.document:
            return False
        self.document = document
        return True

    def written(self, version: int) -> bytes:
        """The document of a subscription."""
        if self.document is None:
            self.look()
            assert self.document is not None
        return self.document.written(version)


class WatchedResources:
    """All resources that somebody watches."""

    def __init__(self, note: Callable[[Watched], None]) -> None:
        """`note` is told of each that has changed."""
        self._note = note
        self._all: dict[tuple[str, str], Watched] = {}

    def __iter__(self) -> Iterator[Watched]:
        return iter(self._all.values())

    def find(self, package: str, number: str) -> Watched | None:
        """One that is watched."""
        return self._all.get((package, number))

    def at(self, package: EventPackage, number: str) -> Watched:
        """One that is, or is about to be."""
        return self.find(package.name, number) or Watched(package, number)

    def enter(self, watched: Watched) -> None:
        """Follow it from now on, unless it is followed; it is about to get a watcher."""
        if not watched.is_needed:
            self._all[watched.package.name, watched.number] = watched
            watched.package.watch(watched.number, partial(self._note, watched))

    def leave(self, watched: Watched) -> None:
        """Follow it no more, if that was its last watcher."""
        if not watched.is_needed:
            del self._all[watched.package.name, watched.number]
            watched.package.leave(watched.number)
