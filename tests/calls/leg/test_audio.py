"""What the switch answers a phone when it speaks for itself."""

from __future__ import annotations

from typing import Any, cast

import pytest

from softswitch.calls.leg.audio import AudioStream
from softswitch.sdp.codecs import SPOKEN, named
from softswitch.sdp.description import parse_description
from softswitch.sdp.negotiation import NoCommonCodec

OFFER = """v=0\r
o=- 1 1 IN IP4 127.0.0.1\r
s=-\r
c=IN IP4 127.0.0.1\r
t=0 0\r
m=audio 4000 RTP/AVP {types} 101\r
a=rtpmap:96 L16/16000\r
a=rtpmap:98 EVS/16000\r
a=rtpmap:99 L16/44100/2\r
a=rtpmap:101 telephone-event/8000\r
"""


class Port:
    """The addresses of a media port."""

    address, rtp_port, spoken, fingerprint = "127.0.0.1", 10_000, SPOKEN, ""


@pytest.mark.parametrize(
    ("types", "answered"),
    [
        ("8 0", "8 101"),
        ("98 9 0", "9 101"),
        ("96 0", "0 101"),
        ("99 98 96", "96 101"),
    ],
)
def test_the_first_codec_of_ours_is_chosen_then_what_is_understood(
    types: str, answered: str
) -> None:
    audio = AudioStream("1")
    audio.port = cast(Any, Port())
    audio.offered(OFFER.format(types=types).encode())
    (media,) = parse_description(audio.answer_own()).media
    assert " ".join(media.formats) == answered


def test_an_offer_that_the_switch_does_not_understand_is_not_answered() -> None:
    audio = AudioStream("1")
    audio.port = cast(Any, Port())
    audio.offered(OFFER.format(types="98 99").encode())
    with pytest.raises(NoCommonCodec) as caught:
        audio.answer_own()
    assert caught.value.status == 488


def test_what_the_switch_offers_by_itself_is_set_and_ordered() -> None:
    audio, port = AudioStream("1"), Port()
    port.spoken = named(("G722", "PCMA"))
    audio.port = cast(Any, port)
    (media,) = parse_description(audio.offer_own()).media
    assert media.formats == ("9", "8", "101")
    audio.offered(OFFER.format(types="0 8").encode())
    (media,) = parse_description(audio.answer_own()).media
    assert media.formats == ("8", "101")
