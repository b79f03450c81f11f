"""How a party of a call gets into a conference: a place in the room, and the PIN."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.call.rooms import (
    ConferenceRooms,
    ConferenceTerms,
    Room,
    RoomFull,
    RoomLocked,
    Seat,
)
from softswitch.calls.endings.endings import EndedBy, Ending, overloaded, refused_here
from softswitch.calls.leg.keys import Keys
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.ports.media_port import MediaPort, Played, WorkerGone
from softswitch.settings.extensions.conference import ConferenceExtension

log = structlog.get_logger("softswitch.calls")

TRIES = 3
PIN_SECONDS = 10.0
"How long a try waits for the next key, once the prompt has ended."
ASKED, WRONG = (1000, 200), (330, 600)
"Hz and milliseconds of the beep that asks for the PIN, and of the one after a wrong PIN."
FULL_SECONDS = 3.0
"How long busy is heard by a newcomer whose PIN was right when the room is full."


class NoPlace(Exception):
    """The conference takes nobody now; `ending` says why."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.detail)
        self.ending = ending


def visit(
    rooms: ConferenceRooms, call: Call, conference: Party, extension: Extension, newcomer: Party
) -> None:
    """Let a party of the call stand for a conference, with a place for the other. Raises NoPlace.

    A room that begins is on the worker of the newcomer.
    """
    terms = ConferenceTerms.of(extension.settings_as(ConferenceExtension), call.terms.hold_music)
    try:
        conference.seat = rooms.visit(extension.number, terms, newcomer.audio.port)
    except RoomLocked:
        raise NoPlace(refused_here(486, "the conference is locked")) from None
    except RoomFull:
        raise NoPlace(refused_here(486, "the conference is full")) from None
    except WorkerGone as error:
        raise NoPlace(overloaded("media worker died")) from error
    conference.number, conference.name = extension.number, extension.name


def together(call: Call) -> None:
    """Let both parties hear each other; their ports are on one worker.

    A party that a script or a service plays has no port: it hears and sounds by that of the other.
    """
    for party in call.parties:
        if party.seat is not None:
            sit_down(call, party.seat, call.other(party))
            return
    if all(party.audio.port is not None for party in call.parties):
        call.caller.audio.join(call.callee.audio)


def sit_down(call: Call, seat: Seat, newcomer: Party) -> None:
    """Let a party into the conference, once it has given the PIN if there is one."""
    if seat.is_taken:
        seat.enter(newcomer)
    else:
        seat.admission = call.spawn(_admit(call, seat, newcomer))


async def _admit(call: Call, seat: Seat, newcomer: Party) -> None:
    port = newcomer.audio.port
    assert port is not None
    if not await _knows_pin(seat.room, port, newcomer):
        log.warning("wrong PIN", call=call.id, room=seat.room.number, caller=newcomer.number)
        call.end_soon(EndedBy.SYSTEM, "wrong PIN")
    elif not seat.take():
        await port.play_tone("busy", longest=FULL_SECONDS).done
        call.end_soon(EndedBy.SYSTEM, "the conference is full")
    else:
        seat.enter(newcomer)


async def _knows_pin(room: Room, port: MediaPort, newcomer: Party) -> bool:
    """Ask for the PIN until it is right or there were enough tries, in this call or before."""
    terms, pins, keys = room.terms, room.pins, newcomer.hear_keys()
    assert terms.pin is not None
    caller = (newcomer.extension or newcomer.number, newcomer.trunk, room.number)
    for _ in range(TRIES):
        with keys.privately():
            entered = await _entered(terms, len(terms.pin), port, keys)
        # Asked only now: several calls may try at once, and a right PIN must not stand out.
        if not pins.refuses(*caller):
            if entered == terms.pin:
                pins.right(*caller)
                return True
            if entered:
                pins.wrong(*caller)
        await port.beep(*WRONG).done
    return False


async def _entered(terms: ConferenceTerms, length: int, port: MediaPort, keys: Keys) -> str:
    """The keys of one try: as many as the PIN has, or those before `#` or a long pause."""
    loop = asyncio.get_running_loop()
    keys.forget()
    entered = ""
    prompt = terms.pin_prompt
    asking = port.beep(*ASKED) if prompt is None else port.play_file(prompt)
    with suppress(TimeoutError):
        async with asyncio.timeout(None) as patience:

            def wait_on() -> None:
                patience.reschedule(loop.time() + PIN_SECONDS)

            said = partial(_prompted, port, wait_on)
            asking.done.add_done_callback(said)
            try:
                while len(entered) < length:
                    key = await keys.next()
                    asking.stop()
                    wait_on()
                    if key != "#":
                        entered += key
                    elif entered:
                        break
            finally:
                asking.done.remove_done_callback(said)
                asking.stop()
    return entered


def _prompted(port: MediaPort, wait_on: Callable[[], None], done: asyncio.Future[Played]) -> None:
    """Begin to wait when the prompt has ended; beep when it could not be played."""
    if not done.cancelled() and done.result().error:
        log.warning("PIN prompt not played", error=done.result().error)
        port.beep(*ASKED)
    wait_on()
