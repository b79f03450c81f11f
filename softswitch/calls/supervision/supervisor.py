"""A supervisor beside a call: hears both parties, and is heard by neither, one, or both."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import Enum

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.ports.media_port import MediaPort
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
        self._overheard: list[MediaPort] = []
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
            if self._is_told:
                for port in self._ports():
                    port.beep(*BEEP)
            try:
                async with asyncio.timeout(BEEP_SECONDS):
                    await self._over.wait()
            except TimeoutError:
                continue
            return

    @property
    def _is_told(self) -> bool:
        found = self._directory.find(self._number)
        settings = found.settings if found is not None else None
        return isinstance(settings, PhoneExtension) and settings.supervision_beep

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
        port, party = self._own.audio.port, self._party()
        if port is None or party is None or self._supervised.state in FINAL:
            return False
        heard = self._ports()
        if party.audio.port not in heard:
            return False
        for left in self._overheard:
            if left not in heard:
                left.let_overhear_no_more(port)
        for each in heard:
            each.let_overhear(port)
        self._overheard = heard
        port.whisper_to(self._hearers(party, heard))
        return True

    def _hearers(self, party: Party, heard: Sequence[MediaPort]) -> Sequence[MediaPort]:
        if self._way is SupervisionWay.LISTEN:
            return ()
        return (
            heard
            if self._way is SupervisionWay.BARGE
            else [p for p in heard if p is party.audio.port]
        )

    def _party(self) -> Party | None:
        for party in self._supervised.parties:
            if party.extension == self._number:
                return party
        return None

    def _ports(self) -> list[MediaPort]:
        """Those of the parties, as far as they are on the worker of the supervisor's."""
        own = self._own.audio.port
        ports = [party.audio.port for party in self._supervised.parties]
        return [p for p in ports if p is not None and own is not None and p.worker is own.worker]

    def _leave(self) -> None:
        """Hear nobody, and be heard by nobody; harmless when it is so."""
        port = self._own.audio.port
        if port is not None:
            for each in self._overheard:
                each.let_overhear_no_more(port)
            port.whisper_to(())
        self._overheard = []
