"""Hears the keys of the parties that may press codes in a call, and does what they ask for."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Party
from softswitch.calls.call_codes.pressed import Codes, PressedKeys
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import CannotNow, NotReached
from softswitch.calls.endings.states import FINAL, CallState
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.leg.keys import send_by_info
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.routing import Rights
from softswitch.calls.ports.media_port import RecordingInProgress
from softswitch.calls.setup.answering import Answering
from softswitch.calls.transfer.third_party import DONE, REFUSED, Invitation, beep
from softswitch.calls.transfer.transfer import Transfers
from softswitch.calls.transfer.transfer_line import TransferWay, failed
from softswitch.settings.exchange.call_codes import CallCodeSettings
from softswitch.settings.extensions.phone import PhoneExtension

log = structlog.get_logger("softswitch.codes")


class CallCodes:
    """Follows all calls; only parties whose extension may are listened to."""

    def __init__(
        self,
        settings: CallCodeSettings,
        plan: DialPlan,
        transfers: Transfers,
        recordings: Path,
        *,
        answering: Answering,
        tasks: CallTasks,
    ) -> None:
        """`recordings` is the directory of recordings, which is made now: no call waits for it."""
        self._answering = answering
        self._tasks = tasks
        self._settings = settings
        self._plan = plan
        self._transfers = transfers
        self._recordings_root = recordings.absolute()
        self._unusable = _unusable(self._recordings_root)
        "Why nothing can be recorded; empty where it can."
        self._listening: dict[str, dict[Party, PressedKeys]] = {}
        "By the id of the call."
        self._recording: dict[str, RecordingInProgress] = {}
        "Recordings that a code has begun, by the id of the call."
        transfers.calls.listeners.append(self._changed)

    def settle(self, settings: CallCodeSettings) -> None:
        """Take changed settings; parties that talk keep the codes that they have."""
        self._settings = settings

    def __len__(self) -> int:
        return len(self._listening) + len(self._recording)

    def _changed(self, call: Call, state: CallState) -> None:
        """Listen to the parties that talk, and to those that have left no more."""
        before = self._listening.pop(call.id, {})
        wanted = call.parties if state in {CallState.IN_CALL, CallState.HOLD} else ()
        now = {party: before.pop(party, None) or self._listen(call, party) for party in wanted}
        for pressed in before.values():
            pressed.end()
        heard = {party: pressed for party, pressed in now.items() if pressed is not None}
        if heard:
            self._listening[call.id] = heard
        if state in FINAL:
            self._recording.pop(call.id, None)

    def _listen(self, call: Call, party: Party) -> PressedKeys | None:
        """Hear the keys of a party that may press codes and talks to a phone; else None."""
        other = call.other(party)
        phones = (party.leg, other.leg)
        if any(leg is None or leg.is_inside for leg in phones):
            return None
        settings = self._phone(party)
        codes: Codes = {name: getattr(self._settings, name) for name in settings.call_codes}
        if not any(codes.values()):
            return None
        return PressedKeys(
            party,
            codes,
            self._settings.pause,
            do=partial(self._do, call, party),
            pass_on=partial(self._pass_on, call, party),
        )

    def _phone(self, party: Party) -> PhoneExtension:
        """The settings of its phone; those of one that says nothing for everybody else."""
        found = self._plan.directory.find(party.extension)
        settings = found.settings if found is not None else None
        return settings if isinstance(settings, PhoneExtension) else _NOTHING_SAID

    def _pass_on(self, call: Call, party: Party, keys: str) -> None:
        """Let the other party have keys that belong to no code, in the way that it wants them."""
        other = call.other(party)
        way = self._phone(other).dtmf
        if way == "info" and other.leg is not None:
            call.spawn(send_by_info(other.leg.send_info, keys))
        elif other.audio.port is not None:
            other.audio.port.send_keys(keys, way=way)

    def _do(self, call: Call, party: Party, name: str, digits: str) -> None:
        log.info("code in a call", call=call.id, code=name, by=party.number, number=digits)
        if name == "record":
            self._record(call, party)
            return
        if name == "invite":
            self._invite(call, party, digits)
            return
        number = digits or self._parking()
        call.spawn(self._transfer(call, party, number))

    # -- what codes do -----------------------------------------------------------------------------

    def _record(self, call: Call, party: Party) -> None:
        """Begin a recording, or end the one that a code has begun."""
        going_on = self._recording.pop(call.id, None)
        if going_on is not None and not going_on.done.done():
            going_on.stop()
            call.tell("recorded no more", by=party.number)
            beep(party, DONE)
            return
        path = self._recordings_root / f"{datetime.now():%Y%m%d-%H%M%S}-{call.id}.wav"
        try:
            if self._unusable:
                raise CannotNow(self._unusable)
            recording = call.recordings.begin(call.parties, str(path), kind="wav")
        except CannotNow as error:
            log.warning("not recorded", call=call.id, by=party.number, reason=str(error))
            beep(party, REFUSED)
            return
        self._recording[call.id] = recording
        call.tell("recorded", by=party.number)
        beep(party, DONE)

    def _invite(self, call: Call, party: Party, number: str) -> None:
        """Call a third, who talks to both when it answers."""
        invitation = Invitation(
            self._answering, self._transfers, call, party, Rights(party.extension)
        )
        try:
            self._tasks.begin(invitation.begin(number), invitation.follow)
        except CannotNow as error:
            log.info("not invited", call=call.id, by=party.number, reason=str(error))
            beep(party, REFUSED)

    async def _transfer(self, call: Call, party: Party, number: str) -> None:
        """Connect the other party to a number with the rights of who has pressed it."""

        async def transfer() -> None:
            rights = Rights(party.extension)
            await self._transfers.blind_transfer(
                call, party, number, rights=rights, way=TransferWay.CODE
            )

        try:
            if not number:
                missing = CannotNow("there is no parking")
                failed(call, party, to="", kind="blind", way=TransferWay.CODE, error=missing)
                raise missing
            await call.ask(transfer)
        except (CannotNow, NotReached):
            beep(party, REFUSED)
        except CallGone:
            return

    def _parking(self) -> str:
        """The number that parks in any lot; empty where there is none."""
        lots = self._plan.directory.of_settings(PARKING.settings)
        return lots[0].number if lots else ""


def _unusable(folder: Path) -> str:
    """Make the directory of recordings; why it cannot be, or nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        log.warning("no directory of recordings", folder=str(folder), error=error.strerror)
        return f"{folder} cannot be made: {error.strerror}"
    return ""


_NOTHING_SAID = PhoneExtension(number="0")
