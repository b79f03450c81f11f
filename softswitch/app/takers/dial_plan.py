"""Takes extensions, rules and trunks: one call still has the old ones, the next has the new.

Calls that are up go on: they hold what they were set up with. Trunks that stay are the same
objects, with their calls and their servers; changed ones register anew, gone ones sign off.
"""

from __future__ import annotations

from functools import partial

from softswitch.app.entropy import Entropy
from softswitch.app.parts.budgets import budgets_of
from softswitch.app.parts.dial_plan import (
    blocks_of,
    calendars_of,
    directory_of,
    peers_of,
    rules_of,
    singles_of,
    terms_of,
)
from softswitch.app.takers.differences import difference, extensions_changed, nothing, of_type
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.trunk import Trunk, TrunkTerms
from softswitch.calls.numbers.trunk_watch import TrunkWatch
from softswitch.calls.numbers.trunks import Trunks
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot
from softswitch.settings.extensions.base import ExtensionSettings
from softswitch.transport.driver import Driver
from softswitch.transport.tls import Peer, TlsTransport


def take_extensions(directory: Directory, before: Snapshot, after: Snapshot) -> Take:
    """The directory has the extensions of the new settings."""
    changed = extensions_changed(before.settings, after.settings)
    if not changed:
        return nothing
    gone = of_type(ExtensionSettings, changed.gone)
    other = directory.changed(
        [each.number for each in gone if each.number is not None],
        singles_of(of_type(ExtensionSettings, changed.new)),
        blocks_of(after.settings.extensions),
    )
    return partial(directory.exchange, other)


RULES = ("routes", "classes", "dialling", "emergency", "calendars", "budgets")
"The tables of the settings that rules, calendars and budgets are made from."


def take_rules(plan: DialPlan, before: Snapshot, after: Snapshot) -> Take:
    """Numbers lead where the new rules say."""
    old, new = before.settings, after.settings
    # Emergency calls go out by all trunks, where the settings name none for them.
    if all(getattr(old, table) == getattr(new, table) for table in (*RULES, "trunks")):
        return nothing
    other = Routing(directory_of(()), (), rules_of(new))
    calendars, budgets = list(calendars_of(new)), budgets_of(new)

    def take() -> None:
        plan.routing.exchange(other)
        plan.calendars.replace(calendars)
        plan.budgets.replace(budgets)

    return take


class TrunkTaker:
    """Takes trunks: by name, so that those that stay keep their calls and their state."""

    def __init__(
        self, trunks: Trunks, watch: TrunkWatch, driver: Driver, key: bytes, entropy: Entropy
    ) -> None:
        """`key` is what our contacts at trunks are made from."""
        self._trunks = trunks
        self._watch = watch
        self._driver = driver
        self._key = key
        self._entropy = entropy

    def __call__(self, before: Snapshot, after: Snapshot) -> Take:
        """Prepare for the trunks of the new settings."""
        if not difference(before.settings.trunks, after.settings.trunks):
            return nothing
        terms = [terms_of(entry, self._key) for entry in after.settings.trunks]
        return partial(self._take, terms, peers_of(after.settings))

    def _take(self, wanted: list[TrunkTerms], peers: dict[str, Peer]) -> None:
        known = {trunk.name: trunk for trunk in self._trunks}
        trunks = []
        for terms in wanted:
            trunk = known.get(terms.name)
            if trunk is None:
                trunk = Trunk(terms, self._entropy.token)
            elif trunk.terms != terms:
                trunk.change(terms)
            trunks.append(trunk)
        self._trunks.exchange(Trunks(trunks))
        for transport in self._driver.transports:
            if isinstance(transport, TlsTransport):
                transport.follow(peers)
        self._watch.follow()
