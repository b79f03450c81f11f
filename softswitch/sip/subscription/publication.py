"""PUBLISH: the soft state that a phone keeps with us (RFC 3903 section 6).

Pure: a request goes in with the time, and what it changes comes out with the response. The tag of a
publication is new after each change, so a phone that has missed one cannot undo what came later.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.requests.brevity import too_brief

T = TypeVar("T")
"What a document says."


@dataclass(frozen=True, slots=True)
class PublicationTerms:
    """The bounds of publications."""

    min_expires: int
    max_expires: int
    each: int = 5
    "Publications of one resource; then the oldest gives way: a phone may have lost its tag."


@dataclass(slots=True)
class Published(Generic[T]):
    """One publication."""

    value: T
    until: float
    "When it expires, in the seconds of `now`."


class Publications(Generic[T]):
    """The publications of one event package, by resource and tag."""

    __slots__ = ("_read", "_terms", "_tokens", "_values")

    def __init__(
        self,
        read: Callable[[Request], T],
        terms: PublicationTerms,
        tokens: Callable[[], str],
    ) -> None:
        """`read` reads the document of a request, and raises MessageError; `tokens` makes tags."""
        self._read = read
        self._terms = terms
        self._tokens = tokens
        self._values: dict[str, dict[str, Published[T]]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._values.values()))

    def latest(self, resource: str, now: float) -> T | None:
        """What was published last; None when nothing is left of it."""
        alive = [each for each in self._values.get(resource, {}).values() if each.until > now]
        return alive[-1].value if alive else None

    def expires_at(self, resource: str, now: float) -> float | None:
        """When the next publication of a resource expires; None when there is none."""
        self._forget(resource, now)
        return min((each.until for each in self._values.get(resource, {}).values()), default=None)

    def publish(self, request: Request, resource: str, now: float) -> Response:
        """Take a PUBLISH for a resource (steps 3 to 6); raises MessageError."""
        self._forget(resource, now)
        own = self._values.get(resource, {})
        tag = request.headers.get("SIP-If-Match")
        if tag is not None and tag.strip() not in own:
            return response_to(request, 412, to_tag=None)
        seconds = request.expires
        if seconds is None:
            seconds = self._terms.max_expires
        if (least := too_brief(seconds, self._terms.min_expires)) is not None:
            return response_to(request, 423, to_tag=None, headers=[least])
        if tag is None and not request.body:
            return response_to(request, 400, "Nothing To Publish", to_tag=None)
        old = own[tag.strip()] if tag is not None else None
        value = old.value if old is not None and not request.body else self._read(request)
        if tag is not None:
            del own[tag.strip()]
        seconds = min(seconds, self._terms.max_expires)
        fresh = self._tokens()
        if seconds:
            self._keep(resource, fresh, Published(value, now + seconds))
        elif not own:
            self._values.pop(resource, None)
        headers = [("Expires", str(seconds)), ("SIP-ETag", fresh)]
        return response_to(request, 200, to_tag=None, headers=headers)

    def drop(self, resource: str) -> bool:
        """Forget all that was published for a resource; its tags are worthless.

        Returns whether there was anything.
        """
        return self._values.pop(resource, None) is not None

    def _keep(self, resource: str, tag: str, published: Published[T]) -> None:
        own = self._values.setdefault(resource, {})
        own[tag] = published
        if len(own) > self._terms.each:
            del own[next(iter(own))]

    def _forget(self, resource: str, now: float) -> None:
        """Forget what has expired."""
        own = self._values.get(resource, {})
        for tag in [tag for tag, each in own.items() if each.until <= now]:
            del own[tag]
        if not own:
            self._values.pop(resource, None)
