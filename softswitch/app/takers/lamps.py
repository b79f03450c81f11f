"""Takes who may watch whom, and lists; watchers of what is gone are told so."""

from __future__ import annotations

from functools import partial

from softswitch.app.takers.differences import difference, extensions_changed, nothing
from softswitch.calls.lamps.lamps import Lamps
from softswitch.live.live_settings import Take
from softswitch.live.snapshot import Snapshot


def take_watchers(lamps: Lamps, before: Snapshot, after: Snapshot) -> Take:
    """Subscriptions that the new settings do not allow are ended; lists show what they name now."""
    changed = extensions_changed(before.settings, after.settings)
    wanted = after.settings.lamp_lists
    if difference(before.settings.lamp_lists, wanted):
        return partial(lamps.settle, wanted)
    return lamps.review if changed.gone or (changed.new and wanted) else nothing
