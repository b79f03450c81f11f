"""The key of a phone that shows another extension, and subscribes anew whenever it has to."""

from __future__ import annotations

import asyncio

from softswitch.sip.message.message import Response
from tests.calls.lamps.test_dialogs import dialogs
from tests.calls.walk.living_phone import LivingPhone
from tests.sip.watcher import Watcher

REFRESH = 30.0
"Seconds between two SUBSCRIBEs, in which a phone learns that the switch knows it no more."


class LampKey:
    """Shows the dialogs of one extension on a phone of another."""

    def __init__(self, phone: LivingPhone, watched: str) -> None:
        self.watched = watched
        self._phone = phone.phone
        self._watcher = Watcher(phone.phone.host, phone.number)
        self._task = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        watcher = self._watcher
        while True:
            asked = len(watcher.responses)
            watcher.subscribe(self._phone.scene.host, self.watched)
            while len(watcher.responses) == asked:  # noqa: ASYNC110
                await asyncio.sleep(0.5)
            answer = watcher.responses[-1]
            if not isinstance(answer, Response) or answer.status >= 300:
                self._forget()
                await asyncio.sleep(1)
                continue
            await self._rest()

    async def _rest(self) -> None:
        """Wait for the next refresh, or for the end of the subscription."""
        watcher = self._watcher
        for _ in range(int(REFRESH)):
            await asyncio.sleep(1)
            if watcher.states and watcher.states[-1].startswith("terminated"):
                self._forget()
                return

    def _forget(self) -> None:
        """Begin with another subscription: the one before is over."""
        self._watcher.renew()
        self._watcher.heard.clear()

    def shown(self) -> list[str]:
        """The states of the dialogs that the key shows, but for those that have just ended."""
        told = [notify for notify in self._watcher.heard if notify.body]
        newest = max(told, key=lambda notify: notify.cseq.number, default=None)  # late ones are old
        states = [] if newest is None else [each["state"] for each in dialogs(newest.body)]
        return sorted(state for state in states if state != "terminated")

    async def close(self) -> None:
        """Subscribe no more, and end the subscription."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._watcher.subscribe(self._phone.scene.host, self.watched, ("Expires", "0"))
