"""What a SUBSCRIBE may ask for: packages that we know, extensions that are there, who watches whom.

The settings of the extension that is watched say who may.
"""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.calls.lamps.lists.list_package import OPTION, ListPackage
from softswitch.calls.lamps.package import EventPackage
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.routing import Unroutable
from softswitch.settings.exchange.lamps import LampSettings
from softswitch.sip.effects import Flow
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.requests.brevity import too_brief
from softswitch.sip.subscription.event import BAD_EVENT, EndReason, EventType, read_event

Header = tuple[str, str]


class WatchRefused(Exception):
    """A SUBSCRIBE is refused with `status` and headers."""

    def __init__(self, status: int, *headers: Header) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.headers = headers


def may_watch(watcher: str, extension: Extension, *, is_private: bool) -> bool:
    """Whether the lamps of an extension may show what another one does."""
    if watcher == extension.number:
        return True
    named = extension.settings.watchers
    if named is None:
        return not is_private
    return any(
        watcher.startswith(each[:-1]) if each.endswith("*") else watcher == each for each in named
    )


class WatchRights:
    """Reads what is asked for, and refuses what is not to be had."""

    __slots__ = ("_lists", "_plan", "_terms", "allow_events", "packages")

    def __init__(
        self,
        plan: DialPlan,
        packages: Iterable[EventPackage],
        terms: LampSettings,
        lists: ListPackage,
    ) -> None:
        self._plan = plan
        self._terms = terms
        self._lists = lists
        self.packages = {package.name: package for package in packages}
        self.allow_events: Header = ("Allow-Events", ", ".join(self.packages))
        "Names the packages; for answers that tell what we can do."

    def event(self, request: Request) -> EventType:
        """The event, of a package that is known; raises WatchRefused (406, 489), MessageError."""
        try:
            event = read_event(request)
        except MessageError as error:
            if error.status != BAD_EVENT:
                raise
            raise WatchRefused(BAD_EVENT, self.allow_events) from None
        package = self.packages.get(event.package)
        if package is None:
            raise WatchRefused(BAD_EVENT, self.allow_events)
        if not _accepts(request, package.content_type):
            raise WatchRefused(406, ("Accept", package.content_type))
        return event

    def resource(
        self, package: EventPackage, request: Request, flow: Flow, watcher: str
    ) -> tuple[EventPackage, str]:
        """What is to be watched, by one who may: a number, or the name of a list.

        Raises WatchRefused (403, 404, 416, 421, 484).
        """
        try:
            number = self._plan.routing.dialled(request.uri, flow)
        except Unroutable as error:
            raise WatchRefused(error.status) from None
        if not package.exists(number):
            return self._list(package, request, number)
        if not self._may_watch(watcher, package, number):
            raise WatchRefused(403)
        return package, number

    def _list(self, package: EventPackage, request: Request, name: str) -> tuple[EventPackage, str]:
        """A list of that name, for one who understands lists (RFC 4662 section 4.1)."""
        if package is not self._lists.states or not self._lists.exists(name):
            raise WatchRefused(404)
        if not request.names("Supported", OPTION):
            raise WatchRefused(421, ("Require", OPTION))
        return self._lists, name

    def own(self, request: Request, flow: Flow, publisher: str) -> str:
        """The number that a PUBLISH is about, which is the publisher's; raises MessageError."""
        try:
            number = self._plan.routing.dialled(request.uri, flow)
        except Unroutable as error:
            raise MessageError(str(error), error.status) from None
        if number != publisher:
            raise MessageError("an extension publishes only for itself", 403)
        return number

    def seconds(self, request: Request) -> int:
        """How long a subscription is to last; 0 for a look at the state, or the end.

        Raises WatchRefused (423), MessageError.
        """
        wanted, terms = request.expires, self._terms
        if wanted is None:
            return terms.max_expires
        if (least := too_brief(wanted, terms.min_expires)) is not None:
            raise WatchRefused(423, least)
        return min(wanted, terms.max_expires)

    def no_more(self, watcher: str, package: EventPackage, number: str) -> EndReason | None:
        """Why a subscription cannot go on: settings have changed; None where it can."""
        if not package.exists(number):
            return EndReason.NO_RESOURCE
        is_known = self._plan.directory.find(watcher) is not None
        if not is_known or not self._may_watch(watcher, package, number):
            return EndReason.REJECTED
        return None

    def _may_watch(self, watcher: str, package: EventPackage, number: str) -> bool:
        extension = self._plan.directory.find(number)
        if extension is None:
            return not package.is_private
        return may_watch(watcher, extension, is_private=package.is_private)


def _accepts(request: Request, content_type: str) -> bool:
    """Whether a SUBSCRIBE without Accept, or with this one, takes documents of that type."""
    ranges = request.headers.read("Accept")
    if ranges is None:
        return True
    taken = {each.partition(";")[0].strip(" \t").lower() for each in ranges}
    kind = content_type.partition("/")[0]
    return not taken.isdisjoint((content_type, f"{kind}/*", "*/*"))
