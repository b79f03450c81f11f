"""A party of a real call as commands see it: `ControlledParty` of `base/context.py`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TypeVar

from softswitch.calls.leg.keys import Keys
from softswitch.commands.base.order import LivePhone, PartyOrder

T = TypeVar("T")


class RunningParty:
    """One party: it performs orders, and presses keys."""

    def __init__(self, phone: LivePhone) -> None:
        self._phone = phone

    async def perform(self, order: PartyOrder[T]) -> T:
        """Do what is ordered."""
        return await order.perform(self._phone)

    def stop_sound(self) -> None:
        """End the sounds that the party hears, and those that wait, at once."""
        port = self._phone.present.audio.port
        if port is not None:
            port.stop_sound()

    async def key(self) -> str:
        """The next key that the party presses."""
        return await self._keys().next()

    def forget_keys(self) -> None:
        """Drop the keys that have not been asked for."""
        self._keys().forget()

    def privately(self) -> AbstractContextManager[None]:
        """Let no trace tell which keys it presses meanwhile."""
        return self._keys().privately()

    def hide(self, secret: str) -> None:
        """Let no trace tell from now on what it has entered in private."""
        port = self._phone.present.audio.port
        if port is not None:
            port.timeline.hide(secret)

    def _keys(self) -> Keys:
        return self._phone.present.hear_keys()
