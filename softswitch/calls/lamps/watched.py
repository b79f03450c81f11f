"""One resource of one package: its watchers, and the document that all of them are told."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.calls.lamps.package import EventDocument, EventPackage
from softswitch.sip.subscription.notifier import Subscription


@dataclass(slots=True, eq=False)
class Lamp:
    """One subscription, and whose it is."""

    watcher: str
    "The extension that watches."
    watched: Watched
    subscription: Subscription


class Watched:
    """A resource that somebody watches."""

    __slots__ = ("document", "is_dirty", "lamps", "number", "package")

    def __init__(self, package: EventPackage, number: str) -> None:
        self.package = package
        self.number = number
        self.document: EventDocument | None = None
        "What the watchers were told last; None before the first."
        self.is_dirty = False
        "Whether it has changed, and its watchers are about to be told."
        self.lamps: dict[Lamp, None] = {}
        "In the order in which they came."

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
