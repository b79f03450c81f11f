"""PINs that are asked by keys: wrong ones are counted by caller, and by trunk.

A PIN has few digits, so its wrong tries count for a day where those of passwords count for a
minute. A caller from outside may show any number; therefore all callers of a trunk together are
counted, too, with more patience.
"""

from __future__ import annotations

from softswitch.guard.bans import ALL_ACCOUNTS, LONGEST, BanList, Bans
from softswitch.guard.rates import RequestSource


class Pins:
    """Who may try a PIN; `account` is what the PIN opens, such as the number of a conference."""

    __slots__ = ("_callers", "_trunks")

    def __init__(self, bans: BanList) -> None:
        self._callers = bans.open("PIN", window=LONGEST)
        self._trunks = bans.open("PIN of trunk", window=LONGEST, times=ALL_ACCOUNTS)

    def refuses(self, caller: str, trunk: str, account: str) -> bool:
        """Whether the caller may not try now: a right PIN would count as a wrong one.

        `caller` is its extension or the number that it shows; `trunk` is empty for our own phones.
        """
        return any(bans.refuses(source, account) for bans, source in self._of(caller, trunk))

    def wrong(self, caller: str, trunk: str, account: str) -> None:
        """Count a wrong PIN."""
        for bans, source in self._of(caller, trunk):
            bans.wrong(source, account)

    def right(self, caller: str, trunk: str, account: str) -> None:
        """Forget the wrong ones: a right one has come."""
        for bans, source in self._of(caller, trunk):
            bans.right(source, account)

    def _of(self, caller: str, trunk: str) -> list[tuple[Bans, RequestSource]]:
        if not trunk:
            return [(self._callers, RequestSource(caller, trusted=False))]
        return [
            (self._callers, RequestSource(f"{caller} by {trunk}", trusted=False)),
            (self._trunks, RequestSource(trunk, trusted=False)),
        ]
