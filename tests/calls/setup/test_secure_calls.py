"""Calls whose legs are secured, each by itself: SDES (RFC 4568), DTLS-SRTP (RFC 5763), or not."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from softswitch.calls.call.hold import hold, resume
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.leg.leg import Leg, ReinviteRefused
from softswitch.calls.leg.media_terms import SrtpRules
from softswitch.calls.ports.media_port import Dtls, Ice, Security, SrtpKeys
from softswitch.sdp.crypto import SUITES, CryptoLine
from softswitch.sdp.description import parse_description
from softswitch.sdp.dtls import Setup
from softswitch.sdp.stream_transport import StreamTransport, read_transport
from softswitch.sip.events import Acknowledged, Answered, Ended, Failed, Reoffered, Ringing
from tests.calls.extensions import conference, extension
from tests.calls.scene import FakePort, Phone, Scene, expect, sdp
from tests.calls.virtual_time import run

GCM, CM_80 = "AEAD_AES_128_GCM", "AES_CM_128_HMAC_SHA1_80"
THEIRS = "sha-256 " + ":".join(["C0"] * 32)
PWD = "a-password-of-24-letters".replace("-", "/")


def crypto(letter: str, suite: str = GCM, tag: int = 1) -> str:
    return f"crypto:{tag} {suite} inline:{base64.b64encode(key(letter, suite)).decode()}"


def key(letter: str, suite: str = GCM) -> bytes:
    return letter.encode() * SUITES[suite]


def secure(host: str, letter: str, **more: Any) -> bytes:
    """The description of a phone that wants SRTP with this key."""
    attributes = [crypto(letter, more.pop("suite", GCM), more.pop("tag", 1))]
    return sdp(host, profile="RTP/SAVP", attributes=attributes, **more)


def browser(host: str, *, setup: str, ufrag: str = "their", pwd: str = PWD, **more: Any) -> bytes:
    attributes = [
        "mid:0",
        "rtcp-mux",
        f"ice-ufrag:{ufrag}",
        f"ice-pwd:{pwd}",
        f"fingerprint:{more.pop('fingerprint', THEIRS)}",
        f"setup:{setup}",
    ]
    return sdp(host, profile="UDP/TLS/RTP/SAVPF", attributes=attributes, **more)


def said(body: bytes | None) -> StreamTransport:
    assert body is not None
    return read_transport(parse_description(body), 0)


def line(body: bytes | None) -> CryptoLine:
    """The only line of a description."""
    (only,) = said(body).crypto
    return only


async def talk(
    alice: Phone, offer: bytes, bob: Phone, answer: bytes | None = None
) -> tuple[Leg, Leg, bytes]:
    """Let two phones talk; returns their legs and the answer to alice."""
    a = alice.dial(bob.number, offer)
    b = await bob.rings()
    b.progress(180)
    await expect(a, Ringing)
    b.accept(answer or sdp(bob.host.address[0], 5000))
    got = (await expect(a, Answered)).sdp
    a.acknowledge()
    await expect(b, Acknowledged)
    await asyncio.sleep(1)
    return a, b, got


def ports(scene: Scene) -> tuple[FakePort, FakePort]:
    caller, callee = scene.workers.all
    return caller, callee


def srtp(port: FakePort) -> SrtpKeys:
    security = port.last["security"]
    assert security.srtp is not None
    return security.srtp  # type: ignore[no-any-return]


def test_two_phones_over_tls_have_a_key_of_each_side() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = (scene.phone(n, transport="tls") for n in ("1000", "1001"))
        a = alice.dial("1001", secure("10.0.0.1", "a"))
        b = await bob.rings()
        offered = said(b.request.body)
        assert offered.profile == "RTP/AVP"
        assert [each.suite for each in offered.crypto] == list(SUITES)
        b.accept(sdp("10.0.0.2", 5000, attributes=[crypto("b", CM_80, 2)]))
        got = (await expect(a, Answered)).sdp
        a.acknowledge()
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        answered = line(got)
        assert said(got).profile == "RTP/SAVP"
        assert (answered.tag, answered.suite) == (1, GCM)
        caller, callee = ports(scene)
        assert srtp(caller) == SrtpKeys(GCM, answered.key, key("a"))
        assert srtp(callee) == SrtpKeys(CM_80, offered.crypto[1].key, key("b", CM_80))
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_each_leg_has_its_own_security() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"))
        alice, bob = scene.phone("1000"), scene.phone("1003", transport="tls")
        a, b, got = await talk(alice, sdp(), bob, secure("10.0.0.2", "b"))
        assert (said(b.request.body).profile, said(got).profile) == ("RTP/SAVP", "RTP/AVP")
        assert not said(got).crypto
        caller, callee = ports(scene)
        assert caller.last["security"] is None
        assert srtp(callee).theirs == key("b")
        b.hangup()
        await expect(a, Ended)
        await scene.settle()

    run(story())


def test_an_offer_that_leaves_it_open_may_be_answered_in_the_clear() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001", transport="tls")
        a, b, _ = await talk(alice, sdp(), bob)
        assert said(b.request.body).crypto
        assert ports(scene)[1].last["security"] is None
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    "answer",
    [
        sdp("10.0.0.2", 5000),
        sdp("10.0.0.2", 5000, profile="RTP/SAVP"),
        secure("10.0.0.2", "b", tag=9),
        secure("10.0.0.2", "b", suite=CM_80),
        sdp("10.0.0.2", 5000, profile="RTP/SAVP", attributes=[crypto("b"), crypto("c")]),
        sdp("10.0.0.2", 5000, profile="RTP/SAVP", attributes=[crypto("b") + "|1:4"]),
        sdp("10.0.0.2", 5000, profile="RTP/SAVP", attributes=[crypto("b", CM_80, 1)[:-4]]),
    ],
)
def test_a_required_offer_that_is_answered_in_the_clear_ends_the_call(answer: bytes) -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"))
        alice, bob = scene.phone("1000"), scene.phone("1003", transport="tls")
        a = alice.dial("1003")
        b = await bob.rings()
        b.accept(answer)
        refused = await expect(a, Failed)
        assert refused.status == 488
        await expect(b, Acknowledged)
        ended = await expect(b, Ended)
        assert 'cause=88;text="media not secured"' in ended.headers.get("Reason")
        assert all(port.last["security"] is None for port in scene.workers.all if port.configured)
        assert scene.record["reason"] == "media not secured"
        await scene.settle()

    run(story())


def test_an_answer_with_our_own_key_is_none() -> None:
    """Both sides would encrypt alike, and each packet would tell what is in the other's."""

    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"))
        alice, bob = scene.phone("1000"), scene.phone("1003", transport="tls")
        a = alice.dial("1003")
        b = await bob.rings()
        own = said(b.request.body).crypto[0].attribute.value
        b.accept(sdp("10.0.0.2", 5000, profile="RTP/SAVP", attributes=[f"crypto:{own}"]))
        assert (await expect(a, Failed)).status == 488
        await scene.settle()

    run(story())


@pytest.mark.parametrize(
    ("transport", "policy", "offer", "status"),
    [
        ("udp", None, secure("10.0.0.1", "a"), 488),
        ("udp", "optional", secure("10.0.0.1", "a"), 488),
        ("tls", "off", secure("10.0.0.1", "a"), 488),
        ("tls", "required", sdp(), 488),
        ("tls", "required", secure("10.0.0.1", "a", suite=CM_80)[:-8] + b"\r\n", 488),
        ("udp", None, browser("10.0.0.1", setup="actpass"), 488),
        ("udp", "required", sdp(attributes=[crypto("a")]), 488),
    ],
)
def test_offers_that_the_settings_do_not_allow(
    transport: str, policy: str | None, offer: bytes, status: int
) -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp=policy))
        scene.phone("1001")
        a = scene.phone("1003", transport=transport).dial("1001", offer)
        assert (await expect(a, Failed)).status == status
        await scene.settle()

    run(story())


def test_a_caller_over_udp_keeps_its_key_to_itself() -> None:
    """RTP/AVP with a key is then answered as if there was none; the operator may allow it."""

    async def story(*, allowed: bool) -> None:
        rules = SrtpRules("optional", sdes_without_tls=allowed)
        scene = Scene(terms=CallTerms(domain="example.com", srtp=rules))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, b, got = await talk(alice, sdp(attributes=[crypto("a")]), bob)
        assert bool(said(got).crypto) == allowed
        assert said(got).profile == "RTP/AVP"
        assert bool(said(b.request.body).crypto) == allowed
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story(allowed=False))
    run(story(allowed=True))


def test_of_two_streams_the_secured_one_is_answered() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000", transport="tls"), scene.phone("1001")
        plain = "m=audio 4002 RTP/AVP 0 8\r\n"
        for offer in (
            secure("10.0.0.1", "a") + plain.encode(),
            sdp() + f"m=audio 4002 RTP/SAVP 0 8\r\na={crypto('a')}\r\n".encode(),
        ):
            a, b, got = await talk(alice, offer, bob)
            media = parse_description(got).media
            assert [(m.profile, bool(m.port)) for m in media] == [
                (m.profile, m.profile == "RTP/SAVP") for m in parse_description(offer).media
            ]
            a.hangup()
            await expect(b, Ended)
        await scene.settle()

    run(story())


def test_every_phone_that_rings_gets_keys_of_its_own() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"))
        alice = scene.phone("1000")
        bobs = [scene.phone("1003", transport="tls") for _ in range(3)]
        a = alice.dial("1003")
        legs = [await bob.rings() for bob in bobs]
        offers = [said(leg.request.body).crypto for leg in legs]
        keys = {each.key for offer in offers for each in offer}
        assert len(keys) == len(bobs) * len(SUITES)
        legs[1].progress(183, secure("10.0.0.3", "e"))
        await expect(a, Ringing)
        assert srtp(ports(scene)[1]) == SrtpKeys(GCM, offers[1][0].key, key("e"))
        legs[2].accept(secure("10.0.0.4", "b"))
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert srtp(ports(scene)[1]) == SrtpKeys(GCM, offers[2][0].key, key("b"))
        a.hangup()
        await scene.settle()

    run(story())


def test_phones_of_one_extension_are_offered_what_each_can_do() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        bobs = [scene.phone("1001", transport=kind) for kind in ("udp", "tls", "wss")]
        a = alice.dial("1001")
        legs = [await bob.rings() for bob in bobs]
        udp, tls, wss = (said(leg.request.body) for leg in legs)
        assert udp == StreamTransport()
        assert tls.crypto
        assert (tls.profile, tls.dtls) == ("RTP/AVP", None)
        assert wss.profile == "UDP/TLS/RTP/SAVPF"
        assert (wss.crypto, wss.mux, wss.bundled) == ((), True, True)
        callee = ports(scene)[1]
        assert wss.ice is not None
        assert wss.dtls is not None
        assert wss.dtls.setup is Setup.ACTPASS
        assert wss.dtls.fingerprints == (callee.fingerprint,)
        assert callee.expected == [
            Security(dtls=Dtls(False, ()), ice=Ice(wss.ice.ufrag, wss.ice.pwd), mux=True)
        ]
        legs[2].accept(browser("10.0.0.4", setup="active"))
        await expect(a, Answered)
        a.acknowledge()
        await asyncio.sleep(1)
        assert callee.last["security"] == Security(
            dtls=Dtls(False, (THEIRS,)), ice=Ice(wss.ice.ufrag, wss.ice.pwd, "their"), mux=True
        )
        a.hangup()
        await scene.settle()

    run(story())


async def secured(scene: Scene, **more: Any) -> tuple[Leg, Leg, bytes]:
    """A call of two phones over TLS that both have keys: `a` and `b`."""
    alice, bob = (scene.phone(n, transport="tls") for n in ("1000", "1001"))
    answer = sdp("10.0.0.2", 5000, attributes=[crypto("b")])
    return await talk(alice, secure("10.0.0.1", "a"), bob, answer)


def test_a_phone_that_takes_one_profile_only_is_offered_that() -> None:
    async def story(wanted: str) -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001", transport="tls")
        a = alice.dial("1001")
        offers = []
        while True:
            b = await bob.rings()
            offers.append(said(b.request.body).profile)
            if offers[-1] == wanted or len(offers) == 3:
                break
            b.reject(488)
        if wanted == "RTP/SAVP":
            b.accept(secure("10.0.0.2", "b"))
        elif wanted == "UDP/TLS/RTP/SAVP":
            answer = [f"fingerprint:{THEIRS}", "setup:active", "rtcp-mux"]
            b.accept(sdp("10.0.0.2", 5000, profile=wanted, attributes=answer))
        else:
            b.reject(488)
            assert (await expect(a, Failed)).status == 488
        assert offers == ["RTP/AVP", "RTP/SAVP", "UDP/TLS/RTP/SAVP"][: len(offers)]
        if wanted.endswith("SAVP"):
            await expect(a, Answered)
            a.acknowledge()
            await asyncio.sleep(1)
            security = ports(scene)[1].last["security"]
            assert (security.srtp is None, security.dtls is None) == (
                wanted != "RTP/SAVP",
                wanted == "RTP/SAVP",
            )
            a.hangup()
        await scene.settle()

    for wanted in ("RTP/SAVP", "UDP/TLS/RTP/SAVP", "nothing"):
        run(story(wanted))


def test_a_phone_that_refuses_what_is_required_is_offered_nothing_less() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required", srtp_keys="sdes"))
        alice, bob = scene.phone("1000"), scene.phone("1003", transport="tls")
        a = alice.dial("1003")
        b = await bob.rings()
        assert said(b.request.body).profile == "RTP/SAVP"
        b.reject(488)
        assert (await expect(a, Failed)).status == 488
        assert bob.asked.empty()
        await scene.settle()

    run(story())


def test_keys_stay_while_the_media_do() -> None:
    """Hold and resume, by a phone and by a command; early media before the answer."""

    async def story() -> None:
        scene = Scene()
        a, b, got = await secured(scene)
        caller, callee = ports(scene)
        before = srtp(caller), srtp(callee)

        holding = asyncio.create_task(
            a.reinvite(secure("10.0.0.1", "a", direction="sendonly", version=2))
        )
        offer = (await expect(b, Reoffered)).sdp
        assert line(offer).key == before[1].ours
        b.answer_reoffer(
            sdp("10.0.0.2", 5000, direction="recvonly", version=2, attributes=[crypto("b")])
        )
        assert line(await holding) == line(got)
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert caller.last["direction"] == "recvonly"
        assert (srtp(caller), srtp(callee)) == before

        (call,) = scene.calls
        for change, phones in ((hold, "recvonly"), (resume, "sendrecv")):
            changing = asyncio.create_task(change(call))
            for leg, host, letter in ((a, "10.0.0.1", "a"), (b, "10.0.0.2", "b")):
                offered = (await expect(leg, Reoffered)).sdp
                assert line(offered).key == (before[0] if leg is a else before[1]).ours
                assert said(offered).profile == ("RTP/SAVP" if leg is a else "RTP/AVP")
                leg.answer_reoffer(
                    sdp(
                        host,
                        direction=phones,
                        profile=said(offered).profile,
                        attributes=[crypto(letter)],
                        version=3,
                    )
                )
                await expect(leg, Acknowledged)
            await changing
            assert (srtp(caller), srtp(callee)) == before
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_new_key_of_the_phone_gets_a_new_one_of_ours() -> None:
    async def story() -> None:
        scene = Scene()
        a, b, got = await secured(scene)
        caller, callee = ports(scene)
        before = srtp(callee)
        changing = asyncio.create_task(a.reinvite(secure("10.0.0.1", "n", version=2)))
        await expect(b, Reoffered)
        b.answer_reoffer(sdp("10.0.0.2", 5000, version=2, attributes=[crypto("b")]))
        renewed = line(await changing)
        await expect(b, Acknowledged)
        await asyncio.sleep(1)
        assert renewed.key != line(got).key
        assert srtp(caller) == SrtpKeys(GCM, renewed.key, key("n"))
        assert srtp(callee) == before
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_early_media_and_the_answer_have_one_key() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000", transport="tls"), scene.phone("1001")
        a = alice.dial("1001", secure("10.0.0.1", "a"))
        b = await bob.rings()
        b.progress(183, sdp("10.0.0.2", 5000))
        early = (await expect(a, Ringing)).sdp
        caller = scene.workers.all[0]
        assert srtp(caller) == SrtpKeys(GCM, line(early).key, key("a"))
        bob.answer(b)
        assert line((await expect(a, Answered)).sdp) == line(early)
        a.acknowledge()
        await asyncio.sleep(1)
        assert len(caller.configured) == 2, "early media, and the timeouts of the answer"
        a.hangup()
        await scene.settle()

    run(story())


def test_a_change_that_fails_leaves_the_keys() -> None:
    async def story() -> None:
        scene = Scene()
        a, b, _got = await secured(scene)
        before = [port.last for port in ports(scene)]
        changing = asyncio.create_task(a.reinvite(secure("10.0.0.1", "n", version=2)))
        await expect(b, Reoffered)
        b.refuse_reoffer(488)
        with pytest.raises(ReinviteRefused):
            await changing
        changing = asyncio.create_task(a.reinvite(sdp(profile="RTP/SAVP", version=3)))
        with pytest.raises(ReinviteRefused):
            await changing
        assert [port.last for port in ports(scene)] == before
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_an_answer_in_the_clear_to_a_further_offer_ends_the_call() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = (scene.phone(n, transport="tls") for n in ("1000", "1001"))
        a, _b, _ = await talk(alice, secure("10.0.0.1", "a"), bob)
        (call,) = scene.calls
        holding = asyncio.create_task(hold(call))
        await expect(a, Reoffered)
        a.answer_reoffer(sdp(direction="recvonly", version=2))
        await expect(a, Acknowledged)
        ended = await expect(a, Ended)
        assert "media not secured" in ended.headers.get("Reason")
        await asyncio.wait([holding])
        await scene.settle()
        assert scene.record["reason"].startswith("media not secured: the answer")

    run(story())


def test_a_party_that_moves_to_another_worker_has_a_new_key_there() -> None:
    async def story() -> None:
        scene = Scene(conference("3000"), workers=2)
        other = scene.phone("1002")
        first = other.dial("3000")
        await expect(first, Answered)
        first.acknowledge()
        a, b, got = await secured(scene)
        caller = next(p for p in scene.workers.all if p.configured and p.last["security"])
        room = next(p for p in scene.workers.all if p.room)
        assert caller.worker is not room.worker, "else nothing has to move"
        call = next(call for call in scene.calls if call.dialled == "1001")
        moving = asyncio.create_task(
            call.ask(lambda: scene.transfers.blind_transfer(call, call.callee, "3000"))  # type: ignore[arg-type]
        )
        offer = (await expect(a, Reoffered)).sdp
        moved = scene.workers.all[-1]
        assert line(offer).key != line(got).key
        assert (line(offer).tag, line(offer).suite) == (1, GCM)
        a.answer_reoffer(secure("10.0.0.2", "m", version=2))
        await moving
        await asyncio.sleep(1)
        assert srtp(moved) == SrtpKeys(GCM, line(offer).key, key("m"))
        for leg in (a, b, first):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_phone_that_answers_no_more_in_secret_cannot_move() -> None:
    async def story() -> None:
        scene = Scene(conference("3000"), workers=2)
        first = scene.phone("1002").dial("3000")
        await expect(first, Answered)
        first.acknowledge()
        a, b, _ = await secured(scene)
        call = next(call for call in scene.calls if call.dialled == "1001")
        moving = asyncio.create_task(
            call.ask(lambda: scene.transfers.blind_transfer(call, call.callee, "3000"))  # type: ignore[arg-type]
        )
        await expect(a, Reoffered)
        a.answer_reoffer(sdp("10.0.0.2", version=2))
        await expect(a, Acknowledged)
        ended = await expect(a, Ended)
        assert "media not secured" in ended.headers.get("Reason")
        await asyncio.wait([moving])
        assert moving.exception() is not None
        for leg in (b, first):
            leg.hangup()
        await scene.settle()

    run(story())


def test_a_late_offer_is_made_on_the_terms_of_each_phone() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"), extension("1004", srtp="required"))
        alice, bob = scene.phone("1003", transport="tls"), scene.phone("1004", transport="tls")
        a = alice.dial("1004", None)
        b = await bob.rings()
        b.accept(secure("10.0.0.2", "b"))
        offer = said((await expect(a, Answered)).sdp)
        assert offer.profile == "RTP/SAVP"
        a.acknowledge(secure("10.0.0.1", "a", tag=2, suite=CM_80))
        answered = line((await expect(b, Acknowledged)).sdp)
        await asyncio.sleep(1)
        caller, callee = ports(scene)
        assert srtp(caller) == SrtpKeys(CM_80, offer.crypto[1].key, key("a", CM_80))
        assert srtp(callee) == SrtpKeys(GCM, answered.key, key("b"))
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_late_offer_that_is_answered_in_the_clear_ends_the_call() -> None:
    async def story() -> None:
        scene = Scene(extension("1003", srtp="required"))
        alice, bob = scene.phone("1003", transport="tls"), scene.phone("1001")
        a = alice.dial("1001", None)
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge(sdp())
        for leg in (a, b):
            while not isinstance(event := await leg.event(), Ended):
                pass
            assert "media not secured" in event.headers.get("Reason")
        await scene.settle()

    run(story())


def test_the_switch_itself_speaks_in_secret_too() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000", transport="tls")
        a = alice.dial("600", secure("10.0.0.1", "a"))
        answered = line((await expect(a, Answered)).sdp)
        a.acknowledge()
        await asyncio.sleep(1)
        (port,) = scene.workers.all
        assert srtp(port) == SrtpKeys(GCM, answered.key, key("a"))
        a.hangup()
        await scene.settle()

    run(story())


def told(port: FakePort) -> Security:
    security = port.last["security"]
    assert isinstance(security, Security)
    return security


def test_a_browser_calls() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000", transport="ws"), scene.phone("1001")
        offer = browser("0.0.0.0", port=9, setup="actpass")
        offer = offer.replace(b"t=0 0\r\n", b"t=0 0\r\na=group:BUNDLE 0 1\r\n")
        offer += b"m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=rtpmap:96 VP8/90000\r\n"
        a, b, got = await talk(alice, offer, bob)
        description = parse_description(got)
        video = description.media[1]
        assert (video.port, video.profile, video.values("mid")) == (0, "UDP/TLS/RTP/SAVPF", ["1"])
        answer = said(got)
        caller = scene.workers.all[0]
        assert answer.profile == "UDP/TLS/RTP/SAVPF"
        assert (answer.mid, answer.bundled, answer.mux) == ("0", True, True)
        assert [x.value for x in description.attributes if x.name == "group"] == ["BUNDLE 0"]
        assert answer.dtls is not None
        assert (answer.dtls.setup, answer.dtls.fingerprints) == (
            Setup.PASSIVE,
            (caller.fingerprint,),
        )
        assert answer.ice is not None
        assert answer.ice.lite
        wanted = Security(
            dtls=Dtls(False, (THEIRS,)),
            ice=Ice(answer.ice.ufrag, answer.ice.pwd, "their"),
            mux=True,
        )
        assert [each["security"] for each in caller.configured] == [wanted, wanted]
        assert told(caller) == wanted
        assert caller.last["remote"] is None
        assert caller.last["direction"] == "sendrecv", "no candidate is not hold"
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


async def browser_offers_again(a: Leg, b: Leg, offer: bytes) -> StreamTransport:
    changing = asyncio.create_task(a.reinvite(offer))
    event = await b.event()
    if isinstance(event, Reoffered):
        b.answer_reoffer(sdp("10.0.0.2", 5000, version=2))
        await expect(b, Acknowledged)
    return said(await changing)


@pytest.mark.parametrize(
    ("change", "association", "restarts"),
    [
        ({"setup": "actpass"}, 0, False),
        ({"setup": "active"}, 0, False),
        ({"setup": "passive"}, 1, False),
        ({"setup": "actpass", "fingerprint": THEIRS.replace("C0", "C1")}, 1, False),
        ({"setup": "actpass", "ufrag": "other", "pwd": PWD[::-1]}, 0, True),
        ({"setup": "actpass", "ufrag": "other"}, 0, False),
    ],
)
def test_a_browser_offers_again(change: dict[str, str], association: int, restarts: bool) -> None:
    """RFC 8842 section 4: only another role or certificate asks for another association."""

    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000", transport="ws"), scene.phone("1001")
        a, b, got = await talk(alice, browser("10.0.0.1", setup="actpass"), bob)
        first = said(got)
        offer = browser("10.0.0.1", version=2, direction="sendrecv", **change)  # type: ignore[arg-type]
        answer = await browser_offers_again(a, b, offer)
        await asyncio.sleep(1)
        dtls = told(scene.workers.all[0]).dtls
        assert dtls is not None
        assert dtls.association == association
        assert dtls.active == (change["setup"] == "passive")
        assert answer.dtls is not None
        assert answer.dtls.setup is (Setup.ACTIVE if dtls.active else Setup.PASSIVE)
        assert first.ice is not None
        assert answer.ice is not None
        assert (answer.ice != first.ice) == restarts
        a.hangup()
        await scene.settle()

    run(story())


def test_a_browser_that_is_held_keeps_its_association() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001", transport="wss")
        a, b, _ = await talk(alice, sdp(), bob, browser("10.0.0.2", setup="active"))
        callee = scene.workers.all[1]
        before = told(callee)
        (call,) = scene.calls
        holding = asyncio.create_task(hold(call))
        await expect(a, Reoffered)
        a.answer_reoffer(sdp(direction="recvonly", version=2))
        await expect(a, Acknowledged)
        offer = said((await expect(b, Reoffered)).sdp)
        assert offer.dtls is not None
        assert offer.dtls.setup is Setup.ACTPASS
        assert offer.ice is not None
        assert before.ice is not None
        assert offer.ice.ufrag == before.ice.ufrag
        b.answer_reoffer(browser("10.0.0.2", setup="active", direction="recvonly", version=2))
        await expect(b, Acknowledged)
        await holding
        assert told(callee) == before
        assert len(callee.expected) == 1
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())
