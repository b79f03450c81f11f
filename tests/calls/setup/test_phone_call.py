"""Calls between two phones, from the INVITE to the last record: one story a test."""

from __future__ import annotations

import asyncio
import gc

import pytest

from softswitch.calls.call.call import Call
from softswitch.calls.call.inbox_events import CallGone
from softswitch.calls.call.party import Party
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.endings.states import CallState
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.ports.media_port import NoAddress, Statistics
from softswitch.sip.effects import Effect, Send
from softswitch.sip.events import (
    Acknowledged,
    Answered,
    Ended,
    Failed,
    InfoReceived,
    Ringing,
)
from softswitch.sip.message.message import parse_message
from softswitch.sip.message.uri import parse_uri
from tests.calls.extensions import extension, ivr
from tests.calls.scene import FakePort, Scene, connected, expect, sdp
from tests.calls.virtual_time import run
from tests.sip.network import Host


def test_a_call_is_answered_and_the_caller_hangs_up() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, b = await connected(scene, alice, bob)
        assert scene.states == ["Ringing", "Answered", "InCall"]
        one, other = scene.workers.all
        assert one.hears is other
        assert {port.last["remote"] for port in scene.workers.all} == {
            ("10.0.0.1", 4000),
            ("10.0.0.2", 5000),
        }
        a.hangup()
        ended = await expect(b, Ended)
        assert ended.reason == "BYE"
        assert "cause=16" in ended.headers.get("Reason")
        await scene.settle()
        record = scene.record
        assert record["outcome"] == "answered"
        assert record["state"] == "CallerHangUp"
        assert record["ended_by"] == "caller"
        assert (record["source"], record["dialed"]) == ("1000", "1001")
        assert record["media"]["caller"]["packets_in"] == 50
        assert record["end_time"] > record["answer_time"] >= record["ring_time"]
        assert scene.states == ["Ringing", "Answered", "InCall", "Completed"]

    run(story())


def test_the_callee_hangs_up() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        b.hangup('Q.850;cause=31;text="Normal, unspecified"')
        ended = await expect(a, Ended)
        assert ended.headers.get("Reason") == 'Q.850;cause=31;text="Normal, unspecified"'
        await scene.settle()
        assert scene.record["state"] == "CalleeHungUp"
        assert scene.record["ended_by"] == "callee"

    run(story())


def test_the_start_record_is_on_disk_before_the_answer() -> None:
    async def story() -> None:
        scene = Scene()
        scene.journal.seconds = 1.5
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        assert asyncio.get_running_loop().time() >= 1.5
        a.hangup()
        await scene.settle()

    run(story())


def test_a_call_goes_on_when_the_disk_does_not() -> None:
    async def story() -> None:
        scene = Scene()
        scene.journal.seconds = 3600
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        assert asyncio.get_running_loop().time() < 5
        a.hangup()
        await expect(b, Ended)
        await scene.settle()

    run(story())


def test_a_phone_whose_connection_is_gone_is_unavailable_and_no_fault_of_ours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 3261 section 8.1.3.1 counts it as a 503, which callers would hear as a 500."""
    perform = Host.perform

    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")

        def cannot_reach_bob(self: Host, effects: list[Effect]) -> None:
            for effect in effects:
                if isinstance(effect, Send) and effect.flow.remote == bob.host.address:
                    assert effect.owner is not None
                    perform(self, self.endpoint.transport_failed(effect.owner))
                else:
                    perform(self, [effect])

        monkeypatch.setattr(Host, "perform", cannot_reach_bob)
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 480
        await scene.settle()
        assert scene.record["outcome"] == "failed"

    run(story())


@pytest.mark.parametrize(
    ("of_bob", "to_alice", "outcome", "state"),
    [
        (486, 486, "busy", "Busy"),
        (603, 603, "rejected", "Busy"),
        (600, 600, "busy", "Busy"),
        (404, 404, "wrong number", "Error"),
        (401, 500, "failed", "Error"),
        (503, 500, "failed", "Error"),
        (488, 488, "failed", "Error"),
        (480, 480, "no answer", "Busy"),
    ],
)
def test_a_phone_refuses(of_bob: int, to_alice: int, outcome: str, state: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.reject(of_bob, [("Retry-After", "20"), ("Server", "secret")])
        failed = await expect(a, Failed)
        assert failed.status == to_alice
        assert "Q.850" in failed.headers.get("Reason")
        assert failed.headers.get("Retry-After") == "20"
        assert "Server" not in failed.headers
        await scene.settle()
        record = scene.record
        assert (record["outcome"], record["state"]) == (outcome, state)
        assert (record["caller_code"], record["callee_code"]) == (to_alice, of_bob)
        assert scene.states == [state]

    run(story())


def test_nobody_answers() -> None:
    async def story() -> None:
        scene = Scene(terms=CallTerms(domain="example.com", ring_time=30))
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        failed = await expect(a, Failed)
        assert asyncio.get_running_loop().time() == pytest.approx(30, abs=0.5)
        assert failed.status == 480
        assert (await expect(b, Ended)).reason == "CANCEL"
        await scene.settle()
        assert (scene.record["outcome"], scene.record["state"]) == ("no answer", "Busy")

    run(story())


def test_an_extension_has_a_ring_time_of_its_own() -> None:
    async def story() -> None:
        scene = Scene(extension("1005", ring_time=5))
        alice, _ = scene.phone("1000"), scene.phone("1005")
        await expect(alice.dial("1005"), Failed)
        assert asyncio.get_running_loop().time() < 6
        await scene.settle()

    run(story())


def test_a_phone_that_is_gone() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.register("1001", parse_uri("sip:1001@10.9.9.9"), ("10.9.9.9", 5060))
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 480
        await scene.settle()
        assert scene.record["outcome"] == "failed"
        assert scene.record["callee_code"] == 408

    run(story())


def test_an_extension_without_a_phone() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 480
        assert "cause=20" in failed.headers.get("Reason")
        assert not scene.workers.all
        await scene.settle()
        assert scene.record["outcome"] == "not registered"

    run(story())


def test_a_number_that_does_not_exist() -> None:
    async def story() -> None:
        scene = Scene()
        failed = await expect(scene.phone("1000").dial("4711"), Failed)
        assert failed.status == 404
        await scene.settle()
        assert (scene.record["outcome"], scene.record["dialed"]) == ("wrong number", "4711")

    run(story())


def test_the_caller_gives_up() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        a.hangup()
        assert (await expect(b, Ended)).reason == "CANCEL"
        await scene.settle()
        record = scene.record
        assert (record["outcome"], record["state"]) == ("cancelled", "Cancelled")
        assert record["caller_code"] == 487

    run(story())


def test_cancel_and_200_cross() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        a.hangup()  # the CANCEL takes 10 ms to the switch, and 10 ms more to bob
        await asyncio.sleep(0.012)
        bob.answer(b)
        ended = await expect(b, Acknowledged)
        ended = await expect(b, Ended)
        assert ended.reason == "BYE"
        await scene.settle()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_the_caller_cancels_while_the_answer_waits_for_the_disk() -> None:
    async def story() -> None:
        scene = Scene()
        scene.journal.seconds = 1
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        b.progress(180)
        await expect(a, Ringing)
        bob.answer(b)
        await expect(b, Acknowledged)
        a.hangup()
        assert (await expect(b, Ended)).reason == "BYE"
        await scene.settle()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_a_call_that_has_ended_is_freed_without_the_collector() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        gc.collect()
        gc.disable()
        try:
            a, b = await connected(scene, alice, bob)
            a.hangup()
            await expect(b, Ended)
            del a, b
            await asyncio.sleep(100)
            scene.workers.all.clear()
            left = [each for each in gc.get_objects() if isinstance(each, (Call, Party))]
        finally:
            gc.enable()
        assert not left
        await scene.settle()

    run(story())


def test_both_hang_up_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        a.hangup()
        b.hangup()
        await scene.settle()
        assert scene.record["outcome"] == "answered"
        assert scene.record["ended_by"] == "caller"

    run(story())


def test_the_callee_hangs_up_before_the_callers_ack() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)  # and keeps its ACK back
        await expect(b, Acknowledged)
        b.hangup()
        await asyncio.sleep(1)
        a.acknowledge()
        assert (await expect(a, Ended)).reason == "BYE"
        await scene.settle()
        assert (scene.record["outcome"], scene.record["ended_by"]) == ("answered", "callee")

    run(story())


def test_the_callers_ack_never_comes() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        scene.network.lose = lambda line: line.startswith("p1000") and "ACK" in line
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        ended = await expect(b, Ended)
        assert asyncio.get_running_loop().time() > 32
        assert "no ACK" in ended.headers.get("Reason")
        await scene.settle()
        assert (scene.record["outcome"], scene.record["state"]) == ("failed", "Error")

    run(story())


def test_every_message_is_lost_once() -> None:
    async def story() -> None:
        scene = Scene()
        seen: set[str] = set()

        def first_time(line: str) -> bool:
            lost = line not in seen
            seen.add(line)
            return lost

        alice, bob = scene.phone("1000"), scene.phone("1001")
        scene.network.lose = first_time
        a = alice.dial("1001")
        b = await bob.rings()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        await expect(b, Acknowledged)
        a.hangup()
        await expect(b, Ended)
        await scene.settle()
        assert scene.record["outcome"] == "answered"

    run(story())


def test_leg_b_is_made_of_a_whitelist() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        alice.dial(
            "1001",
            max_forwards=17,
            headers=[
                ("Subject", "lunch"),
                ("P-Asserted-Identity", "<sip:+1900@evil.example>"),
                ("Alert-Info", "<http://evil.example/ring.wav>"),
                ("X-Secret", "inside"),
                ("User-to-User", "56a390f3d2b7310023a2;encoding=hex"),
                ("Route", "<sip:192.0.2.1;lr>"),
            ],
        )
        b = await bob.rings()
        invite = b.request
        assert invite.headers.get("Subject") == "lunch"
        assert invite.headers.get("User-to-User") == "56a390f3d2b7310023a2;encoding=hex"
        assert invite.max_forwards == 16
        assert len(invite.vias) == 1
        assert str(invite.from_.uri) == "sip:1000@example.com"
        assert invite.from_.display_name == "Desk 1000"
        names = {name for name, _ in invite.headers.items()}
        assert not names & {"P-Asserted-Identity", "Alert-Info", "X-Secret", "Route"}
        b.reject(486)
        await scene.settle()

    run(story())


def test_no_hops_left_for_leg_b() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        failed = await expect(alice.dial("1001", max_forwards=0), Failed)
        assert failed.status == 483
        assert bob.asked.empty()
        await scene.settle()

    run(story())


def test_a_contact_that_points_to_the_switch_itself() -> None:
    async def story() -> None:
        scene = Scene()
        alice = scene.phone("1000")
        scene.register("1001", parse_uri("sip:1001@192.0.2.1"), scene.host.address)
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 482
        await scene.settle()
        assert len(scene.journal.records()) == 1
        assert scene.record["outcome"] == "failed"

    run(story())


def test_one_call_rings_so_many_phones_and_no_more() -> None:
    async def story() -> None:
        scene = Scene(terms=CallTerms(domain="example.com", legs_per_call=3, ring_time=2))
        alice = scene.phone("1000")
        phones = [scene.phone("1001") for _ in range(5)]
        await expect(alice.dial("1001"), Failed)
        assert sum(not phone.asked.empty() for phone in phones) == 3
        await scene.settle()

    run(story())


def test_an_exception_in_a_call_frees_everything() -> None:
    async def story() -> None:
        async def broken(call: object, extension: object) -> None:
            raise ZeroDivisionError

        scene = Scene(ivr("1005"), services={IVR: broken})
        failed = await expect(scene.phone("1000").dial("1005"), Failed)
        assert failed.status == 500
        await scene.settle()
        assert scene.record["outcome"] == "failed"
        assert scene.record["reason"] == "internal error"

    run(story())


def test_the_switch_is_full() -> None:
    async def story() -> None:
        scene = Scene(most=1)
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a, _ = await connected(scene, alice, bob)
        failed = await expect(carol.dial("1001"), Failed)
        assert failed.status == 503
        assert failed.headers.get("Retry-After")
        a.hangup()
        await scene.settle()

    run(story())


def test_an_offer_of_a_family_that_we_have_no_address_of(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_address(*_: object, **__: object) -> None:
        raise NoAddress("no address for IPv6 is configured")

    async def story() -> None:
        scene = Scene()
        alice, _ = scene.phone("1000"), scene.phone("1001")
        monkeypatch.setattr(scene.workers, "open", no_address)
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 488
        assert failed.headers.get("Warning").startswith("300 ")
        await scene.settle()

    run(story())


def test_drain_says_goodbye() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob, carol = scene.phone("1000"), scene.phone("1001"), scene.phone("1002")
        a, b = await connected(scene, alice, bob)
        drained = asyncio.create_task(scene.switch.drain(10))
        await asyncio.sleep(1)
        assert (await expect(carol.dial("1001"), Failed)).status == 503
        before = asyncio.get_running_loop().time()
        await expect(a, Ended)
        ended = await expect(b, Ended)
        assert 8 < asyncio.get_running_loop().time() - before < 10
        assert "shutdown" in ended.headers.get("Reason")
        await drained
        await scene.settle()
        assert (scene.record["outcome"], scene.record["ended_by"]) == ("answered", "system")

    run(story())


def test_close_ends_calls_at_once() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        await scene.switch.close()
        assert (await expect(a, Failed)).status == 480
        await expect(b, Ended)
        await scene.settle()
        assert scene.record["outcome"] == "cancelled"

    run(story())


def test_a_command_ends_a_call() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        (call,) = scene.calls
        assert scene.calls.get(call.id) is call
        ending = await call.hang_up()
        assert ending.outcome.value == "answered"
        assert scene.calls.get(call.id) is None
        await expect(a, Ended)
        await expect(b, Ended)
        await scene.settle()
        assert scene.record["ended_by"] == "command"
        assert scene.calls.outcomes == {"answered": 1}

    run(story())


def test_no_media_port_is_free() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        scene.workers.free = 1
        failed = await expect(alice.dial("1001"), Failed)
        assert failed.status == 503
        assert bob.asked.empty()
        await scene.settle()

    run(story())


@pytest.mark.parametrize("reason", ["media timeout", "media worker died"])
def test_media_ends_a_call(reason: str) -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        scene.workers.all[0].gone.set_result(reason)
        ended = await expect(a, Ended)
        assert reason in ended.headers.get("Reason")
        await expect(b, Ended)
        await scene.settle()
        record = scene.record
        assert (record["outcome"], record["state"]) == ("answered", "Error")
        assert (record["reason"], record["ended_by"]) == (reason, "system")

    run(story())


def test_offers_without_a_common_codec_take_no_port() -> None:
    async def story() -> None:
        scene = Scene()
        alice, _ = scene.phone("1000"), scene.phone("1001")
        scene.journal.changes = []
        for _ in range(50):
            leg = alice.dial("1001", sdp(codecs="101"))
            assert (await expect(leg, Failed)).status == 488
        assert not scene.workers.all
        await scene.settle()
        assert len(scene.journal.records()) == 50

    run(story())


@pytest.mark.parametrize("target", ["127.0.0.1", "255.255.255.255", "224.0.0.1", "non_sense"])
def test_no_packet_is_sent_to_an_impossible_target(target: str) -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        failed = await expect(alice.dial("1001", sdp(target)), Failed)
        assert failed.status == 488
        assert "Warning" in failed.headers
        a = alice.dial("1001")
        b = await bob.rings()
        b.accept(sdp(target))
        assert (await expect(a, Failed)).status == 488
        assert (await expect(b, Acknowledged)).sdp is None
        assert not any(port.configured for port in scene.workers.all)
        await scene.settle()

    run(story())


def test_a_body_that_is_no_description() -> None:
    async def story() -> None:
        scene = Scene()
        alice, _ = scene.phone("1000"), scene.phone("1001")
        failed = await expect(alice.dial("1001", b"hello"), Failed)
        assert failed.status in (400, 488)
        await scene.settle()

    run(story())


def test_the_answer_has_no_common_codec() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", sdp(codecs="0 101"))
        b = await bob.rings()
        b.accept(sdp(codecs="18"))
        failed = await expect(a, Failed)
        assert failed.status == 488
        assert (await expect(b, Acknowledged)).sdp is None
        assert (await expect(b, Ended)).reason == "BYE"
        await scene.settle()
        assert (scene.record["outcome"], scene.record["state"]) == ("failed", "Error")

    run(story())


def test_codecs_that_have_nothing_in_common_are_converted() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", sdp(codecs="9 101"))
        b = await bob.rings()
        assert b"RTP/AVP 9 0 8 " in b.request.body
        b.accept(sdp("10.0.0.2", 5000, codecs="0 101"))
        answered = await expect(a, Answered)
        assert answered.sdp is not None
        assert b"RTP/AVP 9 101\r\n" in answered.sdp
        await scene.settle()
        names = [[codec.name for codec in port.last["codecs"]] for port in scene.workers.all]
        assert names == [["G722", "telephone-event"], ["PCMU", "telephone-event"]]
        a.hangup()
        await scene.settle()

    run(story())


def test_the_g711_laws_meet() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001", sdp(codecs="0"))
        b = await bob.rings()
        assert b"RTP/AVP 0 8" in b.request.body
        b.accept(sdp(codecs="8"))
        answered = await expect(a, Answered)
        assert b"RTP/AVP 0\r\n" in answered.sdp
        caller, callee = scene.workers.all
        assert [codec.name for codec in caller.last["codecs"]] == ["PCMU"]
        assert [codec.name for codec in callee.last["codecs"]] == ["PCMA"]
        a.acknowledge()
        a.hangup()
        await scene.settle()

    run(story())


def test_what_the_wire_saw() -> None:
    async def story() -> None:
        scene = Scene()
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a, _ = await connected(scene, alice, bob)
        a.hangup()
        await scene.settle()
        lines = [line.replace("p1000-1", "A").replace("p1001-2", "B") for line in scene.network.log]
        assert [line for line in lines if "100" not in line.split()[1:2]] == [
            "A>switch INVITE +sdp",
            "switch>B INVITE +sdp",
            "B>switch 180 INVITE",
            "switch>A 180 INVITE",
            "B>switch 200 INVITE +sdp",
            "switch>B ACK",
            "switch>A 200 INVITE +sdp",
            "A>switch ACK",
            "A>switch BYE",
            "switch>A 200 BYE",
            "switch>B BYE",
            "B>switch 200 BYE",
        ]
        byes = [parse_message(data) for data in scene.host.sends if data.startswith(b"BYE")]
        assert len(byes) == 1

    run(story())


def test_keys_by_info_reach_the_other_phone() -> None:
    async def story() -> None:
        scene = Scene()
        a, b = await connected(scene, scene.phone("1000"), scene.phone("1001"))
        assert await a.info("application/dtmf-relay", b"Signal=5\r\nDuration=160\r\n") == 200
        pressed = await expect(b, InfoReceived)
        assert pressed.body == b"Signal=5\r\nDuration=160\r\n"
        await b.info("application/media_control+xml", b"<media_control/>")
        await b.info("application/dtmf-relay", b"x" * 300)
        await b.info("application/dtmf", b"#")
        assert (await expect(a, InfoReceived)).body == b"#"
        assert await b.info("audio/telephone-event", b"\x0a\x8a\x03\x20") == 200
        turned = await expect(a, InfoReceived)
        assert turned.content_type == "application/dtmf-relay"
        assert turned.body == b"Signal=*\r\nDuration=160\r\n"
        assert await b.info("audio/telephone-event", b"nothing") == 200
        assert await b.info("application/vnd.nortelnetworks.digits", b"d=7\r\n") == 200
        assert (await expect(a, InfoReceived)).body.startswith(b"Signal=7")
        a.hangup()
        await scene.settle()

    run(story())


def test_who_asks_something_of_a_call_that_is_being_freed_hears_that_it_is_gone() -> None:
    async def story() -> None:
        scene = Scene()
        anna, ben = scene.phone("1000"), scene.phone("1001")
        await connected(scene, anna, ben)
        (call,) = scene.calls
        port, statistics = call.caller.audio.port, asyncio.get_running_loop().create_future()
        assert isinstance(port, FakePort)
        port.close()
        port.close = lambda: statistics  # type: ignore[method-assign]
        call.end_soon()
        await asyncio.sleep(1)
        assert call.caller.audio.port is None
        asked = asyncio.create_task(call.ask(lambda: asyncio.sleep(0)))
        await asyncio.sleep(0.1)
        statistics.set_result(Statistics())
        with pytest.raises(CallGone):
            await asyncio.wait_for(asked, 1)

    run(story())


def test_listeners_hear_every_state_in_order() -> None:
    async def story() -> None:
        scene = Scene()
        heard: list[str] = []

        def listen(call: Call, state: CallState) -> None:
            heard.append(f"{call.dialled} {state.value}")

        def fail(call: Call, state: CallState) -> None:
            raise ZeroDivisionError

        scene.calls.listeners += [fail, listen]
        alice, bob = scene.phone("1000"), scene.phone("1001")
        a = alice.dial("1001")
        b = await bob.rings()
        (call,) = scene.calls
        own: list[CallState] = []
        stop = call.listen(lambda _, state: own.append(state))
        b.progress(180)
        await expect(a, Ringing)
        stop()
        bob.answer(b)
        await expect(a, Answered)
        a.acknowledge()
        a.hangup()
        await scene.settle()
        assert own == [CallState.RINGING]
        states = ("Ringing", "Answered", "InCall", "Completed")
        assert heard == [f"1001 {state}" for state in states]

    run(story())
