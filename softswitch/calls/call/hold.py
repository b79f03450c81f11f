"""Changes of media in a running call: hold, resume, other codecs (RFC 3264 section 8, RFC 6337).

A phone's offer goes to the other phone as an offer of ours with the same direction, and that
phone's answer comes back the same way: so the held phone shows that it is held. One change runs at
a time; a second one is refused with 491 and tried again (RFC 3261 section 14.2). A change that
fails leaves everything as it was. A command does not wait for ever: a phone that does not answer
its re-INVITE within `PATIENCE` seconds is asked no more, and the other one is brought back.

What a party is played waits while a command holds it, and goes on afterwards; to a phone that holds
nothing is sent, so its sound waits by itself. Scripts and their recordings wait, too.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CannotNow
from softswitch.calls.endings.states import FINAL, CallState, Occurrence
from softswitch.calls.leg.audio import AudioStream
from softswitch.calls.leg.header_passthrough import warning
from softswitch.calls.leg.leg import Leg, LegEnded, ReinviteRefused
from softswitch.sdp.description import DescriptionError

PATIENCE = 8.0
"""Seconds in which a phone must answer the offer of a command, and in which a change under way must
end: by then the re-INVITE has gone out five times over UDP (RFC 3261 section 17.1.1.2)."""

_REFUSED_AS = {491: 491, 415: 488, 488: 488, 606: 488}
"Responses to a re-INVITE that the other phone has refused; any other refusal becomes 500."


def change_media(call: Call, party: Party, offer: bytes | None) -> None:
    """Take up a phone's re-INVITE; its answer comes from a child task of the call."""
    if call.changing.locked():
        assert party.leg is not None
        party.leg.refuse_reoffer(491)
    else:
        call.spawn(_change(call, party, offer))


async def _change(call: Call, party: Party, offer: bytes | None) -> None:
    leg = party.leg
    assert leg is not None
    async with call.changing:
        parties = call.parties  # a transfer may end meanwhile and change them
        for each in parties:
            each.audio.remember()
        try:
            if offer is None:
                agreed = await _let_phone_answer(call, party, leg)
            else:
                agreed = leg.answer_reoffer(await _answer_to(call, party, offer))
        except DescriptionError as error:
            _undo(parties)
            leg.refuse_reoffer(error.status, [warning(error, call.terms.domain)])
        except ReinviteRefused as error:
            _undo(parties)
            leg.refuse_reoffer(_REFUSED_AS.get(error.status, 500))
        except LegEnded:
            _undo(parties)
            if call.parties != parties:
                leg.refuse_reoffer(491)  # else the leg's `Ended` is in the inbox and ends the call
        else:
            if agreed:
                settle(call)
            else:
                _undo(parties)


async def _answer_to(call: Call, party: Party, offer: bytes) -> bytes:
    """The description that answers a phone's offer; raises the error that makes it impossible."""
    audio, other = party.audio, call.other(party)
    if not audio.offered(offer):
        return audio.answer_again()
    if other.leg is None:
        is_ringing = other.audio.heard is not None  # with early media
        return audio.answer(other.audio) if is_ringing else audio.answer_own()
    if other.audio.on_hold:
        return audio.answer(other.audio)
    await _pass_on(audio, other)
    return audio.answer(other.audio)


def redescribe(call: Call, party: Party, sdp: bytes) -> None:
    """Take a phone's answer to an offer that was only repeated, after any change under way."""
    if call.changing.locked():
        call.spawn(_redescribe_later(call, party, sdp))
    else:
        _redescribe(call, party, sdp)


async def _redescribe_later(call: Call, party: Party, sdp: bytes) -> None:
    before = party.audio.heard
    async with call.changing:
        if party.audio.heard is before:  # else the change has brought a later answer of this phone
            _redescribe(call, party, sdp)


def _redescribe(call: Call, party: Party, sdp: bytes) -> None:
    audio = party.audio
    audio.remember()
    try:
        audio.answered(sdp)
    except DescriptionError:
        audio.undo()  # the phone had agreed before, and goes on as it was
    else:
        settle(call)


async def _let_phone_answer(call: Call, party: Party, leg: Leg) -> bool:
    """Make the offer that a re-INVITE without one asks for; the phone's ACK brings the answer.

    False when the phone has withdrawn its re-INVITE meanwhile: then no ACK will come.
    """
    audio, other = party.audio, call.other(party)
    before = audio.heard
    call.late_answer = asyncio.get_running_loop().create_future()
    if not leg.answer_reoffer(audio.offer_again()):
        return False
    audio.answered(await call.late_answer)
    changed = before is None or audio.heard is None or audio.heard.direction != before.direction
    if changed and other.leg is not None and not other.audio.on_hold:
        await _pass_on(audio, other)
    return True


async def _pass_on(audio: AudioStream, other: Party) -> None:
    """Pass this phone's offer on to the other phone, and take its answer."""
    assert other.leg is not None
    answer = await other.leg.reinvite(other.audio.offer(audio))
    try:
        other.audio.answered(answer)
    except DescriptionError as error:
        # The fault is not in the offer of the phone that asked.
        raise DescriptionError(str(error), 488, error.warning) from error


def _undo(parties: Sequence[Party]) -> None:
    for party in parties:
        party.audio.undo()


def settle(call: Call) -> None:
    """Bring the ports and the state of the call in line with the agreement."""
    terms = call.terms
    for party in call.parties:
        if call.is_answered:
            party.audio.open(terms.media_timeout, terms.hold_timeout)
        else:
            party.audio.open_early()
        if party.seat is not None:
            party.seat.follow(call.other(party))
        play_music(call, party)
    show_hold(call)


def show_hold(call: Call) -> None:
    """Let the state of a conversation tell whether anybody holds."""
    held = any(party.audio.is_held for party in call.parties)
    if held and call.state is CallState.IN_CALL:
        call.happen(Occurrence.HELD)
    elif not held and call.state is CallState.HOLD:
        call.happen(Occurrence.RESUMED)
    call.recordings.wait(call.state is CallState.HOLD)


async def off_hold(call: Call) -> None:
    """Wait until nobody holds the call."""
    while call.state is CallState.HOLD:
        await _change_of_state(call, None)


async def pass_time(call: Call, seconds: float) -> None:
    """Wait until so many seconds have passed in which nobody held the call."""
    clock = asyncio.get_running_loop().time
    while True:
        await off_hold(call)
        began = clock()
        if not await _change_of_state(call, seconds):
            return
        seconds -= clock() - began


async def _change_of_state(call: Call, seconds: float | None) -> bool:
    """Wait for the next change of state; False when none comes in time."""
    changed = asyncio.Event()
    stop_listening = call.listen(lambda _call, _state: changed.set())
    try:
        async with asyncio.timeout(seconds):
            await changed.wait()
    except TimeoutError:
        return False
    finally:
        stop_listening()
    return True


async def hold(call: Call) -> None:
    """Put both phones on hold; raises CannotNow for a call that is not in conversation.

    Likewise when a phone does not answer in time. Raises CallGone when the call has ended, or ends
    because a phone does not know it any more.
    """
    async with _changing_soon(call):
        if call.state not in (CallState.IN_CALL, CallState.HOLD):
            raise CannotNow(f"a call in {call.state.value} cannot be held")
        await _set_hold(call, on_hold=True)


async def resume(call: Call) -> None:
    """Bring both phones back from `hold`; raises CannotNow when nobody had put them there.

    Likewise when a phone does not answer in time. Raises CallGone as `hold` does.
    """
    async with _changing_soon(call):
        if not any(party.audio.on_hold for party in call.parties):
            raise CannotNow("the call is not on hold")
        await _set_hold(call, on_hold=False)


@asynccontextmanager
async def _changing_soon(call: Call) -> AsyncIterator[None]:
    """Hold the lock of changes; raises CannotNow when another change does not end in time.

    Raises CallGone when the call has ended.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            await call.changing.acquire()
    except TimeoutError:
        raise CannotNow("another change of its media is under way") from None
    try:
        _see_that_it_lasts(call)
        yield
    finally:
        call.changing.release()


async def _set_hold(call: Call, *, on_hold: bool) -> None:
    """Tell both phones; one that refuses stays connected, and is heard by nobody on hold."""
    told: list[tuple[Party, bool]] = []
    for party in call.parties:
        _see_that_it_lasts(call)
        told.append((party, party.audio.on_hold))
        party.audio.on_hold = on_hold
        try:
            lasts = await _offer_in_time(party)
        except TimeoutError:
            await _take_hold_back(told)
            sentence = f"the phone of {party.number} does not answer its re-INVITE"
            raise CannotNow(sentence) from None
        if not lasts:
            raise CallGone
    _see_that_it_lasts(call)
    settle(call)


async def _take_hold_back(told: Sequence[tuple[Party, bool]]) -> None:
    """Bring back what was told before the last of these parties did not answer."""
    for party, before in told:
        party.audio.on_hold = before
    for party, _ in told[:-1]:
        with suppress(TimeoutError):
            await _offer_in_time(party)


def _see_that_it_lasts(call: Call) -> None:
    """Raise CallGone for a call that has ended: its ports are freed, or soon will be."""
    if call.state in FINAL:
        raise CallGone


def let_talk(call: Call) -> None:
    """Offer both directions to phones that a hold has silenced, of which nothing is left."""
    if any(party.leg is not None and party.audio.is_silenced for party in call.parties):
        call.spawn(_let_talk(call))


async def _let_talk(call: Call) -> None:
    async with call.changing:
        for party in call.parties:
            audio = party.audio
            if audio.is_silenced and not audio.on_hold and not await _offer_again(party):
                return
        settle(call)


async def _offer_again(party: Party) -> bool:
    """Offer a phone the agreed codecs once more; if it refuses, nothing changes for it.

    False when its leg has ended. A party without a phone has nothing to be offered.
    """
    audio, leg = party.audio, party.leg
    audio.remember()
    if leg is None:
        return True
    try:
        audio.answered(await leg.reinvite(audio.offer_again()))
    except (ReinviteRefused, DescriptionError):
        audio.undo()
    except LegEnded:
        return False
    # a refusal may be the end of the dialog (RFC 3261 section 12.2.1.2), as no answer at all is
    return not leg.ended.done()


async def _offer_in_time(party: Party) -> bool:
    """Offer as `_offer_again` does; raises TimeoutError when no answer comes: nothing changes.

    A phone that owes the answer to an earlier offer is not waited for again.
    """
    if party.leg is not None and party.leg.has_open_offer:
        raise TimeoutError
    try:
        async with asyncio.timeout(PATIENCE):
            return await _offer_again(party)
    except TimeoutError:
        party.audio.undo()
        raise


def play_music(call: Call, party: Party) -> None:
    """Let a party that a command or the other phone holds hear music, where the settings have some.

    Its other sound waits while a command holds it, and goes on afterwards. A phone that holds sends
    nothing, or music of its own, which is heard above ours.
    """
    audio = party.audio
    if audio.port is None:
        return
    if audio.waits != audio.on_hold:
        audio.waits = audio.on_hold
        audio.port.set_sound_aside(audio.waits)
    music = call.terms.hold_music
    wanted = audio.on_hold or (party.leg is not None and call.other(party).audio.is_held_by_phone)
    if wanted and music is not None and audio.hold_music is None:
        audio.hold_music = audio.port.play_file(music, repeat=True, beneath=True)
    elif not wanted and audio.hold_music is not None:
        audio.hold_music.stop()
        audio.hold_music = None


def forget_hold(call: Call, party: Party) -> None:
    """Let nothing be left of a command's hold, as to music and sound that waits."""
    if party.audio.on_hold and party.audio.port is not None:
        party.audio.port.stop_sound()
    party.audio.on_hold = False
    play_music(call, party)
