"""The messages between the two processes: there and back, and what cannot be read."""

from __future__ import annotations

import msgspec
import pytest

from media.control import session
from media.control.alarm import ReportAlarms
from media.control.frames import (
    MAX_FRAME,
    ControlError,
    Frames,
    decode_reply,
    decode_request,
    encode,
)
from media.control.security import Dtls, Ice, Security, SrtpKeys
from media.control.session import (
    Configure,
    Counted,
    Expect,
    LegCodec,
    MediaInsecure,
    MediaSecured,
    Open,
    Opened,
    Statistics,
)
from media.control.sound import InstalledVoice, PlaySpeech, SoundEnded, VoicesFound

PCMU = LegCodec(name="PCMU", receive_pt=0, send_pt=0)


def bodies(data: bytes) -> list[bytes]:
    return list(Frames().feed_octets(data))


@pytest.mark.parametrize(
    "request_",
    [
        Open(ticket=7, leg=1),
        Configure(leg=1, remote=("::1", 4000), codecs=(PCMU,), direction="sendonly"),
        Configure(leg=1, remote=None),
        Configure(
            leg=1,
            remote=("127.0.0.1", 4000),
            security=Security(srtp=SrtpKeys("AEAD_AES_128_GCM", bytes(28), b"k" * 28), mux=True),
        ),
        Expect(leg=1, security=Security(dtls=Dtls(False, ()), ice=Ice("ufrg", "p" * 22))),
        session.Close(ticket=9, leg=1),
        PlaySpeech(leg=1, token=2, text="Grüße", language="de"),
        ReportAlarms(leg=1, alarms=("1234181131010158",)),
    ],
)
def test_requests_arrive_as_they_left(request_: session.Request) -> None:
    (body,) = bodies(encode(request_))
    assert decode_request(body) == request_


def test_replies_arrive_as_they_left() -> None:
    for reply in (
        Opened(ticket=7, leg=1, address="127.0.0.1", rtp_port=10000),
        Counted(ticket=8, leg=1, statistics=Statistics(packets_in=3, bad={"version": 2})),
        MediaSecured(leg=1, suite="AEAD_AES_128_GCM"),
        MediaInsecure(leg=1, reason="wrong fingerprint"),
        SoundEnded(leg=1, token=2, milliseconds=20.0, why="finished"),
        VoicesFound(ticket=1, voices=(InstalledVoice(name="a:b", engine="a", language="en"),)),
    ):
        (body,) = bodies(encode(reply))
        assert decode_reply(body) == reply


def test_a_message_that_is_too_long_never_leaves() -> None:
    with pytest.raises(ControlError, match="octets"):
        encode(PlaySpeech(leg=1, token=1, text="x" * MAX_FRAME))


def test_frames_may_come_in_any_pieces() -> None:
    sent = [Open(ticket=number, leg=number) for number in range(1, 4)]
    stream = b"".join(encode(request) for request in sent)
    frames = Frames()
    got = [body for octet in stream for body in frames.feed_octets(bytes([octet]))]
    assert [decode_request(body) for body in got] == sent


def test_an_unknown_message_is_an_error_that_its_asker_hears_of() -> None:
    body = msgspec.msgpack.encode({"type": "Fly", "ticket": 41})
    with pytest.raises(ControlError, match="Fly") as caught:
        decode_request(body)
    assert caught.value.ticket == 41


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xc1",
        msgspec.msgpack.encode([1, 2]),
        msgspec.msgpack.encode({"type": "Open", "ticket": "x", "leg": 1}),
        msgspec.msgpack.encode({"type": "Open", "ticket": 1, "leg": 1, "wings": 2}),
        msgspec.msgpack.encode({"type": "Open", "ticket": True}),
    ],
)
def test_what_cannot_be_read_is_an_error(body: bytes) -> None:
    with pytest.raises(ControlError):
        decode_request(body)


def test_a_frame_that_is_too_long_means_that_the_stream_is_out_of_step() -> None:
    with pytest.raises(ControlError, match="out of step"):
        bodies(b"\xff\xff\xff\xff")
