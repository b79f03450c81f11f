"""The keys of a party that may press codes: those of codes are taken, the others passed on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from softswitch.calls.call.party import Party
from softswitch.calls.call_codes.written import KeyStage, follow

Codes = Mapping[str, Sequence[str]]
"What is pressed for each code, by its name."


class PressedKeys:
    """Listens to one party, whose keys nobody else hears as they are pressed."""

    def __init__(
        self,
        party: Party,
        codes: Codes,
        pause: float,
        *,
        do: Callable[[str, str], None],
        pass_on: Callable[[str], None],
    ) -> None:
        """`do` takes the name of a code and its digits, `pass_on` the keys that belong to none."""
        self._party = party
        self._codes = codes
        self._pause = pause
        self._do = do
        self._pass_on = pass_on
        self._keys = ""
        self._timer: asyncio.TimerHandle | None = None
        self._stop = party.hear_keys().listen(self._press)
        party.mute_keys(self)

    def end(self) -> None:
        """Listen no more; keys are heard by the others as ever."""
        self._stop()
        self._party.unmute_keys(self)
        self._rest()

    def _press(self, key: str) -> None:
        self._rest()
        self._keys += key
        others = ""
        while self._keys and not self._taken():
            others += self._keys[0]
            self._keys = self._keys[1:]
        if others:
            self._pass_on(others)

    def _taken(self) -> bool:
        """Whether the keys are a code, or may become one."""
        stages = self._stages()
        for name, stage, digits in stages:
            if stage is KeyStage.ENDS:
                self._keys = ""
                self._do(name, digits)
                return True
        if all(stage is KeyStage.NO for _, stage, _ in stages):
            return False
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._pause, self._paused)
        return True

    def _stages(self) -> list[tuple[str, KeyStage, str]]:
        return [
            (name, *follow(written, self._keys))
            for name, several in self._codes.items()
            for written in several
        ]

    def _paused(self) -> None:
        """No more keys come: what may end here ends, and else they are for the other party."""
        self._timer = None
        keys, stages = self._keys, self._stages()
        self._keys = ""
        for name, stage, digits in stages:
            if stage is KeyStage.MAY_END:
                self._do(name, digits)
                return
        self._pass_on(keys)

    def _rest(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
