"""Takes who may watch whom; watchers of extensions that are gone are told so."""

from __future__ import annotations

from softswitch.app.takers.differences import extensions_changed, nothing
from softswitch.calls.lamps.lamps import Lamps
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot


def take_watchers(lamps: Lamps, before: Snapshot, after: Snapshot) -> Take:
    """Subscriptions that the new settings do not allow are ended."""
    changed = extensions_changed(before.settings, after.settings)
    return lamps.review if changed.gone else nothing
