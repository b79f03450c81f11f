"""All subscriptions: who watches what, and who has to be told (RFC 6665 section 4.2).

A subscription does not outlive a restart: a phone that refreshes one of another run gets 481, and
subscribes anew. When the switch ends it says goodbye to its watchers, so that they do so soon.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import structlog

from softswitch.calls.lamps.lists.list_lamp import ListLamp
from softswitch.calls.lamps.lists.list_package import OPTION, ListPackage
from softswitch.calls.lamps.lists.rlmi import ListWriter
from softswitch.calls.lamps.package import EventPackage
from softswitch.calls.lamps.rights import WatchRefused, WatchRights
from softswitch.calls.lamps.watched import Lamp, Watched, WatchedResources
from softswitch.calls.leg.leg import Stack
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.settings.exchange.lamps import LampListSettings, LampSettings
from softswitch.sip.effects import Effect
from softswitch.sip.events import NewRequest, Resubscribed, SubscriptionEvent
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.subscription.event import BAD_EVENT, EndReason, EventType, read_event
from softswitch.sip.subscription.notifier import NotifierTerms, Subscription
from softswitch.telemetry.metrics import Metric

log = structlog.get_logger("softswitch.calls")

AT_A_TIME = 50
"NOTIFYs in one turn of the loop: a few milliseconds of it."
REVIEWED_AT_A_TIME = 200
"Subscriptions that are looked at in one turn of the loop after a change of the settings."
LATER = ("Retry-After", "60")
BURST = 0.05
"""Seconds after a change until lists are told of it: a call changes several of their extensions,
and one NOTIFY tells them all."""
BACK_IN = 10
"Seconds after which watchers may subscribe anew, when the switch ends."


class PublicationDesk(Protocol):
    """Takes what phones publish about themselves, for one event package."""

    def publish(self, request: Request, extension: str) -> Response:
        """Answer the PUBLISH of an extension about itself; raises MessageError."""

    def forget(self, numbers: Iterable[str]) -> None:
        """Forget what phones of extensions that are gone have published."""

    def metrics(self) -> Iterator[Metric]:
        """How much is published."""

    def close(self) -> None:
        """Wait for nothing any more."""


class Lamps:
    """The subscriptions of all phones."""

    def __init__(
        self,
        *,
        stack: Stack,
        plan: DialPlan,
        packages: Iterable[EventPackage],
        terms: LampSettings,
        lists: ListPackage,
        desks: Mapping[str, PublicationDesk] | None = None,
    ) -> None:
        """`packages` are those that phones may subscribe to; `desks` take what they publish.

        `lists` are those of extensions, whose states one of the packages knows.
        """
        self._stack = stack
        self._terms = terms
        self._rights = WatchRights(plan, packages, terms, lists)
        self._lists = lists
        self._desks = desks or {}
        self.allow_events = self._rights.allow_events
        self._watched = WatchedResources(self._note)
        self._by_watcher: dict[str, dict[Lamp, None]] = {}
        "The subscriptions of each extension, the oldest first."
        self._total = 0
        self._to_tell: deque[Lamp] = deque()
        self._to_review: deque[Lamp] = deque()
        self._dirty: list[Watched] = []
        self._lists_to_tell: list[Lamp] = []
        "Subscriptions to lists that are told soon what has changed."
        self._is_due = False
        "Whether the watchers of what has changed are about to be told."
        self.notifies: Counter[str] = Counter()
        "Documents that were sent, by package."
        self.refused: Counter[str] = Counter()
        "SUBSCRIBEs that were refused, by status."
        self.ended: Counter[str] = Counter()
        "Subscriptions that are over, by the reason."
        self.listeners: dict[str, Callable[[str], None]] = {}
        "Told of the resource after each change, by package, whether or not anybody watches."

    # -- the seam ----------------------------------------------------------------------------------

    def changed(self, package: str, resource: str) -> None:
        """Tell the watchers of a resource soon, if there are any and its document has changed."""
        watched = self._watched.find(package, resource)
        if watched is not None:
            self._note(watched)
        listener = self.listeners.get(package)
        if listener is not None:
            listener(resource)

    def watches_itself(self, package: str, extension: str) -> bool:
        """Whether a phone of an extension watches the extension's own state."""
        watched = self._watched.find(package, extension)
        return watched is not None and any(lamp.watcher == extension for lamp in watched.lamps)

    def kept(self) -> Iterable[str]:
        """Nobody: what is watched and published ends with the switch."""
        return ()

    def forget(self, numbers: Sequence[str]) -> None:
        """Forget what phones of extensions that are gone have published."""
        for desk in self._desks.values():
            desk.forget(numbers)

    # -- SUBSCRIBE ---------------------------------------------------------------------------------

    def subscribe(self, new: NewRequest, watcher: str) -> Response | None:
        """Take the SUBSCRIBE of an authenticated extension; a response refuses it.

        Raises MessageError when it is broken.
        """
        request = new.request
        rights = self._rights
        try:
            event = rights.event(request)
            states = rights.packages[event.package]
            package, number = rights.resource(states, request, new.flow, watcher)
            seconds = rights.seconds(request)
            shown = self._resources(watcher, package, number)
            if seconds:
                self._make_room(watcher, shown)
            if seconds or package is self._lists:
                self._bound(shown)
            self._accept(new, watcher, self._watched.at(package, number), event, seconds)
        except WatchRefused as refusal:
            self.refused[str(refusal.status)] += 1
            return response_to(request, refusal.status, to_tag=None, headers=refusal.headers)
        return None

    def _resources(self, watcher: str, package: EventPackage, number: str) -> list[Watched]:
        """What a new subscription would watch: of a list, all that its watcher may."""
        if package is not self._lists:
            return [self._watched.at(package, number)]
        states = self._lists.states
        return [
            self._watched.at(states, member)
            for member in self._lists.members(number)
            if self._rights.no_more(watcher, states, member) is None
        ]

    def _make_room(self, watcher: str, shown: Sequence[Watched]) -> None:
        """Let the oldest subscriptions of a watcher give way: a phone that restarts must get in."""
        own = self._by_watcher.get(watcher, {})
        room = self._terms.per_watcher - _counted(shown)
        room -= sum(_counted(lamp.resources()) for lamp in own)
        while room < 0 and own:
            oldest = next(iter(own))
            room += _counted(oldest.resources())
            self.end(oldest, EndReason.REJECTED)

    def _bound(self, shown: Iterable[Watched]) -> None:
        """Refuse who would be one too many."""
        terms = self._terms
        is_crowded = any(watched.watchers >= terms.per_extension for watched in shown)
        if is_crowded or self._total >= terms.total:
            raise WatchRefused(480, LATER)

    def _accept(
        self,
        new: NewRequest,
        watcher: str,
        watched: Watched,
        event: EventType,
        seconds: int,
    ) -> None:
        """Begin a subscription, or with 0 seconds show the state once. Raises MessageError."""
        endpoint, package = self._stack.endpoint, watched.package
        holder: list[Lamp] = []
        terms = NotifierTerms(package.content_type, self._terms.pause, self.allow_events)
        writer: ListWriter | None = None
        if package is self._lists:
            uri = self._lists.uri(watched.number)
            writer = ListWriter(uri, package.content_type, endpoint.token())
            shared = (("Require", OPTION),)
            terms = terms._replace(content_type=writer.content_type, shared=shared)
        subscription = Subscription(
            endpoint,
            endpoint.dialogs,
            new.request,
            new.flow,
            event=event,
            terms=terms,
            document=lambda version: self._written(holder[0], version),
            receiver=lambda happened: self._happened(holder[0], happened),
            now=self._stack.now,
        )
        lamp = (
            Lamp(watcher, watched, subscription)
            if writer is None
            else ListLamp(watcher, watched, subscription, self._lists, writer)
        )
        holder.append(lamp)
        self._add(lamp)
        transaction, effects = endpoint.accept(new.request, new.flow)
        out: list[Effect] = [*effects]
        self._look(lamp)
        subscription.begin(transaction, seconds, out)
        self._stack.perform(out)
        if seconds == 0:
            self._remove(lamp, "fetched")

    def _written(self, lamp: Lamp, version: int) -> bytes:
        self.notifies[lamp.watched.package.name] += 1
        return lamp.written(version)

    # -- PUBLISH -----------------------------------------------------------------------------------

    def publish(self, new: NewRequest, publisher: str) -> Response:
        """Answer the PUBLISH of an authenticated extension. Raises MessageError."""
        request = new.request
        try:
            event = read_event(request)
        except MessageError as error:
            if error.status != BAD_EVENT:
                raise
            event = None
        desk = None if event is None else self._desks.get(event.package)
        if desk is None:
            return response_to(request, BAD_EVENT, to_tag=None, headers=[self.allow_events])
        return desk.publish(request, self._rights.own(request, new.flow, publisher))

    # -- the life of a subscription ----------------------------------------------------------------

    def _happened(self, lamp: Lamp, happened: SubscriptionEvent) -> None:
        """Take what a watcher does, or that it is gone."""
        if isinstance(happened, Resubscribed):
            self._resubscribed(lamp, happened)
        else:
            log.info("watcher gone", watcher=lamp.watcher, reason=happened.reason)
            self._remove(lamp, happened.reason)

    def _resubscribed(self, lamp: Lamp, asked: Resubscribed) -> None:
        """Let a subscription go on, if its watcher still may; or end it as the watcher wishes."""
        subscription = lamp.subscription
        out: list[Effect] = []
        try:
            seconds = self._rights.seconds(asked.request)
        except (WatchRefused, MessageError) as error:
            headers = error.headers if isinstance(error, WatchRefused) else ()
            subscription.refuse(asked.transaction, error.status, headers, out)
            self._stack.perform(out)
            return
        reason = self._no_more(lamp)
        lamp.restart()
        self._look(lamp)
        if reason is not None:
            subscription.refuse(asked.transaction, 403, (), out)
            subscription.end(reason, out)
        else:
            subscription.refresh(asked.transaction, seconds, out)
        self._stack.perform(out)
        if subscription.is_over:
            self._remove(lamp, "unsubscribed" if reason is None else reason)

    def _no_more(self, lamp: Lamp) -> EndReason | None:
        """Why a subscription cannot go on; None where it can."""
        watched = lamp.watched
        return self._rights.no_more(lamp.watcher, watched.package, watched.number)

    def settle(self, lists: Iterable[LampListSettings]) -> None:
        """Let there be these lists from now on."""
        self._lists.settle(lists)
        self.review()

    def review(self) -> None:
        """End soon the subscriptions that the settings allow no more; for when they change."""
        is_under_way = bool(self._to_review)
        self._to_review = deque(self._all())
        if self._to_review and not is_under_way:
            asyncio.get_running_loop().call_soon(self._review_some)

    def _review_some(self) -> None:
        """Look at some subscriptions, and at others in the next turn of the loop."""
        for _ in range(min(REVIEWED_AT_A_TIME, len(self._to_review))):
            lamp = self._to_review.popleft()
            reason = None if lamp.subscription.is_over else self._no_more(lamp)
            if reason is EndReason.NO_RESOURCE:
                self._look(lamp)  # its last document says so, too
            if reason is not None:
                self.end(lamp, reason)
            elif isinstance(lamp, ListLamp) and not lamp.subscription.is_over:
                self._renew(lamp)
        if self._to_review:
            asyncio.get_running_loop().call_soon(self._review_some)

    def end(self, lamp: Lamp, reason: EndReason, retry_after: int = 0) -> None:
        """End a subscription in our name."""
        out: list[Effect] = []
        lamp.subscription.end(reason, out, retry_after)
        self._stack.perform(out)
        self._remove(lamp, reason)

    def close(self) -> None:
        """Say goodbye to all watchers: they may subscribe anew when the switch is back."""
        for lamp in self._all():
            self.end(lamp, EndReason.PROBATION, BACK_IN)
        for desk in self._desks.values():
            desk.close()

    def _add(self, lamp: Lamp) -> None:
        watched = lamp.watched
        self._watched.enter(watched)
        watched.lamps[lamp] = None
        if isinstance(lamp, ListLamp):
            self._show(lamp, self._shown(lamp))
        self._by_watcher.setdefault(lamp.watcher, {})[lamp] = None
        self._total += 1

    def _remove(self, lamp: Lamp, reason: str) -> None:
        watched = lamp.watched
        if lamp not in watched.lamps:
            return
        self.ended[reason] += 1
        self._total -= 1
        del watched.lamps[lamp]
        self._watched.leave(watched)
        if isinstance(lamp, ListLamp):
            self._show(lamp, {})
        own = self._by_watcher[lamp.watcher]
        del own[lamp]
        if not own:
            del self._by_watcher[lamp.watcher]

    def _all(self) -> list[Lamp]:
        return [lamp for own in self._by_watcher.values() for lamp in own]

    # -- lists -------------------------------------------------------------------------------------

    def _shown(self, lamp: ListLamp) -> dict[str, Watched | EndReason]:
        """What the watcher of a list may see of each of its extensions."""
        states = self._lists.states
        shown: dict[str, Watched | EndReason] = {}
        for number in self._lists.members(lamp.watched.number):
            reason = self._rights.no_more(lamp.watcher, states, number)
            if reason is None:
                shown[number] = self._watched.at(states, number)
            elif reason is not EndReason.NO_RESOURCE or number in lamp.members:
                shown[number] = reason
        return shown

    def _show(self, lamp: ListLamp, members: dict[str, Watched | EndReason]) -> None:
        """Let a list show these extensions from now on."""
        before, lamp.members = lamp.resources(), members
        for watched in lamp.resources():
            self._watched.enter(watched)
            watched.lists[lamp] = None
        for watched in before:
            if members.get(watched.number) is not watched:
                del watched.lists[lamp]
                self._watched.leave(watched)

    def _renew(self, lamp: ListLamp) -> None:
        """Show what a list is made of after a change of the settings, if that is something else."""
        members = self._shown(lamp)
        if list(members.items()) == list(lamp.members.items()):
            return
        self._show(lamp, members)
        lamp.restart()
        self._look(lamp)
        self._to_tell.append(lamp)
        self._call_soon()

    def _tell_lists(self) -> None:
        """Tell those of which something has changed."""
        self._to_tell.extend(self._lists_to_tell)
        self._lists_to_tell.clear()
        self._call_soon()

    # -- NOTIFY ------------------------------------------------------------------------------------

    def _note(self, watched: Watched) -> None:
        """Tell the watchers of a resource in the next turn of the loop, once for all changes."""
        if not watched.is_dirty:
            watched.is_dirty = True
            self._dirty.append(watched)
            self._call_soon()

    def _look(self, lamp: Lamp) -> None:
        """Take the state as it is; where it has changed, let all other watchers hear of it."""
        for watched in lamp.resources():
            if watched.look():
                self._inform(watched, but=lamp)
                self._call_soon()

    def _inform(self, watched: Watched, but: Lamp | None = None) -> None:
        """Let the watchers of a resource be told of its document, but for one that will be."""
        self._to_tell.extend(each for each in watched.lamps if each is not but)
        for lamp in watched.lists:
            if lamp is but or not lamp.note(watched.number):
                continue
            if not self._lists_to_tell:
                asyncio.get_running_loop().call_later(BURST, self._tell_lists)
            self._lists_to_tell.append(lamp)

    def _call_soon(self) -> None:
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """Send the NOTIFYs that are due: as many as do not keep the loop from others."""
        self._is_due = False
        dirty, self._dirty = self._dirty, []
        for watched in dirty:
            watched.is_dirty = False
            if watched.is_needed and watched.look():
                self._inform(watched)
        out: list[Effect] = []
        for _ in range(min(AT_A_TIME, len(self._to_tell))):
            lamp = self._to_tell.popleft()
            if lamp.has_news:
                lamp.subscription.changed(out)
        self._stack.perform(out)
        if self._to_tell:
            self._call_soon()

    # ----------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._total

    def metrics(self) -> Iterator[Metric]:
        """How many subscriptions there are, what they were told, and how they end."""
        yield Metric(
            "subscriptions", "Subscriptions that go on, by package", self._counts, "package"
        )
        yield Metric(
            "notifies_total",
            "NOTIFYs with the state of a resource, by package",
            lambda: dict(self.notifies),
            "package",
        )
        yield Metric(
            "subscriptions_refused_total",
            "SUBSCRIBEs that were refused, by status",
            lambda: dict(self.refused),
            "status",
        )
        yield Metric(
            "subscriptions_ended_total",
            "Subscriptions that are over, by reason",
            lambda: dict(self.ended),
            "reason",
        )
        for desk in self._desks.values():
            yield from desk.metrics()

    def _counts(self) -> dict[str, int]:
        counts = dict.fromkeys((*self._rights.packages, self._lists.name), 0)
        for watched in self._watched:
            counts[watched.package.name] += len(watched.lamps)
        return counts


def _counted(resources: Sequence[Watched]) -> int:
    """How many subscriptions one counts as, to these resources."""
    return max(1, len(resources))
