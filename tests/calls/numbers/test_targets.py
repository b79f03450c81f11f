"""Targets of `sips:` calls: no way without TLS is taken, and none with it is taken for more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softswitch.calls.numbers.targets import Rounds, Target
from softswitch.sip.effects import INSIDE_LINE, Flow
from softswitch.sip.message.uri import parse_uri
from tests.calls.numbers.test_trunks import trunk

LOCAL, FAR = ("192.0.2.1", 5061), ("192.0.2.7", 40000)


def target(uri: str, transport: str, *, outside: bool = False) -> Target:
    flow = INSIDE_LINE if transport == "inside" else Flow(transport, LOCAL, FAR)
    line = trunk() if outside else None
    return Target(uri=parse_uri(uri), flow=flow, number="1000", trunk=line)


@pytest.mark.parametrize(
    ("uri", "transport", "outside", "as_sip", "as_sips"),
    [
        ("sip:a@b", "udp", False, "sip:a@b", None),
        ("sip:a@b", "tcp", False, "sip:a@b", None),
        ("sip:a@b", "tls", False, "sip:a@b", None),
        ("sip:a@b", "wss", False, "sip:a@b", None),
        ("sips:a@b", "tls", False, "sip:a@b", "sips:a@b"),
        ("sips:a@b", "wss", False, "sip:a@b", "sips:a@b"),
        ("sips:a@b", "tcp", False, "sip:a@b", None),
        ("sip:a@b", "tls", True, "sip:a@b", "sips:a@b"),
        ("sip:a@b", "udp", True, "sip:a@b", None),
        ("sip:a@b", "inside", False, "sip:a@b", "sips:a@b"),
        ("tel:100", "tls", False, "tel:100", None),
    ],
)
def test_the_scheme_of_a_target_is_that_of_the_call(
    uri: str, transport: str, outside: bool, as_sip: str | None, as_sips: str | None
) -> None:
    for sips, expected in ((False, as_sip), (True, as_sips)):
        found = target(uri, transport, outside=outside).suited(sips=sips)
        assert (None if found is None else str(found.uri)) == expected


def test_what_is_left_out_is_no_round_and_the_ending_says_why() -> None:
    open_, secure = target("sip:a@b", "udp"), target("sips:c@d", "tls")
    rounds = Rounds(((open_,), (open_, secure)), ring_time=5)
    assert rounds.suited(sips=True).rounds == ((secure,),)
    assert rounds.suited(sips=True).ring_time == 5
    assert len(rounds.suited(sips=False).rounds) == 2
    nobody = Rounds(((open_,),)).suited(sips=True).nobody
    assert (nobody.status, nobody.headers) == (
        480,
        (("Warning", '380 softswitch "SIPS Not Allowed"'),),
    )
    assert not Rounds(()).suited(sips=True).nobody.headers


def test_the_proxy_of_a_trunk_is_named_by_the_scheme_of_the_call() -> None:
    """RFC 5630 section 5.1.1: the route of a sips URI is sips."""
    through = replace(target("sip:a@b", "tls", outside=True), path=("<sip:proxy;lr>",))
    for sips, path in ((True, ["<sips:proxy;lr>"]), (False, ["<sip:proxy;lr>"])):
        found = through.suited(sips=sips)
        assert found is not None
        assert list(found.path) == path


def test_another_flow_of_the_phone_is_taken_where_the_newest_would_downgrade() -> None:
    first, second = target("sip:a@b", "tls"), target("sips:a@b", "tls")
    found = replace(first, others=(first, second)).suited(sips=True)
    assert found == second
