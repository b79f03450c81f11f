"""The dial plan: the targets to ring for a number, and the rights of callers.

The one source of targets for calls that are dialled, begun or transferred.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from softswitch.calls.agents import Agents
from softswitch.calls.endings.endings import NotReached, refused_here
from softswitch.calls.features.extension_features import ExtensionFeatures, keep_nothing
from softswitch.calls.features.features import Features
from softswitch.calls.leg.media_terms import NO_OWN_TERMS, SrtpTerms
from softswitch.calls.numbers.calendar import Calendars, Opening
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension, RingPlan
from softswitch.calls.numbers.openings import Openings
from softswitch.calls.numbers.registrations import Binding
from softswitch.calls.numbers.routing import COMMAND, Rights, Routing, Unroutable, Way
from softswitch.calls.numbers.rules.budgets import Budgets
from softswitch.calls.numbers.rules.emergency import Emergencies
from softswitch.calls.numbers.targets import (
    Rounds,
    ShownCaller,
    Target,
    in_rounds,
    ways_in_turn,
)
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.numbers.turns import GroupTurns
from softswitch.settings.extensions.voicemail import VoicemailExtension

ANONYMOUS = ShownCaller("", "", is_ours=True)
"Calls that nobody is shown for."


class Contacts(Protocol):
    """Where the phones of an extension are."""

    def contacts(self, extension: str) -> list[Binding]:
        """Where its phones can be reached now, best q first."""

    def other_flows(self, binding: Binding) -> list[Binding]:
        """The other flows of the same phone, the latest first."""

    def is_awaited(self, extension: str) -> bool:
        """Whether a phone is bound, and none can be reached until it connects again."""

    async def returned(self, extensions: Collection[str]) -> None:
        """Wait until a phone of one of them has connected again, for a while at most."""


@dataclass(frozen=True, slots=True)
class DialPlan:
    """Numbers and their destinations: extensions and their phones, routes and trunks."""

    directory: Directory
    routing: Routing
    registrations: Contacts
    trunks: Trunks
    turns: GroupTurns
    "Whose turn it is in each group."
    agents: Agents
    "Who is logged in to which queue."
    calendars: Calendars = field(default_factory=Calendars)
    features: ExtensionFeatures = field(default_factory=partial(ExtensionFeatures, keep_nothing))
    budgets: Budgets = field(default_factory=partial(Budgets, time.time))
    "What of calls out is used today."
    emergencies: Emergencies = field(default_factory=Emergencies)
    openings: Openings = field(default_factory=partial(Openings, Calendars(), keep_nothing))
    "Opens and closes these calendars by hand."
    now: Callable[[], float] = time.time
    "Unix time in seconds."

    def targets(
        self, number: str, caller: ShownCaller = ANONYMOUS, rights: Rights = COMMAND
    ) -> Rounds:
        """The targets to ring for a number and a caller with these rights; `caller` is shown.

        An extension that rings no phones is one target, on the inside line. Raises Unroutable: the
        number leads nowhere (404), or not for this caller (403).
        """
        destination = self.routing.destination(number, rights)
        if not isinstance(destination, Extension):
            return self.ways_out(destination, caller)
        plan = destination.ring_plan
        if plan is None:
            return Rounds(((Target.inside(destination.number),),))
        return self.phones(plan)

    def reach(
        self, number: str, caller: ShownCaller = ANONYMOUS, rights: Rights = COMMAND
    ) -> Rounds:
        """As `targets`, but at least one of them. Raises NotReached."""
        try:
            rounds = self.targets(number, caller, rights)
        except Unroutable as error:
            raise NotReached(refused_here(error.status, str(error))) from error
        if not rounds.rounds:
            raise NotReached(rounds.nobody)
        return rounds

    def extension(self, number: str, rights: Rights = COMMAND) -> Extension | None:
        """The extension that a number leads to; None when it leads elsewhere, or nowhere."""
        found = self.routing.look(number, rights)
        return found.destination if found and isinstance(found.destination, Extension) else None

    def phones(self, plan: RingPlan) -> Rounds:
        """The phones that ring for an extension."""
        return in_rounds(self.turns.rounds(plan), self._phones_of, plan.ring_time)

    def opening(self, calendar: str) -> Opening:
        """Whether the calendar of that name is open now, and why."""
        return self.calendars.at(calendar, self.now())

    def leads_to(self, extension: Extension) -> str | None:
        """The number that calls to an extension go on to now; None for most kinds."""
        leads_to = extension.kind.leads_to
        if leads_to is None:
            return None
        return leads_to(extension, lambda calendar: self.opening(calendar).is_open)

    @property
    def voicemail(self) -> Extension | None:
        """The number that takes calls of extensions with a mailbox; None where there is none."""
        found = self.directory.of_settings(VoicemailExtension)
        return found[0] if found else None

    def features_of(self, extension: Extension) -> Features:
        """What the extension wants with its calls now."""
        return self.features.of(extension.number, extension.settings)

    def _rings(self, number: str) -> bool:
        """Whether the phones of an extension may ring: it does not want not to be disturbed."""
        extension = self.directory.find(number)
        return extension is None or not self.features_of(extension).do_not_disturb

    def _phones_of(self, number: str) -> tuple[Target, ...]:
        """Every phone of an extension; none while it is not to be disturbed."""
        if not self._rings(number):
            return ()
        registrations, at = self.registrations, partial(Target.at, self.srtp(number))
        return tuple(
            at(binding, map(at, registrations.other_flows(binding)))
            for binding in registrations.contacts(number)
        )

    def awaited(self, plan: RingPlan) -> tuple[str, ...]:
        """The extensions whose phones are about to connect again, of a plan that rings none now."""
        numbers = (rung.number for members in self.turns.rounds(plan) for rung in members)
        return tuple(filter(self.registrations.is_awaited, filter(self._rings, numbers)))

    def srtp(self, extension: str) -> SrtpTerms:
        """What the settings of an extension say about SRTP."""
        found = self.directory.find(extension)
        return NO_OWN_TERMS if found is None else found.srtp

    def ways_out(self, ways: Sequence[Way], caller: ShownCaller) -> Rounds:
        """The servers of the trunks, as a call of this caller takes them."""
        return ways_in_turn([(self.trunks[way.trunk], way) for way in ways], caller)
