"""Calls that wait in lots: parked by a transfer or by hand, retrieved, given back."""

from __future__ import annotations

import asyncio
from functools import partial
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from aiohttp import encode_basic_auth
from aiohttp.test_utils import make_mocked_request

from softswitch.calls.call.terms import CallTerms
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.route import Route
from softswitch.http.users import Users
from softswitch.http.v1.parking.parking_api import ParkingApi
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed
from tests.calls.extensions import extension
from tests.calls.lamps.test_dialogs import dialogs
from tests.calls.numbers.test_trunks import Stage, calls_in, trunk
from tests.calls.scene import FakePort, Phone, Scene, connected, expect
from tests.calls.transfer.test_referral import heard_so_far, press_transfer, replacing
from tests.calls.virtual_time import run
from tests.calls.voicemail.test_ways import note
from tests.sip.watcher import Watcher

WHATS = [
    "rang",
    "answered",
    "rang",
    "answered",
    "transferred",
    "parked",
    "joined",
    "retrieved",
]
TERMS = CallTerms(domain="example.com", hold_music="music.wav")


class Yard:
    """Anna talks to Ben; Carl is free. There are the lots 701 and 702."""

    def __init__(self, **settings: Any) -> None:
        entry = PARKING.settings(type="parking", range="700-702", **settings)
        made = [Extension(number, PARKING, entry) for number in entry.numbers()]
        self.scene = Scene(*made, extension("1003"), terms=TERMS, workers=2)
        self.anna, self.ben, self.carl = (
            self.scene.phone(number) for number in ("1000", "1001", "1002")
        )

    async def park(self, target: str = "700") -> tuple[Leg, Leg]:
        """Ben parks Anna by the transfer button; both legs."""
        a, b = await connected(self.scene, self.anna, self.ben)
        await press_transfer(b, target)
        assert await heard_so_far(b) == ["100 Trying", "200 OK"]
        await b.ended
        await asyncio.sleep(1)
        return a, b

    async def give_back(self, answers: str, back: Leg) -> None:
        """Let who has parked the call take it back, or who stands in for that, or nobody."""
        phone, leg = self.ben, back
        if answers != "parker":
            back.reject(486)
            phone, leg = self.carl, await self.carl.rings()
        if answers == "nobody":
            leg.reject(603)
            return
        phone.answer(leg)
        await expect(leg, Acknowledged)
        await asyncio.sleep(1)
        assert self.together("1000", phone.number)

    @property
    def playing(self) -> list[str]:
        """What all ports play."""
        return [what for port in self.scene.workers.opened for what in port.playing]

    @property
    def spoken(self) -> list[str]:
        """What was said on any port, so far."""
        said = [what for port in self.scene.workers.all for what in port.played]
        return [what[6:-10] for what in said if what.startswith("speak ")]

    async def dial(self, phone: Phone, number: str) -> Leg:
        """Call a number that the switch answers."""
        leg = phone.dial(number)
        await expect(leg, Answered)
        leg.acknowledge()
        await asyncio.sleep(2)
        return leg

    def together(self, *numbers: str) -> bool:
        """Whether a call joins these two."""
        for call in self.scene.calls:
            one, other = (party.audio.port for party in call.parties)
            if {party.number for party in call.parties} == set(numbers):
                assert isinstance(one, FakePort)
                return one.hears is other
        return False


@pytest.mark.parametrize("target", ["700", "701"])
def test_a_call_is_parked_announced_and_retrieved(target: str) -> None:
    async def story() -> None:
        yard = Yard()
        a, _ = await yard.park(target)
        assert yard.spoken == ["Parked at 7 0 1."]
        assert yard.playing == ["music.wav"]
        (parked,) = yard.scene.control.parking
        assert (parked.lot, parked.parker) == ("701", "1001")
        call, party = yard.scene.control.parking.about(parked)
        assert party.number == "1000"
        c = await yard.dial(yard.carl, "701")
        assert yard.together("1000", "1002")
        assert len(yard.scene.control.parking) == 0
        assert yard.playing == []
        assert list(yard.scene.calls) == [call]
        c.hangup()
        await expect(a, Ended)
        await yard.scene.settle()
        first, *others = yard.scene.journal.records().values()
        whats = [step["what"] for step in first["steps"]]
        assert whats == WHATS, whats
        assert {other["chain"] for other in others} == {call.id}

    run(story())


def test_who_dials_the_first_number_is_told_a_lot_for_an_attended_transfer() -> None:
    async def story() -> None:
        yard = Yard()
        a, b = await connected(yard.scene, yard.anna, yard.ben)
        b2 = await yard.dial(yard.ben, "700")
        assert yard.spoken == ["Parked at 7 0 1."]
        assert yard.playing == ["music.wav"]
        await press_transfer(b, replacing(b2, "700"))
        await b.ended
        await b2.ended
        await asyncio.sleep(1)
        assert yard.playing == ["music.wav"]
        c = await yard.dial(yard.carl, "701")
        assert yard.together("1000", "1002")
        assert len(yard.scene.control.parking) == 0
        a.hangup()
        await expect(c, Ended)
        await yard.scene.settle()

    run(story())


def test_a_lot_that_is_free_retrieves_nobody() -> None:
    async def story() -> None:
        yard = Yard()
        c = await yard.dial(yard.carl, "702")
        assert yard.spoken == ["Nobody is parked at 7 0 2."]
        await expect(c, Ended)
        await yard.scene.settle()

    run(story())


@pytest.mark.parametrize("target", ["700", "701"])
def test_no_lot_is_free_and_the_call_stays_where_it_was(target: str) -> None:
    async def story() -> None:
        yard = Yard()
        d = await yard.dial(yard.scene.phone("1003"), "700")
        if target == "700":
            e = await yard.dial(yard.scene.phone("1003"), "700")
        a, b = await connected(yard.scene, yard.anna, yard.ben)
        await press_transfer(b, target)
        assert (await heard_so_far(b))[-1].startswith("486")
        assert yard.together("1000", "1001")
        a.hangup()
        d.hangup()
        if target == "700":
            f = await yard.dial(yard.carl, "700")
            assert "All parking lots are taken." not in yard.spoken[:-1]
            f.hangup()
            e.hangup()
        await expect(b, Ended)
        await yard.scene.settle()

    run(story())


@pytest.mark.parametrize("answers", ["parker", "overflow", "nobody"])
def test_a_call_that_nobody_wants_goes_back(answers: str) -> None:
    async def story() -> None:
        yard = Yard(return_after=30, overflow="1002")
        a, _ = await yard.park()
        b = await yard.ben.rings()
        assert b.request.from_.uri.user == "1000"
        await yard.give_back(answers, b)
        if answers == "nobody":
            await asyncio.sleep(1)
            assert yard.playing == ["music.wav"]
            assert not a.ended.done()
            (await yard.ben.rings()).reject(486)
            (await yard.carl.rings()).reject(486)
            await asyncio.sleep(1)
        assert len(yard.scene.control.parking) == (answers == "nobody")
        a.hangup()
        await yard.scene.settle()

    run(story())


def remove_lots(yard: Yard) -> None:
    """Remove all lots, as a change of the settings does."""
    for number in ("700", "701", "702"):
        yard.scene.plan.directory._singles.pop(number)
    yard.scene.control.parking.forget(["700", "701", "702"])


@pytest.mark.parametrize("answers", ["parker", "overflow", "nobody"])
def test_a_call_whose_lot_is_removed_goes_back_at_once_or_ends(answers: str) -> None:
    async def story() -> None:
        yard = Yard(return_after=3000, overflow="1002")
        clock = asyncio.get_running_loop().time
        a, _ = await yard.park()
        removed = clock()
        remove_lots(yard)
        b = await yard.ben.rings()
        assert clock() < removed + 1
        await yard.give_back(answers, b)
        if answers == "nobody":
            await expect(a, Ended)
        await asyncio.sleep(30)
        assert len(yard.scene.control.parking) == 0
        assert a.ended.done() == (answers == "nobody")
        a.hangup()
        await yard.scene.settle()
        first, *_ = yard.scene.journal.records().values()
        assert "lot removed" in [step["what"] for step in first["steps"]]
        if answers == "nobody":
            assert first["reason"] == "parking lot removed"

    run(story())


def test_lots_are_removed_while_a_call_is_being_retrieved() -> None:
    async def story() -> None:
        yard = Yard(return_after=3000)
        a, _ = await yard.park()
        c = yard.carl.dial("701")
        await expect(c, Answered)
        remove_lots(yard)
        c.acknowledge()
        await asyncio.sleep(30)
        assert yard.together("1000", "1002")
        assert not a.ended.done()
        a.hangup()
        await yard.scene.settle()

    run(story())


def test_it_goes_back_to_a_phone_and_not_to_a_mailbox() -> None:
    async def story() -> None:
        reached: list[str] = []
        entry = PARKING.settings(type="parking", range="700-702", return_after=60, overflow="1002")
        scene = Scene(
            *(Extension(number, PARKING, entry) for number in entry.numbers()),
            extension("1001", mailbox=True),
            extension("8000", VOICEMAIL),
            services={VOICEMAIL: partial(note, reached)},
        )
        anna, ben, carl = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a, b = await connected(scene, anna, ben)
        await press_transfer(b, "700")
        await b.ended
        (await ben.rings()).reject(486)
        c = await carl.rings()
        carl.answer(c)
        await expect(c, Acknowledged)
        await asyncio.sleep(1)
        assert reached == []
        a.hangup()
        await scene.settle()

    run(story())


def test_nobody_from_outside_retrieves_a_call() -> None:
    """A route that leads from outside to any extension leads to lots as well."""

    async def story() -> None:
        entry = PARKING.settings(type="parking", range="700-702")
        stage = Stage(
            trunk(networks=(ip_network("10.0.0.2/32"),)),
            routes=(Route(pattern="4930*", extension="*", strip=4),),
            extensions=[Extension(number, PARKING, entry) for number in entry.numbers()],
        )
        scene, ben = stage.scene, stage.scene.phone("1001")
        a, b = await connected(scene, stage.alice, ben)
        await press_transfer(b, "701")
        await b.ended
        await asyncio.sleep(1)
        c = calls_in(stage, "sip:4930701@192.0.2.1")
        assert (await expect(c, Failed)).status == 403
        assert len(scene.control.parking) == 1
        a.hangup()
        await scene.settle()

    run(story())


def test_while_it_goes_back_it_is_not_retrieved() -> None:
    async def story() -> None:
        yard = Yard(return_after=30)
        a, _ = await yard.park()
        b = await yard.ben.rings()
        c = await yard.dial(yard.carl, "701")
        assert yard.spoken[-1] == "That call is just being connected."
        yard.ben.answer(b)
        await expect(b, Acknowledged)
        await c.ended
        a.hangup()
        await yard.scene.settle()

    run(story())


@pytest.mark.parametrize("when", [0.0, 0.5, 10.0])
def test_who_is_parked_hangs_up(when: float) -> None:
    async def story() -> None:
        yard = Yard()
        a, b = await connected(yard.scene, yard.anna, yard.ben)
        await press_transfer(b, "700")
        await asyncio.sleep(when)
        a.hangup()
        await asyncio.sleep(3)
        assert len(yard.scene.control.parking) == 0
        await yard.scene.settle()

    run(story())


def test_who_parks_hangs_up_before_the_lot_is_said() -> None:
    async def story() -> None:
        yard = Yard()
        a, b = await connected(yard.scene, yard.anna, yard.ben)
        await press_transfer(b, "700")
        b.hangup()
        await asyncio.sleep(3)
        assert len(yard.scene.control.parking) == 1
        c = await yard.dial(yard.carl, "701")
        assert yard.together("1000", "1002")
        a.hangup()
        await expect(c, Ended)
        await yard.scene.settle()

    run(story())


def test_two_retrieve_at_once_and_one_gets_the_call() -> None:
    async def story() -> None:
        yard = Yard()
        a, _ = await yard.park()
        dora = yard.scene.phone("1003")
        c, d = yard.carl.dial("701"), dora.dial("701")
        for leg in (c, d):
            await expect(leg, Answered)
            leg.acknowledge()
        await asyncio.sleep(10)
        assert c.ended.done() != d.ended.done()
        a.hangup()
        await yard.scene.settle()

    run(story())


def test_a_media_worker_dies_while_a_call_is_parked() -> None:
    async def story() -> None:
        yard = Yard()
        a, _ = await yard.park()
        for worker in yard.scene.workers.workers:
            worker.die()
        await expect(a, Ended)
        await asyncio.sleep(1)
        assert len(yard.scene.control.parking) == 0
        await yard.scene.settle()

    run(story())


def test_a_call_that_is_sent_on_by_a_phone_is_parked() -> None:
    async def story() -> None:
        yard = Yard(return_after=20)
        a = yard.anna.dial("1001")
        b = await yard.ben.rings()
        b.reject(302, [("Contact", "<sip:700@example.com>")])
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(30)
        assert len(yard.scene.control.parking) == 1
        a.hangup()
        await yard.scene.settle()

    run(story())


def test_v1_shows_who_is_parked() -> None:
    async def story() -> None:
        yard = Yard()
        a, _ = await yard.park()
        api = ParkingApi(yard.scene.control.parking, Users({"admin": "s3cret"}))
        login = {"Authorization": encode_basic_auth("admin", "s3cret")}
        request = make_mocked_request("GET", "/v1/parking", headers=login)
        (route,) = api.routes()
        answer = await route.handler(request)  # type: ignore[arg-type, misc]
        (shown,) = msgspec.json.decode(bytes(answer.body))["parked"]  # type: ignore[arg-type]
        assert shown["lot"] == "701"
        assert (shown["number"], shown["name"]) == ("1000", "Desk 1000")
        assert shown["parked_by"] == "1001"
        assert not shown["moving"]
        assert yard.scene.calls.get(shown["call_id"]) is not None
        unknown = make_mocked_request("GET", "/v1/parking")
        assert (await route.handler(unknown)).status == 401  # type: ignore[arg-type, misc]
        a.hangup()
        await yard.scene.settle()

    run(story())


def test_what_settings_of_parking_are_refused() -> None:
    for wrong in ({"number": "700"}, {"range": "700-700"}, {"range": "700-701", "return_after": 0}):
        with pytest.raises(ValueError, match=r"range|greater than 0"):
            PARKING.settings(type="parking", **wrong)


def test_the_lamp_of_a_lot_shows_who_is_parked() -> None:
    async def story() -> None:
        yard = Yard()
        watcher = Watcher(yard.carl.host, yard.carl.number)
        watcher.subscribe(yard.scene.host, "701")
        await asyncio.sleep(1)
        a, _ = await yard.park("700")
        (parked,) = dialogs(watcher.bodies[-1])
        assert parked["state"] == "confirmed"
        assert parked["remote"][1] == "sip:1000@example.com"
        a.hangup()
        await asyncio.sleep(2)
        assert [each["state"] for each in dialogs(watcher.bodies[-1])] == ["terminated"]
        watcher.subscribe(yard.scene.host, "701", ("Expires", "0"))
        await asyncio.sleep(1)
        await yard.scene.settle()

    run(story())


# -- who may take lots -----------------------------------------------------------------------------


def outside(**settings: Any) -> Stage:
    """Callers of a trunk reach any extension, lots and all."""
    entry = PARKING.settings(type="parking", range="700-703", **settings)
    return Stage(
        trunk(networks=(ip_network("10.0.0.2/32"),)),
        routes=(Route(pattern="4930*", extension="*", strip=4),),
        extensions=[Extension(number, PARKING, entry) for number in entry.numbers()],
    )


def test_callers_from_outside_take_no_lot_by_themselves() -> None:
    async def story() -> None:
        stage = outside()
        c = calls_in(stage, "sip:4930700@192.0.2.1")
        assert (await expect(c, Failed)).status == 403
        assert len(stage.scene.control.parking) == 0
        await stage.scene.settle()
        assert stage.scene.record["reason"] == "nobody from outside parks"

    run(story())


def test_callers_from_outside_take_as_many_lots_as_the_operator_says() -> None:
    async def story() -> None:
        stage = outside(from_outside=1)
        first = calls_in(stage, "sip:4930700@192.0.2.1")
        await expect(first, Answered)
        first.acknowledge()
        assert (await expect(calls_in(stage, "sip:4930700@192.0.2.1"), Failed)).status == 403
        assert [parked.lot for parked in stage.scene.control.parking] == ["701"]
        first.hangup()
        await asyncio.sleep(1)
        again = calls_in(stage, "sip:4930700@192.0.2.1")
        await expect(again, Answered)
        again.acknowledge()
        again.hangup()
        await stage.scene.settle()

    run(story())


def test_an_extension_parks_a_caller_from_outside() -> None:
    async def story() -> None:
        stage = outside()
        ben = stage.scene.phone("1001")
        c = calls_in(stage, "sip:49301001@192.0.2.1")
        b = await ben.rings()
        ben.answer(b)
        await expect(c, Answered)
        c.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        await press_transfer(b, "700")
        await b.ended
        await asyncio.sleep(1)
        (parked,) = stage.scene.control.parking
        assert (parked.parker, parked.taken_by) == ("1001", "1001")
        c.hangup()
        await stage.scene.settle()

    run(story())


def test_one_extension_takes_no_more_lots_than_it_may() -> None:
    async def story() -> None:
        yard = Yard(per_party=1)
        a, _ = await yard.park()
        c, b = await connected(yard.scene, yard.carl, yard.ben)
        await press_transfer(b, "700")
        assert (await heard_so_far(b))[-1].startswith("486")
        assert not c.ended.done()
        assert len(yard.scene.control.parking) == 1
        a.hangup()
        b.hangup()
        await yard.scene.settle()

    run(story())


def test_two_parties_of_one_number_are_told_apart() -> None:
    """The one that is parked shows the number of who parks it."""

    async def story() -> None:
        yard = Yard()
        a, b = await connected(yard.scene, yard.anna, yard.ben)
        (call,) = yard.scene.calls
        call.caller.number = "1001"
        await press_transfer(b, "700")
        await b.ended
        await asyncio.sleep(1)
        (parked,) = yard.scene.control.parking
        assert parked.parker == "1001"
        assert not a.ended.done()
        a.hangup()
        await yard.scene.settle()

    run(story())


def test_a_call_that_was_given_back_tells_so_and_whose_phone_it_is() -> None:
    async def story() -> None:
        yard = Yard(return_after=30)
        a, _ = await yard.park()
        b = await yard.ben.rings()
        yard.ben.answer(b)
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        story_call = next(call for call in yard.scene.calls if call.caller.leg is not None)
        assert "Desk 1001" in {party.name for party in story_call.parties}
        a.hangup()
        await yard.scene.settle()
        records = yard.scene.journal.records().values()
        told = [step for record in records for step in record["steps"]]
        (back,) = (step for step in told if step["what"] == "given back")
        assert (back["lot"], back["to"]) == ("701", "1001")

    run(story())
