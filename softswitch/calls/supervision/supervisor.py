"""A supervisor beside a call: hears both parties, and is heard by neither, one, or both."""

from __future__ import annotations

import asyncio
from enum import Enum

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.supervision.third_port import ThirdPort
from softswitch.settings.extensions.phone import PhoneExtension

log = structlog.get_logger("softswitch.calls")

BEEP_SECONDS = 15.0
"Between two tones that tell the parties, where they are to know."
BEEP = (1_400, 200)
"Hz and milliseconds."


class SupervisionWay(Enum):
    """By whom a supervisor is heard."""

    LISTEN = "listened to"
    WHISPER = "whispered to"
    BARGE = "barged in on"


KEYS = {"4": SupervisionWay.LISTEN, "5": SupervisionWay.WHISPER, "6": SupervisionWay.BARGE}
"What the supervisor presses for another way."


def is_told(directory: Directory, number: str) -> bool:
    """Whether an extension is to hear that it is supervised."""
    found = directory.find(number)
    settings = found.settings if found is not None else None
    return isinstance(settings, PhoneExtension) and settings.supervision_beep


class Supervisor:
    """One supervisor of one call; `run` is the script of the supervisor's own call."""

    def __init__(
        self, directory: Directory, supervised: Call, number: str, own: Party, way: SupervisionWay
    ) -> None:
        """`number` is the extension that is supervised, `own` the party that supervises."""
        self._directory = directory
        self._supervised = supervised
        self._number = number
        self._own = own
        self._way = way
        self._third = None if own.audio.port is None else ThirdPort(own.audio.port)
        self._over = asyncio.Event()

    async def run(self, call: Call) -> bool:
        """Supervise until either call ends, or the extension leaves the one that is supervised.

        True when the supervisor has been connected to a phone instead.
        """
        stops = [self._supervised.listen(self._changed), call.listen(self._own_changed)]
        stops.append(self._own.hear_keys().listen(self._press))
        self._own.mute_keys(self)
        try:
            if self._arrange():
                self._tell()
                await self._wait()
        finally:
            for stop in stops:
                stop()
            self._leave()
        return all(party.leg is not None for party in call.parties)

    async def _wait(self) -> None:
        """Tell the parties by a tone from time to time, if they are to know, until it is over."""
        while True:
            if is_told(self._directory, self._number) and self._third is not None:
                for port in self._third.beside(self._supervised):
                    port.beep(*BEEP)
            try:
                async with asyncio.timeout(BEEP_SECONDS):
                    await self._over.wait()
            except TimeoutError:
                continue
            return

    def _tell(self) -> None:
        by = self._own.extension
        self._supervised.tell(self._way.value, by=by, number=self._number)
        log.info(self._way.value, call=self._supervised.id, by=by, number=self._number)

    # -- what happens ------------------------------------------------------------------------------

    def _changed(self, call: Call, state: CallState) -> None:
        """Follow the parties of the call that is supervised."""
        if state in FINAL or not self._arrange():
            self._leave()
            self._over.set()

    def _own_changed(self, call: Call, state: CallState) -> None:
        """End it when the supervisor's phone, or what it talks to, has become another."""
        if state in FINAL or state is CallState.TRANSFERRED:
            self._leave()
            self._over.set()

    def _press(self, key: str) -> None:
        way = KEYS.get(key)
        if way is not None and way is not self._way and not self._over.is_set():
            self._way = way
            if self._arrange():
                self._tell()

    # -- who hears whom ----------------------------------------------------------------------------

    def _arrange(self) -> bool:
        """Let everybody hear whom they are to hear; False when there is nobody to supervise."""
        third, party = self._third, self._party()
        if third is None or party is None or self._supervised.state in FINAL:
            return False
        heard = third.beside(self._supervised)
        supervised = [port for port in heard if port is party.audio.port]
        hearers = {SupervisionWay.WHISPER: supervised, SupervisionWay.BARGE: heard}
        if supervised:
            third.arrange(heard, hearers.get(self._way, ()))
        return bool(supervised)

    def _party(self) -> Party | None:
        for party in self._supervised.parties:
            if party.extension == self._number:
                return party
        return None

    def _leave(self) -> None:
        """Hear nobody, and be heard by nobody; harmless when it is so."""
        if self._third is not None:
            self._third.leave()
