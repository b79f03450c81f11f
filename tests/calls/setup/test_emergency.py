"""Emergency calls: they go out whatever speaks against it, with what helps to find the caller."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from softswitch.calls.numbers.routing import Rights, Routing
from softswitch.calls.numbers.rules.budgets import Budget
from softswitch.calls.numbers.rules.emergency import EmergencyNotice, EmergencyTerms
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.numbers.trunk import TrunkState
from softswitch.sip.events import Acknowledged, Answered, Failed
from softswitch.sip.message.body import sdp_of
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import Stage, trunk
from tests.calls.scene import Scene, connected, expect
from tests.calls.transfer.test_referral import press_transfer
from tests.calls.virtual_time import run


def exchange_rules(scene: Scene, rules: Rules) -> None:
    plan = scene.plan
    plan.routing.exchange(Routing(plan.directory, ["example.com"], rules))


class Help(Stage):
    """A stage whose trunks lead to help."""

    def __init__(self, *names: str, **terms: Any) -> None:
        room = extension("1009", rights=(), location="Room 9", callback="+49309")
        super().__init__(*(trunk(name, **terms) for name in names), extensions=[room], routes=())
        self.terms = EmergencyTerms(
            frozenset({"112"}), names, callback="+49300", location="Main Street 1"
        )
        exchange_rules(self.scene, Rules(emergency=self.terms))
        self.caller = self.scene.phone("1009")
        self.notices: list[EmergencyNotice] = []
        self.scene.plan.emergencies.listeners.append(self.notices.append)


def test_the_far_end_is_told_who_calls_from_where_and_the_operator_too() -> None:
    async def story() -> None:
        stage = Help("carrier", username="", caller_number="*")
        a = stage.caller.dial("112", headers=[("Privacy", "id"), ("Priority", "normal")])
        c = await stage.carrier.rings()
        invite = c.request
        assert invite.uri_text == "sip:112@carrier.example"
        assert str(invite.from_.uri) == "sip:+49309@carrier.example"
        assert "sip:+49309@carrier.example" in (invite.headers.get("P-Asserted-Identity") or "")
        assert invite.headers.get_all("Priority") == ["emergency"]
        assert "Privacy" not in invite.headers
        assert invite.headers.get("Geolocation") == "<cid:location@carrier.example>"
        assert b"<ca:LOC>Room 9</ca:LOC>" in invite.body
        assert (sdp_of(invite) or b"").startswith(b"v=0")
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await expect(c, Acknowledged)
        assert stage.notices == [
            EmergencyNotice(stage.notices[0].call_id, "112", "1009", "Room 9", "+49309", "carrier")
        ]
        said = "Emergency call to 112 from 1009 at Room 9. Callback: +49309."
        assert stage.notices[0].sentence == said
        a.hangup()
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize("status", [415, 488, 500])
def test_a_trunk_that_does_not_understand_the_place_gets_the_call_without(status: int) -> None:
    async def story() -> None:
        stage = Help("carrier")
        a = stage.alice.dial("112")
        c = await stage.carrier.rings()
        assert b"Main Street 1" in c.request.body
        c.reject(status)
        c = await stage.carrier.rings()
        assert c.request.headers.get("Content-Type") == "application/sdp"
        assert "Geolocation" not in c.request.headers
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        assert len(stage.notices) == 1
        a.hangup()
        await stage.scene.settle()

    run(story())


def test_it_goes_on_to_the_next_trunk_after_every_failure_but_busy() -> None:
    async def story(statuses: Sequence[int], heard: int) -> None:
        stage = Help("carrier", "spare")
        a = stage.alice.dial("112")
        for status in statuses:
            c = await stage.carrier.rings()
            c.reject(status)
        if heard != statuses[-1]:
            c = await stage.far_ends["spare"].rings()
            c.reject(heard)
        assert (await expect(a, Failed)).status == heard
        await stage.scene.settle()

    for statuses, heard in (((403,), 486), ((404,), 486), ((503,), 486), ((486,), 486)):
        run(story(statuses, heard))


def test_it_has_media_when_other_calls_get_no_port_any_more() -> None:
    async def story() -> None:
        stage = Help("carrier")
        stage.scene.workers.free = 0
        assert (await expect(stage.alice.dial("1009"), Failed)).status == 503
        a = stage.alice.dial("112")
        c = await stage.carrier.rings()
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await expect(c, Acknowledged)
        assert len(stage.scene.workers.opened) == 2
        a.hangup()
        await stage.scene.settle()

    run(story())


def test_nothing_keeps_it_in() -> None:
    async def story() -> None:
        stage = Help("carrier", calls=1)
        scene = stage.scene
        scene.plan.budgets.replace([Budget(name="none", per="all", calls=1, seconds=0.001)])
        line = scene.plan.trunks["carrier"]
        line.calls = 1  # full
        line.enter(TrunkState.DOWN)
        line.answers_options = True
        scene.calls.terms = replace(scene.calls.terms, calls=0)
        a = stage.caller.dial("112")
        c = await stage.carrier.rings()
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        other = stage.alice.dial("600")
        assert (await expect(other, Failed)).status == 503  # the limit holds for others
        a.hangup()
        await scene.settle()

    run(story())


def test_a_caller_from_outside_reaches_no_emergency_number() -> None:
    async def story() -> None:
        stage = Help("carrier", networks=(ip_network("10.0.0.0/8"),))
        a = stage.carrier.dial("112")
        assert (await expect(a, Failed)).status == 404
        assert stage.notices == []
        await stage.scene.settle()

    run(story())


def test_an_application_that_chooses_ways_is_not_asked() -> None:
    asked = []

    async def ask(question: object) -> None:
        asked.append(question)

    async def story() -> None:
        scene = Scene(trunks=[trunk()], ask=ask)
        terms = EmergencyTerms(frozenset({"112"}), ("carrier",))
        exchange_rules(scene, Rules(emergency=terms))
        phone = scene.phone("1000")
        a = phone.dial("112")
        assert (await expect(a, Failed)).status == 503  # its trunk has no servers
        assert asked == []
        await scene.settle()

    run(story())


def test_the_operator_hears_of_calls_that_reach_nobody() -> None:
    async def no_server() -> str:
        scene = Scene(trunks=[trunk()])
        terms = EmergencyTerms(frozenset({"112"}), ("carrier",), location="Main Street 1")
        exchange_rules(scene, Rules(emergency=terms))
        notices: list[EmergencyNotice] = []
        scene.plan.emergencies.listeners.append(notices.append)
        a = scene.phone("1000").dial("112")
        assert (await expect(a, Failed)).status == 503
        await scene.settle()
        assert [bool(each.failure) for each in notices] == [False, True]
        assert scene.plan.emergencies.failures == 1
        return notices[1].sentence

    async def refused() -> str:
        stage = Help("carrier")
        a = stage.caller.dial("112")
        c = await stage.carrier.rings()
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()
        return stage.notices[1].sentence

    async def given_up() -> str:
        stage = Help("carrier")
        a = stage.caller.dial("112")
        await stage.carrier.rings()
        a.hangup()
        await stage.scene.settle()
        return stage.notices[1].sentence

    said: list[str] = []

    async def story(course: Callable[[], Awaitable[str]]) -> None:
        said.append(await course())

    for course in (no_server, refused, given_up):
        run(story(course))
    assert all(each.startswith("NOT CONNECTED (") for each in said)
    assert said[0].endswith("): emergency call to 112 from 1000 at Main Street 1.")
    assert said[1].endswith("): emergency call to 112 from 1009 at Room 9. Callback: +49309.")


@pytest.mark.parametrize(
    ("end", "why"),
    [("answered", ""), ("nobody", "no answer"), ("busy", "busy"), ("given up", "hung up")],
)
def test_the_operator_hears_why_a_transferred_call_has_not_reached_help(end: str, why: str) -> None:
    """Its own ending says nothing: it was answered long before."""

    async def story() -> None:
        stage = Help("carrier")
        scene, ben = stage.scene, stage.scene.phone("1001")
        a, b = await connected(scene, stage.alice, ben)
        await press_transfer(b, "112")
        c = await stage.carrier.rings()
        c.progress(180)
        if end == "answered":
            stage.carrier.answer(c)
            await expect(c, Acknowledged)
        elif end == "busy":
            c.reject(486)
        elif end == "given up":
            b.hangup()
            await asyncio.sleep(1)
            a.hangup()
        await asyncio.sleep(200)
        assert [each.failure for each in stage.notices] == (["", why] if why else [""])
        assert "answered" not in stage.notices[-1].sentence
        for leg in (a, b):
            leg.hangup()
        await scene.settle()
        assert len(stage.notices) == (2 if why else 1)
        assert scene.plan.emergencies.failures == bool(why)

    run(story())


def test_a_prefix_for_the_outside_leads_to_help_all_the_same() -> None:
    async def story() -> None:
        stage = Help("carrier")
        routes = (Route(pattern="0*", trunk="carrier", strip=1, extensions=frozenset({"1000"})),)
        rules = Rules(routes, rights=("internal",), emergency=stage.terms)
        exchange_rules(stage.scene, rules)
        plan = stage.scene.plan
        plan.budgets.replace([Budget(name="none", per="all", seconds=0.001)])
        told = plan.routing.explain("0112", Rights("1009"))
        assert (told.is_emergency, told.ways[0].number) == (True, "112")
        assert not plan.routing.is_emergency("03112", Rights("1009"))
        a = stage.caller.dial("0112")
        c = await stage.carrier.rings()
        assert c.request.uri_text == "sip:112@carrier.example"
        assert b"<ca:LOC>Room 9</ca:LOC>" in c.request.body
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        assert [each.number for each in stage.notices] == ["112"]
        a.hangup()
        b = stage.caller.dial("0113")
        assert (await expect(b, Failed)).status == 403
        await stage.scene.settle()

    run(story())


def test_the_bound_of_legs_leaves_no_trunk_untried() -> None:
    async def story() -> None:
        stage = Help("carrier", "spare")
        stage.scene.calls.terms = replace(stage.scene.calls.terms, legs_per_call=1)
        a = stage.caller.dial("112")
        (await stage.carrier.rings()).reject(503)
        c = await stage.far_ends["spare"].rings()
        stage.far_ends["spare"].answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await stage.scene.settle()

    run(story())


def test_a_switch_that_ends_takes_and_carries_calls_for_help() -> None:
    async def story() -> None:
        stage = Help("carrier")
        scene = stage.scene
        talking = stage.alice.dial("600")
        await expect(talking, Answered)
        talking.acknowledge()
        ended = asyncio.ensure_future(scene.switch.drain(5.0, 100.0))
        await asyncio.sleep(1)
        other = scene.phone("1001").dial("600")
        assert (await expect(other, Failed)).status == 503
        a = stage.caller.dial("112")
        c = await stage.carrier.rings()
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(60)
        assert talking.ended.done()
        assert not ended.done(), "somebody talks with those who help"
        a.hangup()
        await asyncio.sleep(5)
        assert ended.done(), "nobody talks any more"

    async def too_long() -> None:
        stage = Help("carrier")
        a = stage.caller.dial("112")
        c = await stage.carrier.rings()
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        ended = asyncio.ensure_future(stage.scene.switch.drain(5.0, 100.0))
        await asyncio.sleep(104)
        assert not a.ended.done()
        await asyncio.sleep(5)
        assert a.ended.done()
        await ended

    run(story())
    run(too_long())
