"""REFER, Replaces, and the NOTIFYs of the subscription (RFC 3515, RFC 3891, RFC 4488)."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.sip.effects import Effect
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.subscription.refer import Referral, Replaces, parse_replaces, read_refer
from tests.sip.network import Clock, Network, Party

# headers, URI that is to be called, dialog, whether nothing is to be told
REFERS: list[tuple[list[tuple[str, str]], str, Replaces | None, bool]] = [
    ([("Refer-To", "<sip:1002@h>")], "sip:1002@h", None, False),
    ([("r", "sip:1002@h")], "sip:1002@h", None, False),
    ([("Refer-To", '"Carl" <sip:1002@h;method=INVITE>')], "sip:1002@h;method=INVITE", None, False),
    ([("Refer-To", "<tel:+49301>")], "tel:+49301", None, False),
    ([("Refer-To", "<sip:1@h>"), ("Refer-Sub", "false")], "sip:1@h", None, True),
    ([("Refer-To", "<sip:1@h>"), ("refer-sub", "False ; x=1")], "sip:1@h", None, True),
    ([("Refer-To", "<sip:1@h>"), ("Refer-Sub", "true")], "sip:1@h", None, False),
    (
        [("Refer-To", "<sip:1@h?Subject=x&rePLaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>")],
        "sip:1@h?Subject=x&rePLaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2",
        Replaces("a@b", "1", "2"),
        False,
    ),
    *(
        ([("Refer-To", written)], "sip:1@h?Replaces=" + value, Replaces("a@b", "1", "2"), False)
        for value in (  # as phones leave characters unescaped
            "a@b%3Bto-tag%3D1%3Bfrom-tag%3D2",
            "a@b;to-tag=1;from-tag=2",
            "a%40b;to-tag=1;from-tag=2",
            "a@b;from-tag=2;to-tag=1",
        )
        for written in (f"<sip:1@h?Replaces={value}>", f"sip:1@h?Replaces={value}")
    ),
]


@pytest.mark.parametrize(("headers", "uri", "replaces", "silent"), REFERS)
def test_refer(
    headers: list[tuple[str, str]], uri: str, replaces: Replaces | None, silent: bool
) -> None:
    refer = read_refer(Request("REFER", "sip:h", headers))
    assert (str(refer.uri), refer.replaces, refer.is_silent) == (uri, replaces, silent)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([], 400),
        ([("Refer-To", "nonsense")], 400),
        ([("Refer-To", "<sip:1@h>, <sip:2@h>")], 400),
        ([("Refer-To", "<sip:1@h;method=BYE>")], 603),
        ([("Refer-To", "<sip:1@h;method>")], 603),
        ([("Refer-To", "<sip:1@h?Replaces=a>")], 400),
        ([("Refer-To", "<sip:1@h?Replaces=>")], 400),
        (
            [
                (
                    "Refer-To",
                    "<sip:1@h?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2"
                    "&Replaces=b%3Bto-tag%3D1%3Bfrom-tag%3D2>",
                )
            ],
            400,
        ),
    ],
)
def test_broken_refer(headers: list[tuple[str, str]], status: int) -> None:
    with pytest.raises(MessageError) as caught:
        read_refer(Request("REFER", "sip:h", headers))
    assert caught.value.status == status


@pytest.mark.parametrize(
    ("text", "replaces"),
    [
        # RFC 3891 section 6.1
        (
            "98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff",
            Replaces("98732@sip.example.com", "ff87ff", "r33th4x0r"),
        ),
        ("12adf2f34456gs5;to-tag=12345;from-tag=54321;early-only",
         Replaces("12adf2f34456gs5", "12345", "54321", True)),
        ("87134@171.161.34.23 ; TO-tag=24796 ;from-tag=0;x=y",
         Replaces("87134@171.161.34.23", "24796", "0")),
    ],
)  # fmt: skip
def test_replaces(text: str, replaces: Replaces) -> None:
    assert parse_replaces(text) == replaces


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        ";to-tag=1;from-tag=2",
        "a;to-tag=1",
        "a;from-tag=1",
        "a;to-tag;from-tag=2",
        "a;to-tag=1;from-tag=2;to-tag=3",
        "a;to-tag=1;from-tag=2, b;to-tag=1;from-tag=2",
        "a b;to-tag=1;from-tag=2",
        "a,b;to-tag=1;from-tag=2",
        'a;to-tag="1";from-tag=2',
    ],
)
def test_broken_replaces(text: str) -> None:
    with pytest.raises(MessageError):
        parse_replaces(text)


# -- the subscription ------------------------------------------------------------------------------


class Subscriber:
    """Bob refers alice; what he hears of it, and how he answers."""

    def __init__(self, *, credentials: Any = None) -> None:
        self.clock = Clock()
        self.network = Network(self.clock.call_later, lambda: self.clock.now)
        self.alice = self.network.host("alice", "10.0.0.1", methods=("INVITE", "BYE", "REFER"))
        self.bob = self.network.host("bob", "10.0.0.2")
        self.ours: Party = self.alice.call(self.bob)
        self.clock.run(1)
        self.theirs: Party = self.bob.take_call()
        self.theirs.accept()
        self.clock.run(2)
        self.ours.acknowledge()
        self.clock.run(3)
        self.ours.usage.wants = frozenset(("REFER",))
        self.theirs.usage.wants = frozenset(("NOTIFY",))
        self.theirs.do(
            self.theirs.usage.ask, "REFER", [("Refer-To", "<sip:1@h>")], b"", lambda event: None
        )
        self.clock.run(4)
        received = self.ours.told()[-1]
        self.cseq = received.request.cseq.number
        self.referral = Referral(self.ours.usage, received.request)
        self.ours.do(self.ours.usage.respond, received.transaction, 202, (), b"")
        self.clock.run(5)
        self.theirs.told()

    def tell(self, status: int, seconds: int = 60) -> None:
        out: list[Effect] = []
        self.referral.tell(status, seconds, out)
        self.alice.perform(out)

    def hears(self, answer: int = 200) -> list[tuple[str, bytes]]:
        """What has come until now; every NOTIFY is answered."""
        self.clock.run(self.clock.now + 1)
        heard = []
        for event in self.theirs.told():
            request = event.request
            assert request.method == "NOTIFY"
            assert request.headers.get("Event") == f"refer;id={self.cseq}"
            assert request.headers.get("Content-Type") == "message/sipfrag;version=2.0"
            assert request.contact is not None
            heard.append((request.headers.get("Subscription-State"), request.body))
            self.theirs.do(self.theirs.usage.respond, event.transaction, answer, (), b"")
        self.clock.run(self.clock.now + 1)
        return heard


# what is told, what is heard: subscription state and body
STORIES = [
    (
        [(100, 60), (180, 55), (180, 50), (200, 45), (486, 40)],
        [
            ("active;expires=60", b"SIP/2.0 100 Trying\r\n"),
            ("active;expires=55", b"SIP/2.0 180 Ringing\r\n"),
            ("terminated;reason=noresource", b"SIP/2.0 200 OK\r\n"),
        ],
    ),
    (
        [(100, 60), (480, 0)],
        [
            ("active;expires=60", b"SIP/2.0 100 Trying\r\n"),
            ("terminated;reason=noresource", b"SIP/2.0 480 Temporarily Unavailable\r\n"),
        ],
    ),
    (
        [(100, 60), (180, 0), (200, -5)],
        [
            ("active;expires=60", b"SIP/2.0 100 Trying\r\n"),
            ("terminated;reason=timeout", b"SIP/2.0 180 Ringing\r\n"),
        ],
    ),
]


@pytest.mark.parametrize(("told", "heard"), STORIES)
def test_what_the_phone_is_told(told: list[tuple[int, int]], heard: list[Any]) -> None:
    subscriber = Subscriber()
    for status, seconds in told:
        subscriber.tell(status, seconds)
    assert subscriber.hears() == heard
    assert subscriber.referral.is_over


@pytest.mark.parametrize("answer", [481, 500, 603])
def test_a_phone_that_refuses_is_told_no_more(answer: int) -> None:
    subscriber = Subscriber()
    subscriber.tell(100)
    assert len(subscriber.hears(answer)) == 1
    subscriber.tell(200)
    assert subscriber.hears() == []
    assert subscriber.ours.names == [], "the dialog goes on"


def test_a_phone_that_is_silent_is_told_no_more() -> None:
    subscriber = Subscriber()
    subscriber.network.lose = lambda line: "NOTIFY" in line
    subscriber.tell(100)
    subscriber.clock.run(subscriber.clock.now + 40)
    assert subscriber.referral.is_over
    assert subscriber.ours.names == []


def test_a_phone_that_has_hung_up_is_still_told() -> None:
    subscriber = Subscriber()
    subscriber.tell(100)
    subscriber.hears()
    subscriber.theirs.hangup()
    subscriber.clock.run(subscriber.clock.now + 1)
    assert subscriber.ours.names == ["Ended BYE"]
    subscriber.network.take()
    subscriber.tell(200)
    subscriber.clock.run(subscriber.clock.now + 1)
    assert subscriber.network.take() == ["alice>bob NOTIFY +sdp", "bob>alice 481 NOTIFY"]
    subscriber.clock.run(subscriber.clock.now + 100)
    assert not any(subscriber.alice.counts().values())


def test_a_refer_moves_the_target() -> None:
    subscriber = Subscriber()
    refer = [("Refer-To", "<sip:1@h>"), ("Contact", "<sip:bob@10.0.0.2:5060;x=y>")]
    theirs = subscriber.theirs
    theirs.do(theirs.usage.ask, "REFER", refer, b"", lambda event: None)
    subscriber.clock.run(subscriber.clock.now + 1)
    assert subscriber.ours.usage.dialog.target == "sip:bob@10.0.0.2:5060;x=y"
