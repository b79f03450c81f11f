"""Reading and writing session descriptions (RFC 8866)."""

from __future__ import annotations

import pytest

from softswitch.sdp.description import (
    MAX_FORMATS,
    MAX_LINES,
    MAX_OCTETS,
    MAX_STREAMS,
    Attribute,
    Description,
    DescriptionError,
    Media,
    Origin,
    parse_description,
)

WHOLE = b"""v=0
o=jdoe 3724394400 3724394405 IN IP4 198.51.100.1
s=Call to John Smith
i=SDP Offer #1
u=http://www.jdoe.example.com/home.html
e=Jane Doe <jane@jdoe.example.com>
p=+1 617 555-6011
c=IN IP4 198.51.100.1
b=AS:64
t=0 0
r=7d 1h 0 25h
z=2882844526 -1h
k=clear:secret
a=recvonly
m=audio 49170 RTP/AVP 0 97
a=rtpmap:97 iLBC/8000
a=fmtp:97 mode=30
m=Video 51372/2 rtp/avp 99
c=IN IP6 2001:db8::2
a=rtpmap:99 h263-1998/90000
"""


def test_every_line_of_the_grammar() -> None:
    assert parse_description(WHOLE) == Description(
        Origin("3724394400", 3724394405, "198.51.100.1", "jdoe"),
        "198.51.100.1",
        (
            Media(
                "audio",
                49170,
                "RTP/AVP",
                ("0", "97"),
                "198.51.100.1",
                (Attribute("rtpmap", "97 iLBC/8000"), Attribute("fmtp", "97 mode=30")),
            ),
            Media(
                "video",
                51372,
                "RTP/AVP",
                ("99",),
                "2001:db8::2",
                (Attribute("rtpmap", "99 h263-1998/90000"),),
            ),
        ),
        (Attribute("recvonly"),),
    )


def test_written_and_read_again_it_is_the_same() -> None:
    read = parse_description(WHOLE)
    assert parse_description(read.to_bytes()) == read


def test_what_is_written() -> None:
    description = Description(
        Origin("1", 2, "2001:db8::1"),
        "2001:db8::1",
        (Media("audio", 4000, "RTP/AVP", ("0",), None, (Attribute("ptime", "20"),)),),
    )
    assert description.to_bytes() == (
        b"v=0\r\no=- 1 2 IN IP6 2001:db8::1\r\ns=-\r\nc=IN IP6 2001:db8::1\r\nt=0 0\r\n"
        b"m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n"
    )


def test_a_value_cannot_begin_a_line() -> None:
    media = Media("audio", 1, "RTP/AVP", ("0",), None, (Attribute("x", "1\r\nm=video 1"),))
    with pytest.raises(ValueError, match="line end"):
        Description(Origin("1", 1, "192.0.2.1"), None, (media,)).to_bytes()


HEAD = b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\n"
C = b"c=IN IP4 192.0.2.1\r\n"
M = b"m=audio 4000 RTP/AVP 0\r\n"
TOLERATED = {
    "LF only": (HEAD + C + M).replace(b"\r\n", b"\n"),
    "CR only": (HEAD + C + M).replace(b"\r\n", b"\r"),
    "no last line end": (HEAD + C + M).rstrip(),
    "empty lines at the end": HEAD + C + M + b"\r\n\r\n",
    "m= before c=": HEAD + M + C,
    "b= without a colon": HEAD + C + M + b"b=64\r\n",
    "unknown line": HEAD + C + M + b"x=1\r\n",
    "line without equals": HEAD + C + M + b"nonsense\r\n",
    "attribute without a name": HEAD + C + M + b"a=\r\na=:\r\n",
    "attribute with a control character": HEAD + C + M + b"a=fmtp:0 \x00\x01\r\n",
    "no s= and no t=": b"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\n" + C + M,
    "blanks behind": HEAD.replace(b"v=0", b"v=0 ") + C + M,
    "no number in o=": HEAD.replace(b"- 1 1", b"Acme Phone a b") + C + M,
    "Latin-1": HEAD + b"i=J\xfcrgen\r\n" + C + M,
}


@pytest.mark.parametrize("name", TOLERATED)
def test_tolerated(name: str) -> None:
    read = parse_description(TOLERATED[name])
    assert read.media == (Media("audio", 4000, "RTP/AVP", ("0",), "192.0.2.1"),)


REFUSED = {
    "nothing": b"",
    "not a description": b"hello",
    "wrong version": HEAD.replace(b"v=0", b"v=1"),
    "no o=": b"v=0\r\n" + C + M,
    "short o=": b"v=0\r\no=- 1 1 IN IP4\r\n" + C + M,
    "short c=": HEAD + b"c=IN IP4\r\n" + M,
    "unknown network in c=": HEAD + b"c=ATM NSAP 47\r\n" + M,
    "control character in c=": HEAD + b"c=IN IP4 192.0.2.1\x00\r\n" + M,
    "short m=": HEAD + C + b"m=audio 4000 RTP/AVP\r\n",
    "m= without a port": HEAD + C + b"m=audio x RTP/AVP 0\r\n",
    "negative port": HEAD + C + b"m=audio -1 RTP/AVP 0\r\n",
    "port in other digits": HEAD + C + "m=audio ٤٠٠٠ RTP/AVP 0\r\n".encode(),
    "control character in m=": HEAD + C + b"m=audio 4000 RTP/AVP 0\x7f\r\n",
    "too many streams": HEAD + C + M * (MAX_STREAMS + 1),
    "too many formats": HEAD + C + M.rstrip() + b" 1" * MAX_FORMATS,
    "too many lines": HEAD + C + M + b"a=x\r\n" * MAX_LINES,
    "too large": HEAD + C + M + b"a=" + b"x" * MAX_OCTETS,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    with pytest.raises(DescriptionError) as caught:
        parse_description(REFUSED[name])
    assert caught.value.status == 400
