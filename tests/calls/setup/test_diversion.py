"""What a callee is told of the way of a call, and of who calls (RFC 5806, 7044, 3325)."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from softswitch.calls.numbers.rules.route import Route
from softswitch.sip.events import Answered, Failed
from softswitch.sip.message.headers import Headers
from softswitch.sip.message.uri import parse_uri
from tests.calls.extensions import extension
from tests.calls.numbers.test_trunks import IN as ROUTES_IN
from tests.calls.numbers.test_trunks import OUT, Stage, calls_in, trunk
from tests.calls.scene import Scene, expect
from tests.calls.virtual_time import run


def redirect(*numbers: str) -> tuple[str, str]:
    return ("Contact", ", ".join(f"<sip:{number}@example.com>" for number in numbers))


def told(headers: Headers) -> tuple[list[str], list[str]]:
    return headers.values("Diversion"), headers.values("History-Info")


def test_a_redirected_call_tells_whom_the_caller_wanted() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        b = await bob.rings()
        assert told(b.request.headers) == ([], [])
        b.reject(302, [redirect("1002")])
        c = await carol.rings()
        diversion, history = told(c.request.headers)
        assert diversion == ["<sip:1001@example.com>;reason=deflection;counter=1"]
        assert history == [
            "<sip:1001@example.com?Reason=SIP%3Bcause%3D302>;index=1",
            "<sip:1002@10.0.0.3>;index=1.1;mp=1",
        ]
        carol.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_each_number_on_the_way_is_told_the_latest_first() -> None:
    async def story() -> None:
        scene = Scene(extension("1003"))
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        dave = scene.phone("1003")
        a = alice.dial("1001")
        given = ("Diversion", "<sip:1001@example.com>;reason=do-not-disturb")
        (await bob.rings()).reject(302, [redirect("1002", "1003"), given])
        (await carol.rings()).reject(486)
        d = await dave.rings()
        diversion, history = told(d.request.headers)
        assert diversion == [
            "<sip:1002@example.com>;reason=user-busy;counter=1",
            "<sip:1001@example.com>;reason=do-not-disturb;counter=1",
        ]
        assert [value.rpartition("index=")[2] for value in history] == [
            "1",
            "1.1;mp=1",
            "1.1.1;mp=1.1",
        ]
        d.reject(486)
        await expect(a, Failed)
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    "given", ["<sip:x@y>;reason=forged-by-me", "<sip:x@y>", "nonsense <", "<sip:x@y>;reason"]
)
def test_a_reason_that_is_none_is_not_passed_on(given: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = (scene.phone(number) for number in ("1000", "1001", "1002"))
        a = alice.dial("1001")
        (await bob.rings()).reject(302, [redirect("1002"), ("Diversion", given)])
        c = await carol.rings()
        assert told(c.request.headers)[0] == ["<sip:1001@example.com>;reason=deflection;counter=1"]
        c.reject(486)
        await expect(a, Failed)
        await scene.settle()

    run(story())


@pytest.mark.parametrize(("trusted", "told_on"), [(True, True), (False, False)])
def test_the_way_that_a_trunk_s_call_has_come_goes_on_from_a_trusted_one(
    trusted: bool, told_on: bool
) -> None:
    async def story() -> None:
        line = trunk(trusted=trusted, networks=(ip_network("10.0.0.2/32"),))
        stage = Stage(line, routes=ROUTES_IN)
        bob = stage.scene.phone("1001")
        headers = [("Diversion", "<tel:+4940222>;reason=user-busy, <tel:+4940111>;reason=away")]
        c = calls_in(stage, "sip:4930100@192.0.2.1", headers=headers)
        b = await bob.rings()
        diversion, _ = told(b.request.headers)
        expected = [
            "<tel:+4940222>;reason=user-busy;counter=1",
            "<tel:+4940111>;reason=away;counter=1",
        ]
        assert diversion == (expected if told_on else [])
        b.reject(486)
        await expect(c, Failed)
        await stage.scene.settle()

    run(story())


# ------------------------------------------------------------------------- identities


def test_a_trusted_trunk_is_told_who_calls() -> None:
    async def story() -> None:
        stage = Stage(trunk(caller_number="+4930*", username="", trusted=True))
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        asserted = c.request.headers.get("P-Asserted-Identity")
        assert asserted == '"Desk 1000" <sip:+49301000@carrier.example>'
        assert c.request.headers.get("Privacy") is None
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())


def test_another_trunk_is_told_nothing_of_a_caller_that_shows_itself() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123", headers=[("P-Asserted-Identity", "<sip:911@example.com>")])
        c = await stage.carrier.rings()
        assert c.request.headers.get("P-Asserted-Identity") is None
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("preferred", "shown"),
    [
        ("<sip:+4930555@example.com>", "+4930555"),
        ("<tel:+4930555>", "+4930555"),
        ("<sip:+4930556@example.com>", "+49301000"),
        ("<sip:911@example.com>", "+49301000"),
    ],
)
def test_a_phone_prefers_one_of_its_own_numbers(preferred: str, shown: str) -> None:
    async def story() -> None:
        own = extension("1000", name="Desk 1000", identities=("+4930555",))
        line = trunk(caller_number="+4930*", username="", trusted=True)
        stage = Stage(line, extensions=[own])
        a = stage.alice.dial("030123", headers=[("P-Preferred-Identity", preferred)])
        c = await stage.carrier.rings()
        assert c.request.from_.uri == parse_uri(f"sip:{shown}@carrier.example")
        asserted = c.request.headers.get("P-Asserted-Identity") or ""
        assert f"<sip:{shown}@carrier.example>" in asserted
        assert c.request.headers.get("P-Preferred-Identity") is None
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()
        assert stage.scene.record["caller_id"] == "1000"

    run(story())


@pytest.mark.parametrize(("trusted", "shown"), [(True, "+4989777"), (False, "4711")])
def test_the_word_of_a_trusted_trunk_about_its_caller_counts(trusted: bool, shown: str) -> None:
    async def story() -> None:
        line = trunk(trusted=trusted, networks=(ip_network("10.0.0.2/32"),))
        stage = Stage(line, routes=ROUTES_IN)
        bob = stage.scene.phone("1001")
        headers = [("P-Asserted-Identity", '"Zoe" <sip:+4989777@carrier.example>')]
        c = calls_in(stage, "sip:4930100@192.0.2.1", caller="4711", headers=headers)
        b = await bob.rings()
        assert getattr(b.request.from_.uri, "user", "") == shown
        b.reject(486)
        await expect(c, Failed)
        await stage.scene.settle()

    run(story())


def test_requests_of_a_trunk_go_through_its_proxy() -> None:
    async def story() -> None:
        proxy = parse_uri("sip:edge.example;transport=udp;lr")
        stage = Stage(trunk(proxy=proxy), routes=(OUT, Route(pattern="9*", trunk="carrier")))
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        assert c.request.headers.get("Route") == "<sip:edge.example;transport=udp;lr>"
        assert c.request.uri_text == "sip:+4930123@carrier.example"
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())
