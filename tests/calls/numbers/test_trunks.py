"""Trunks: numbers go out by routes, calls come in, credentials stay with their realm."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from softswitch.calls.leg.leg import Leg
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.trunk import TRY_AGAIN, Trunk, TrunkState, TrunkTerms
from softswitch.calls.numbers.trunk_watch import TrunkWatch
from softswitch.calls.numbers.trunks import Trunks
from softswitch.sip.effects import Flow
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, NewRequest, Ringing
from softswitch.sip.message.address import Address, parse_address
from softswitch.sip.message.message import Request, parse_message, response_to
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.requests.digest import ALGORITHMS, ha1, parse_credentials
from softswitch.sip.requests.digest import response as response_of
from tests.calls.scene import Phone, Scene, expect, sdp
from tests.calls.virtual_time import run
from tests.transport.core import OPTIONS

OUT = Route(pattern="0*", trunk="carrier", strip=1, prefix="+49")
SPARE = Route(pattern="0*", trunk="spare", strip=1)


def trunk(name: str = "carrier", **more: Any) -> Trunk:
    terms = {
        "name": name,
        "server": parse_uri(f"sip:{name}.example"),
        "domain": f"{name}.example",
        "realm": f"{name}.example",
        "contact_user": f"contact-{name}",
        "username": "account",
        "password": "secret",
    }
    return Trunk(TrunkTerms(**{**terms, **more}), lambda: "cnonce")


def test_a_page_is_no_trunk_whatever_its_address() -> None:
    trunks = Trunks([trunk(networks=(ip_network("10.0.0.2/32"),))])
    invite = parse_message(
        b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\n\r\n"
    )
    assert isinstance(invite, Request)
    here, there = ("10.0.0.1", 5060), ("10.0.0.2", 5060)
    assert trunks.source(invite, Flow("tcp", here, there)) == "carrier"
    assert trunks.source(invite, Flow("ws", here, there)) == ""
    assert trunks.source(invite, Flow("wss", here, there)) == ""


def test_a_trunk_with_mutual_tls_is_proven_by_its_certificate_alone() -> None:
    strict = trunk(networks=(ip_network("10.0.0.2/32"),), mutual_tls=True)
    trunks = Trunks([strict, trunk("spare")])
    here, there = ("10.0.0.1", 5060), ("10.0.0.2", 5060)
    claims = [
        ("sip:1000@here", Flow("udp", here, there)),
        ("sip:1000@here", Flow("tls", here, there)),
        ("sip:contact-carrier@here", Flow("tls", here, ("10.0.0.9", 5060))),
        ("sip:contact-carrier@here", Flow("tls", here, there, "spare")),
    ]
    strict_contact = Trunks([trunk(registers=True, mutual_tls=True), trunk("spare")])
    for uri, flow in claims:
        asked = parse_message(f"OPTIONS {uri} SIP/2.0\r\n\r\n".encode())
        assert isinstance(asked, Request)
        known = strict_contact if "contact" in uri else trunks
        assert known.source(asked, flow) == "carrier"
        assert not known.is_proven("carrier", flow)
        assert known.is_proven("carrier", flow._replace(transport="tls", peer="carrier"))
    assert trunks.is_proven("spare", Flow("udp", here, there))


class Stage:
    """A scene with trunks, whose far ends are hosts on the wire."""

    def __init__(
        self, *lines: Trunk, routes: Sequence[Route] = (OUT,), extensions: Sequence[Extension] = ()
    ) -> None:
        self.scene = Scene(*extensions, trunks=lines, routes=routes)
        self.alice = self.scene.phone("1000")
        self.far_ends = {line.name: self.far_end(line) for line in lines}

    def far_end(self, line: Trunk) -> Phone:
        phone = self.scene.phone(line.name, registered=False)
        line.flows = (Flow("udp", self.scene.host.address, phone.host.address),)
        return phone

    @property
    def carrier(self) -> Phone:
        return self.far_ends["carrier"]


def digest(realm: str, **more: str) -> tuple[str, str]:
    rest = "".join(f", {name}={value}" for name, value in more.items())
    return "Proxy-Authenticate", f'Digest realm="{realm}", nonce="n", qop="auth"{rest}'


async def dials_out(stage: Stage, number: str = "030123") -> tuple[Leg, Leg]:
    a = stage.alice.dial(number)
    c = await stage.carrier.rings()
    stage.carrier.answer(c)
    await expect(a, Answered)
    a.acknowledge()
    await expect(c, Acknowledged)
    return a, c


def test_a_number_goes_out_rewritten_and_comes_back_answered() -> None:
    async def story() -> None:
        stage = Stage(trunk(username="", caller_number="+4930*"))
        a, c = await dials_out(stage)
        invite = c.request
        assert invite.uri_text == "sip:+4930123@carrier.example"
        assert str(invite.to.uri) == "sip:+4930123@carrier.example"
        assert str(invite.from_.uri) == "sip:+49301000@carrier.example"
        assert invite.from_.display_name == "Desk 1000"
        assert stage.scene.plan.trunks["carrier"].calls == 1
        a.hangup()
        await expect(c, Ended)
        await stage.scene.settle()
        assert stage.scene.plan.trunks["carrier"].calls == 0
        record = stage.scene.record
        assert (record["direction"], record["destination"]) == ("Outbound", "carrier")
        assert (record["source"], record["dialed"]) == ("1000", "030123")

    run(story())


def test_the_port_of_the_server_goes_with_its_own_name_only() -> None:
    server = parse_uri("sip:10.9.9.9:5080")
    assert str(trunk(server=server, domain="10.9.9.9").terms.uri("1")) == "sip:1@10.9.9.9:5080"
    assert str(trunk(server=server).terms.uri("1")) == "sip:1@carrier.example"


def test_the_account_stands_in_from() -> None:
    async def story() -> None:
        stage = Stage(trunk(caller_number="account"))
        a, c = await dials_out(stage)
        assert str(c.request.from_.uri) == "sip:account@carrier.example"
        a.hangup()
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize(("realm", "goodbyes"), [("carrier.example", 2), ("elsewhere.example", 1)])
@pytest.mark.parametrize("inwards", [False, True])
def test_a_challenge_of_bye(realm: str, goodbyes: int, inwards: bool) -> None:
    async def story() -> None:
        stage = Stage(trunk(networks=(ip_network("10.0.0.2/32"),)))
        far_end, heard = stage.carrier.host, []

        def challenge(data: bytes, flow: Flow, receive: Any = far_end.receive) -> None:
            message = parse_message(data)
            if not isinstance(message, Request) or message.method != "BYE":
                receive(data, flow)
                return
            heard.append(message)
            if "Proxy-Authorization" in message.headers:
                receive(data, flow)
            else:
                response = response_to(message, 407, to_tag=None, headers=[digest(realm)])
                far_end.network.send(response.to_bytes(), flow)

        far_end.receive = challenge  # type: ignore[method-assign]
        if inwards:
            c = calls_in(stage, "sip:1000@192.0.2.1")
            a = await stage.alice.rings()
            stage.alice.answer(a)
            await expect(c, Answered)
            c.acknowledge()
            await expect(a, Acknowledged)
        else:
            a, _ = await dials_out(stage)
        a.hangup()
        await asyncio.sleep(5)
        assert len(heard) == goodbyes
        await stage.scene.switch.close()

    run(story())


def test_a_challenge_of_our_realm_is_answered() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        assert "Proxy-Authorization" not in c.request.headers
        c.reject(407, [digest("carrier.example")])
        c = await stage.carrier.rings()
        credentials = c.request.headers.get("Proxy-Authorization") or ""
        assert 'username="account", realm="carrier.example"' in credentials
        assert 'uri="sip:+4930123@carrier.example"' in credentials
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await stage.scene.settle()
        assert stage.scene.record["outcome"] == "answered"

    run(story())


def test_a_foreign_realm_gets_no_credentials() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        c.reject(407, [digest("elsewhere.example")])
        assert (await expect(a, Failed)).status == 500
        await stage.scene.settle()
        assert stage.carrier.asked.empty()
        assert not any(b"authorization" in data.lower() for data in stage.scene.host.sends)

    run(story())


def test_a_wrong_password_is_sent_once_and_a_stale_nonce_answered() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123")
        (await stage.carrier.rings()).reject(407, [digest("carrier.example")])
        (await stage.carrier.rings()).reject(407, [digest("carrier.example", stale="true")])
        (await stage.carrier.rings()).reject(407, [digest("carrier.example")])
        await expect(a, Failed)
        await asyncio.sleep(1)
        assert stage.carrier.asked.empty()
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize("status", [503, 408, 502])
def test_another_line_takes_what_one_cannot(status: int) -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        spare = stage.far_ends["spare"]
        a = stage.alice.dial("030123")
        (await stage.carrier.rings()).reject(status)
        c = await spare.rings()
        assert c.request.uri_text == "sip:30123@spare.example"
        spare.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await stage.scene.settle()
        assert stage.scene.record["destination"] == "spare"
        assert stage.scene.plan.trunks["carrier"].failures == 1

    run(story())


@pytest.mark.parametrize(("status", "told"), [(486, 486), (404, 404), (603, 603), (403, 403)])
def test_what_the_called_side_says_is_not_asked_twice(status: int, told: int) -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        a = stage.alice.dial("030123")
        (await stage.carrier.rings()).reject(status)
        assert (await expect(a, Failed)).status == told
        await stage.scene.settle()
        assert stage.far_ends["spare"].asked.empty()

    run(story())


def test_silence_of_a_line_is_not_waited_out(logged: list[Any]) -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        spare, scene = stage.far_ends["spare"], stage.scene
        scene.network.lose = lambda line: line.startswith(f"switch>{stage.carrier.host.name}")
        before = asyncio.get_running_loop().time()
        a = stage.alice.dial("030123")
        c = await spare.rings()
        assert 4 <= asyncio.get_running_loop().time() - before < 4.1
        spare.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await asyncio.sleep(1)
        # The next call does not even try the silent one.
        before = asyncio.get_running_loop().time()
        a = stage.alice.dial("030124")
        spare.answer(await spare.rings())
        await expect(a, Answered)
        assert asyncio.get_running_loop().time() - before < 0.2
        a.acknowledge()
        a.hangup()
        await scene.settle()
        line = scene.plan.trunks["carrier"]
        assert (line.state, line.reason) == (TrunkState.DOWN, "INVITE: no response in 4 s")

    run(story())
    said = [(each["event"], each["trunk"], each["reason"]) for each in logged if "trunk" in each]
    assert said == [
        ("outside line", "carrier", "INVITE: no response in 4 s"),
        ("outside line failed", "carrier", "no response in 4 s"),
        ("outside line", "spare", ""),
        ("outside line passed over", "carrier", "down, INVITE: no response in 4 s"),
    ]


async def silent_call(stage: Stage) -> tuple[int, float]:
    """What a call is told while no trunk answers, and after how long."""
    before = asyncio.get_running_loop().time()
    failed = await expect(stage.alice.dial("030123"), Failed)
    return failed.status, asyncio.get_running_loop().time() - before


def test_no_line_that_answers_is_told_as_503_and_is_tried_again_in_a_while() -> None:
    async def story() -> None:
        stage = Stage(trunk(timeout=2), trunk("spare", timeout=3), routes=(OUT, SPARE))
        names = [end.host.name for end in stage.far_ends.values()]
        lost = tuple(f"switch>{name}" for name in names)
        stage.scene.network.lose = lambda line: line.startswith(lost)
        status, seconds = await silent_call(stage)
        assert (status, round(seconds)) == (503, 5)
        status, seconds = await silent_call(stage)
        assert (status, round(seconds)) == (503, 0)
        await asyncio.sleep(TRY_AGAIN)
        status, seconds = await silent_call(stage)
        assert (status, round(seconds)) == (503, 5)
        # The first response makes it usable again.
        await asyncio.sleep(TRY_AGAIN)
        stage.scene.network.lose = lambda line: False
        a = stage.alice.dial("030123")
        stage.carrier.answer(await stage.carrier.rings())
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await stage.scene.settle()
        assert stage.scene.plan.trunks["carrier"].state is TrunkState.UP

    run(story())


def test_a_silent_server_of_a_line_comes_last_from_then_on() -> None:
    async def story() -> None:
        line = trunk()
        stage = Stage(line)
        dead = Flow("udp", stage.scene.host.address, ("10.9.9.9", 5060))
        line.flows = (dead, *line.flows)
        a = stage.alice.dial("030123")
        (await stage.carrier.rings()).reject(486)
        await expect(a, Failed)
        assert line.flows[-1] == dead
        assert line.state is TrunkState.UP
        await stage.scene.settle()

    run(story())


def test_a_line_that_rings_is_not_given_up() -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        a = stage.alice.dial("030123")
        c = await stage.carrier.rings()
        c.progress(180)
        await expect(a, Ringing)
        await asyncio.sleep(20)
        stage.carrier.answer(c)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await stage.scene.settle()
        assert stage.far_ends["spare"].asked.empty()

    run(story())


@pytest.mark.parametrize("registers", [False, True])
def test_a_line_that_is_known_to_be_down_is_passed_over(registers: bool) -> None:
    async def story() -> None:
        stage = Stage(trunk(registers=registers), trunk("spare"), routes=(OUT, SPARE))
        line = stage.scene.plan.trunks["carrier"]
        line.answers_options = not registers
        line.enter(TrunkState.DOWN, "OPTIONS: no response in 4 s")
        a = stage.alice.dial("030123")
        (await stage.far_ends["spare"].rings()).reject(503)
        assert (await expect(a, Failed)).status == 500
        line.enter(TrunkState.UP)
        a = stage.alice.dial("030123")
        (await stage.carrier.rings()).reject(486)
        assert (await expect(a, Failed)).status == 486
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize("state", [TrunkState.DOWN, TrunkState.REFUSED])
def test_a_line_that_may_be_down_is_tried_last(state: TrunkState) -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        stage.scene.plan.trunks["carrier"].enter(state)
        a = stage.alice.dial("030123")
        (await stage.far_ends["spare"].rings()).reject(503)
        (await stage.carrier.rings()).reject(486)
        assert (await expect(a, Failed)).status == 486
        await stage.scene.settle()

    run(story())


def test_a_full_line_takes_no_more() -> None:
    async def story() -> None:
        stage = Stage(trunk(calls=1))
        a, _ = await dials_out(stage)
        second = stage.alice.dial("030124")
        assert (await expect(second, Failed)).status == 503
        a.hangup()
        await asyncio.sleep(1)
        again, _ = await dials_out(stage)
        again.hangup()
        await stage.scene.settle()

    run(story())


def test_a_line_without_addresses() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        stage.scene.plan.trunks["carrier"].flows = ()
        a = stage.alice.dial("030123")
        assert (await expect(a, Failed)).status == 503
        await stage.scene.settle()
        assert stage.scene.record["reason"] == "no outside line"

    run(story())


def test_who_may_not_use_a_route_gets_403() -> None:
    async def story() -> None:
        route = Route(pattern="0*", trunk="carrier", extensions=frozenset({"1001"}))
        stage = Stage(trunk(), routes=(route,))
        a = stage.alice.dial("030123")
        assert (await expect(a, Failed)).status == 403
        bob = stage.scene.phone("1001")
        b = bob.dial("030123")
        (await stage.carrier.rings()).reject(486)
        assert (await expect(b, Failed)).status == 486
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize("number", ["0", "0" + "9" * 70, "030@evil.example"])
def test_what_is_no_number_stays_here(number: str) -> None:
    async def story() -> None:
        stage = Stage(trunk(), routes=(Route(pattern="0*", trunk="carrier", strip=1),))
        a = stage.alice.dial(number.replace("@", "%40"))
        assert (await expect(a, Failed)).status == 404
        await stage.scene.settle()
        assert stage.carrier.asked.empty()

    run(story())


def test_parameters_of_a_number_do_not_go_outside() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123;phone-context=evil.example;x=y")
        c = await stage.carrier.rings()
        assert c.request.uri_text == "sip:+4930123@carrier.example"
        c.reject(486)
        await expect(a, Failed)
        await stage.scene.settle()

    run(story())


def test_a_phone_cannot_redirect_a_call_outside_but_a_command_can() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        bob = stage.scene.phone("1001")
        a = stage.alice.dial("1001")
        (await bob.rings()).reject(302, [("Contact", "<sip:030123@example.com>")])
        assert (await expect(a, Failed)).status == 403
        assert stage.carrier.asked.empty()
        a = stage.alice.dial("1001")
        b = await bob.rings()
        next(iter(stage.scene.calls)).forward("030123")
        await expect(b, Ended)
        (await stage.carrier.rings()).reject(486)
        assert (await expect(a, Failed)).status == 486
        await stage.scene.settle()

    run(story())


# -- in ------------------------------------------------------------------------------------------


def calls_in(
    stage: Stage,
    uri: str,
    to: str = "100",
    caller: str = "0151",
    headers: Sequence[tuple[str, str]] = (),
) -> Leg:
    carrier = stage.carrier
    return Leg.dial(
        carrier.host,
        name="carrier",
        target=parse_uri(uri),
        flow=carrier.host.flow_to(stage.scene.host),
        from_=address_of(caller),
        to=address_of(to),
        headers=headers,
        sdp=sdp(carrier.host.address[0]),
    )


def address_of(user: str) -> Address:
    return parse_address(f'"Caller" <sip:{user}@carrier.example>')


IN = (
    Route(pattern="4930100", extension="1001"),
    Route(pattern="493020*", extension="*", strip=6),
    OUT,
)


def by_address() -> Stage:
    return Stage(trunk(networks=(ip_network("10.0.0.2/32"),)), routes=IN)


@pytest.mark.parametrize(
    ("uri", "extension"),
    [
        ("sip:4930100@192.0.2.1", "1001"),
        ("sip:4930100@carrier.example", "1001"),
        ("sip:4930201001@192.0.2.1", "1001"),
        ("sip:1001@192.0.2.1", "1001"),
    ],
)
def test_a_call_from_a_known_address_comes_in(uri: str, extension: str) -> None:
    async def story() -> None:
        stage = by_address()
        bob = stage.scene.phone(extension)
        c = calls_in(stage, uri, caller="1000")
        b = await bob.rings()
        assert b.request.from_.display_name == "Caller", "not the name of our own extension 1000"
        assert stage.scene.plan.trunks["carrier"].calls == 1
        b.reject(486)
        assert (await expect(c, Failed)).status == 486
        await stage.scene.settle()
        record = stage.scene.record
        assert (record["direction"], record["source"]) == ("Inbound", "carrier")
        assert (record["caller_id"], record["destination"]) == ("1000", extension)

    run(story())


def test_a_call_for_our_contact_comes_in_for_the_number_in_to() -> None:
    async def story() -> None:
        stage = Stage(trunk(registers=True), routes=IN)
        bob = stage.scene.phone("1001")
        c = calls_in(stage, "sip:contact-carrier@192.0.2.1", to="4930100")
        b = await bob.rings()
        b.reject(486)
        await expect(c, Failed)
        await stage.scene.settle()
        assert stage.scene.record["dialed"] == "4930100"

    run(story())


@pytest.mark.parametrize("account", ["account", "49990000"])
@pytest.mark.parametrize(
    ("asked", "to", "called"),
    [
        ("4930100", "4930100", None),  # the number in Request-URI
        ("4930100;npdi;rn=49555", "4930100", None),
        ("+49-30-100;phone-context=x", "whoever", None),
        ("contact-carrier", "4930100", None),  # … in To, beside our contact or our account
        ("contact-carrier", "4930100;isub=2", None),
        ("ACCOUNT", "4930100", None),
        ("contact-carrier", "ACCOUNT", "<tel:+49-30-100>"),  # … in P-Called-Party-ID
        ("contact-carrier", "0151", "<sip:4930100;phone-context=+49@carrier.example;user=phone>"),
        ("ACCOUNT", "ACCOUNT", '"You" <sip:4930100@carrier.example>'),
        ("line-7", "4930100", None),  # … beside a name of the carrier's own
        ("line-7", "line-7", "sip:4930100@carrier.example"),
        ("4930100", "0151", None),  # the caller had dialled another number, which was forwarded
    ],
)
def test_where_carriers_put_the_number(
    asked: str, to: str, called: str | None, account: str
) -> None:
    async def story() -> None:
        line = trunk(registers=True, username=account, networks=(ip_network("10.0.0.2/32"),))
        plus = Route(pattern="+4930100", extension="1001")
        stage = Stage(line, routes=(*IN, plus))
        bob = stage.scene.phone("1001")
        headers = [("P-Called-Party-ID", called)] if called else []
        user, to_user = (text.replace("ACCOUNT", account) for text in (asked, to))
        c = calls_in(stage, f"sip:{user}@192.0.2.1", to=to_user, headers=headers)
        b = await bob.rings()
        b.reject(486)
        await expect(c, Failed)
        await stage.scene.settle()
        assert stage.scene.record["dialed"] in ("4930100", "+4930100")

    run(story())


def test_the_account_itself_may_be_a_number_that_leads_somewhere() -> None:
    async def story() -> None:
        stage = Stage(trunk(registers=True, username="4930100"), routes=IN)
        bob = stage.scene.phone("1001")
        c = calls_in(stage, "sip:contact-carrier@192.0.2.1", to="4930100")
        (await bob.rings()).reject(486)
        await expect(c, Failed)
        await stage.scene.settle()

    run(story())


@pytest.mark.parametrize(("number", "status"), [("030123", 403), ("999", 404)])
def test_a_line_leads_to_extensions_only(number: str, status: int) -> None:
    async def story() -> None:
        stage = by_address()
        c = calls_in(stage, f"sip:{number}@192.0.2.1", caller="1000")
        assert (await expect(c, Failed)).status == status
        await stage.scene.settle()
        assert stage.carrier.asked.empty()

    run(story())


def test_a_command_begins_a_call_outside() -> None:
    async def story() -> None:
        stage = Stage(trunk(), trunk("spare"), routes=(OUT, SPARE))
        scene, spare = stage.scene, stage.far_ends["spare"]
        call = scene.calls.new(("5000", "Robot"), "030123")
        scene.tasks.begin(call, lambda it: scene.answering.begin(it, None))
        (await stage.carrier.rings()).reject(503)
        c = await spare.rings()
        assert str(c.request.from_.uri) == "sip:5000@spare.example"
        spare.answer(c)
        await expect(c, Acknowledged)
        await call.hang_up()
        await expect(c, Ended)
        await stage.scene.settle()
        assert stage.scene.record["direction"] == "Outbound"

    run(story())


# -- watching ------------------------------------------------------------------------------------


def watched(
    line: Trunk, answer: Callable[[Request], tuple[int, Sequence[tuple[str, str]]]], seconds: float
) -> list[Request]:
    """What a far end that answers like this hears of us in so many seconds, and at the end."""
    heard: list[Request] = []

    async def story() -> None:
        stage = Stage(line)
        host, scene = stage.carrier.host, stage.scene

        def take(new: NewRequest) -> None:
            heard.append(new.request)
            status, headers = answer(new.request)
            response = response_to(new.request, status, to_tag=None, headers=headers)
            host.perform(host.endpoint.respond_statelessly(new.request, response, new.flow))

        host.open(take)
        flows, line.flows = line.flows, ()

        async def resolve(uri: object) -> Sequence[Flow]:
            return flows

        watch = TrunkWatch(Trunks([line]), scene.host, resolve)
        await let_run(watch.run, seconds)
        await watch.close()
        await scene.settle()

    run(story())
    return heard


async def let_run(work: Callable[[], Awaitable[None]], seconds: float) -> None:
    task = asyncio.ensure_future(work())
    await asyncio.sleep(seconds)
    assert not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_registers_with_digest_refreshes_and_signs_off() -> None:
    def registrar(request: Request) -> tuple[int, Sequence[tuple[str, str]]]:
        if request.method == "OPTIONS":
            return 200, ()
        if "Authorization" not in request.headers:
            return 401, [("WWW-Authenticate", digest("carrier.example")[1])]
        contact = request.headers.get("Contact")
        return 200, [("Contact", f"{contact};expires={request.expires}")]

    line = trunk(registers=True, expires=600, keep_alive=100)
    heard = watched(line, registrar, 700)
    registers = [request for request in heard if request.method == "REGISTER"]
    assert line.state is TrunkState.UP
    assert [request.expires for request in registers] == [600, 600, 600, 600, 0, 0]
    assert [request.cseq.number for request in registers] == [1, 2, 3, 4, 5, 6]
    assert len({request.call_id for request in registers}) == 1
    assert registers[0].headers.get("Contact") == "<sip:contact-carrier@192.0.2.1:5060>"
    assert sum(request.method == "OPTIONS" for request in heard) == 6


@pytest.mark.parametrize(("algorithms", "answered"), [(None, True), (("SHA-256",), False)])
def test_a_trunk_may_refuse_challenges_by_weak_algorithms(
    algorithms: tuple[str, ...] | None, answered: bool
) -> None:
    challenge = digest("carrier.example", algorithm="MD5")[1]
    line = trunk(registers=True, keep_alive=0, digest=algorithms)
    heard = watched(line, lambda _: (401, [("WWW-Authenticate", challenge)]), 20)
    assert any("Authorization" in request.headers for request in heard) == answered


def test_a_challenge_with_auth_int_is_answered_for_the_body_that_is_sent() -> None:
    async def story() -> None:
        stage = Stage(trunk())
        a = stage.alice.dial("030123")
        name, value = digest("carrier.example")
        (await stage.carrier.rings()).reject(407, [(name, value.replace('"auth"', '"auth-int"'))])
        c = await stage.carrier.rings()
        credentials = parse_credentials(c.request.headers.get("Proxy-Authorization") or "")
        assert credentials is not None
        assert credentials.qop == "auth-int"
        md5 = ALGORITHMS["MD5"]
        proof = response_of(
            md5,
            ha1(md5, "account", "carrier.example", "secret"),
            "INVITE",
            c.request.uri_text,
            "n",
            qop="auth-int",
            cnonce="cnonce",
            nc="00000001",
            body=c.request.body,
        )
        assert c.request.body
        assert credentials.response == proof
        a.hangup()
        await stage.scene.settle()

    run(story())


def test_a_registrar_of_another_realm_gets_no_credentials() -> None:
    challenge = digest("elsewhere.example")[1]
    line = trunk(registers=True, keep_alive=0)
    heard = watched(line, lambda _: (401, [("WWW-Authenticate", challenge)]), 200)
    assert len(heard) >= 3
    assert not any("Authorization" in request.headers for request in heard)
    assert line.state is TrunkState.REFUSED


def test_every_server_is_tried_and_the_round_counts_as_one_failure() -> None:
    async def story() -> None:
        line = trunk(registers=True, keep_alive=0)
        stage = Stage(line)
        scene = stage.scene
        dead = [Flow("udp", scene.host.address, ("10.9.9.9", port)) for port in (1, 2, 3)]

        async def resolve(uri: object) -> Sequence[Flow]:
            return dead

        watch = TrunkWatch(Trunks([line]), scene.host, resolve)
        await let_run(watch.run, 3 * 4 - 1)
        asked = sum("REGISTER" in entry for entry in scene.network.log)
        assert line.state is TrunkState.UNKNOWN
        await let_run(watch.run, 3 * 4 + 31)  # and the first back-off
        again = sum("REGISTER" in entry for entry in scene.network.log)
        assert again - asked > asked, "a second round after half a minute"
        assert (line.state, line.reason) == (TrunkState.DOWN, "no response in 4 s")
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("status", "state"),
    [(200, "up"), (404, "up"), (405, "up"), (503, "down")],
)
def test_options_tell_whether_a_line_is_up(status: int, state: str) -> None:
    line = trunk(keep_alive=30)
    heard = watched(line, lambda _: (status, ()), 100)
    assert {request.method for request in heard} == {"OPTIONS"}
    assert len(heard) == 4
    assert line.state.value == state


def unanswered(line: Trunk, seconds: float) -> list[str]:
    """The requests that a trunk without a far end got in so many seconds."""
    log: list[str] = []

    async def story() -> None:
        stage = Stage(line)
        flow = Flow("udp", stage.scene.host.address, ("10.9.9.9", 5060))

        async def resolve(uri: object) -> Sequence[Flow]:
            return [flow]

        await let_run(TrunkWatch(Trunks([line]), stage.scene.host, resolve).run, seconds)
        log.extend(entry for entry in stage.scene.network.log if "switch>" in entry)
        await stage.scene.switch.close()

    run(story())
    return log


def test_a_line_that_answers_nothing_is_down_in_seconds() -> None:
    line = trunk(timeout=3)
    unanswered(line, 2.9)
    assert line.state is TrunkState.UNKNOWN
    unanswered(line, 3.1)
    assert (line.state, line.reason) == (TrunkState.DOWN, "OPTIONS: no response in 3 s")


def test_a_line_that_takes_calls_need_not_answer_options() -> None:
    line = trunk()
    line.answers_calls = True
    line.state = TrunkState.UP
    assert unanswered(line, 10)
    assert line.state is TrunkState.UP


@pytest.mark.parametrize(
    ("more", "method"), [({}, "OPTIONS"), ({"registers": True, "keep_alive": 0}, "REGISTER")]
)
def test_a_call_that_nobody_hears_has_the_line_looked_at_at_once(
    more: dict[str, Any], method: str
) -> None:
    line = trunk(**more)

    def far_end(request: Request) -> tuple[int, Sequence[tuple[str, str]]]:
        times.append(asyncio.get_running_loop().time())
        if len(times) == 1:
            asyncio.get_running_loop().call_later(10, lambda: line.unheard(line.flows[0], "silent"))
        contact = request.headers.get("Contact")
        return 200, [("Contact", f"{contact};expires=3600")] if contact else ()

    times: list[float] = []
    heard = watched(line, far_end, 12)
    assert [request.method for request in heard][:2] == [method, method]
    assert round(times[1] - times[0]) == 10
    assert line.state is TrunkState.UP


def test_a_line_whose_name_leads_nowhere_is_down_and_looked_up_again() -> None:
    async def story() -> None:
        for line in (trunk(), trunk(registers=True)):
            stage = Stage(line)
            asked: list[object] = []

            async def resolve(uri: object, asked: list[object] = asked) -> Sequence[Flow]:
                asked.append(uri)
                return ()

            watch = TrunkWatch(Trunks([line]), stage.scene.host, resolve)
            await let_run(watch.run, 100)
            await watch.close()
            assert line.state is TrunkState.DOWN
            assert len(asked) > 2
            await stage.scene.switch.close()

    run(story())


def test_a_connection_whose_certificate_is_a_trunks_brings_its_calls() -> None:
    trunks = Trunks([trunk(registers=True), trunk("spare")])
    flow = Flow("tls", ("10.0.0.1", 5061), ("10.9.9.9", 40000))
    request = parse_message(OPTIONS)
    assert isinstance(request, Request)
    assert trunks.source(request, flow) == ""
    assert trunks.source(request, flow._replace(peer="spare")) == "spare"
    registered = OPTIONS.replace(b"sip:switch@", b"sip:contact-carrier@")
    request = parse_message(registered)
    assert isinstance(request, Request)
    assert trunks.source(request, flow._replace(peer="spare")) == "carrier"


def test_the_servers_of_a_trunk_over_tls_must_prove_to_be_the_trunk() -> None:
    async def story() -> None:
        line = trunk(keep_alive=0)
        stage = Stage(line)
        local = stage.scene.host.address
        found = [Flow(name, local, ("10.9.9.9", 5061)) for name in ("tls", "tcp")]

        async def resolve(uri: object) -> Sequence[Flow]:
            return found

        await let_run(TrunkWatch(Trunks([line]), stage.scene.host, resolve).run, 1)
        assert [flow.peer for flow in line.flows] == ["carrier", ""]
        await stage.scene.switch.close()

    run(story())


def test_a_changed_trunk_registers_anew_and_one_that_is_gone_signs_off() -> None:
    async def story() -> None:
        line = trunk(registers=True, expires=600, keep_alive=0)
        stage = Stage(line)
        host, scene = stage.carrier.host, stage.scene
        heard: list[Request] = []

        def take(new: NewRequest) -> None:
            heard.append(new.request)
            contact = new.request.headers.get("Contact")
            headers = [("Contact", f"{contact};expires={new.request.expires}")]
            response = response_to(new.request, 200, to_tag=None, headers=headers)
            host.perform(host.endpoint.respond_statelessly(new.request, response, new.flow))

        host.open(take)
        flows = line.flows

        async def resolve(uri: object) -> Sequence[Flow]:
            return flows

        trunks = Trunks([line])
        watch = TrunkWatch(trunks, scene.host, resolve)
        running = asyncio.ensure_future(watch.run())
        await asyncio.sleep(5)
        assert [request.expires for request in heard] == [600]
        line.change(replace(line.terms, password="another"))
        watch.follow()
        await asyncio.sleep(5)
        assert [request.expires for request in heard] == [600, 600]
        assert len({request.call_id for request in heard}) == 2
        assert line.state is TrunkState.UP
        line.change(replace(line.terms, username="other"))
        watch.follow()
        await asyncio.sleep(5)
        assert sorted(request.expires or 0 for request in heard[2:]) == [0, 600]
        trunks.exchange(Trunks())
        watch.follow()
        await asyncio.sleep(5)
        assert [request.expires for request in heard[4:]] == [0]
        await asyncio.sleep(700)
        assert len(heard) == 5
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await watch.close()
        await scene.settle()

    run(story())
