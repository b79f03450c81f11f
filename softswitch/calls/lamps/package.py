"""What an event package is, and what it tells (RFC 6665 section 5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class EventDocument:
    """The state of a resource, written once for all its watchers."""

    head: bytes
    "All of it, or what stands before the version."
    tail: bytes | None = None
    "What stands behind the version; None for a document that has none."

    def written(self, version: int) -> bytes:
        """The document as a subscription sends it; each counts its versions for itself."""
        return self.head if self.tail is None else b"%b%d%b" % (self.head, version, self.tail)


class EventPackage(Protocol):
    """A kind of state that can be watched."""

    @property
    def name(self) -> str:
        """As it stands in Event."""

    @property
    def content_type(self) -> str:
        """Of its documents."""

    @property
    def is_private(self) -> bool:
        """Whether only the extension itself may watch, and those that its settings name."""

    def exists(self, resource: str) -> bool:
        """Whether there is such a resource."""

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Call `changed` after each change from now on: the resource has its first watcher."""

    def leave(self, resource: str) -> None:
        """Watch a resource no more: its last watcher is gone."""

    def document(self, resource: str) -> EventDocument:
        """The state now, of a resource that is watched."""


class WatchedByName:
    """The part of a package that knows whom to tell, where changes are told by name."""

    def __init__(self) -> None:
        self._watched: dict[str, Callable[[], None]] = {}

    def watch(self, resource: str, changed: Callable[[], None]) -> None:
        """Call `changed` after each change from now on."""
        self._watched[resource] = changed

    def leave(self, resource: str) -> None:
        """Watch a resource no more."""
        del self._watched[resource]

    def changed(self, resource: str) -> None:
        """Tell the watchers of a resource, if there are any."""
        changed = self._watched.get(resource)
        if changed is not None:
            changed()
