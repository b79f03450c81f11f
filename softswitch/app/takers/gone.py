"""What is gone since the switch ran last, because the settings file has changed meanwhile.

Entries of the store that do not fit together with the file any more are left out, not gone: whoever
mends the file has them again, with all that belongs to them.
"""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.app.takers.access import RandomPasswords
from softswitch.app.takers.departures import Departures
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.live.live_settings import LiveSettings
from softswitch.settings.dialplan.patterns import is_between


async def forget_gone(
    live: LiveSettings, plan: DialPlan, departures: Departures, random: RandomPasswords
) -> None:
    """Forget what was kept of extensions, calendars and users that there are no more."""
    rows = live.left_out
    numbers = [str(row.body.get("number") or row.name) for row in rows if row.kind == "extensions"]

    def is_there(number: str) -> bool:
        return plan.directory.find(number) is not None or _is_among(numbers, number)

    await departures.catch_up(is_there)
    names = {(row.kind, row.name) for row in rows}
    await plan.openings.forget(
        [name for name in plan.openings.gone() if ("calendars", name) not in names]
    )
    users = {name for kind, name in names if kind == "users"}
    await random.forget_other_users({*live.now.passwords.http, *users})


def _is_among(names: Sequence[str], number: str) -> bool:
    """Whether it is one of these numbers, or in one of the ranges among them."""
    return any(number == name or is_between(number, *name.partition("-")[::2]) for name in names)
