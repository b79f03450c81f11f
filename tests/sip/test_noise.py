"""Broken and surprising messages in the middle of a call: no exception, and nothing left behind."""

from __future__ import annotations

import random

import pytest

from softswitch.sip.message.message import parse_message
from softswitch.sip.transaction.machine import TransactionError
from tests.sip.network import Host, Party, World, two

WORDS = [
    b"INVITE",
    b"ACK",
    b"BYE",
    b"CANCEL",
    b"UPDATE",
    b"PRACK",
    b"OPTIONS",
    b"INFO",
    b"REFER",
    b"SIP/2.0 100 Trying",
    b"SIP/2.0 200 OK",
    b"SIP/2.0 183 Progress",
    b"SIP/2.0 401 Unauthorized",
    b"SIP/2.0 491 Pending",
    b"SIP/2.0 699 x",
    b"1 INVITE",
    b"2 INVITE",
    b"4294967295 BYE",
    b";tag=",
    b"Contact: *",
    b"Contact: <sip:a@[::1]:99999>",
    b"Record-Route: <sip:",
    b"Require: 100rel",
    b"Max-Forwards: 0",
    b"Content-Length: 9999",
    b"Via: SIP/2.0/UDP x;branch=z9hG4bKalice4",
    b"\r\n",
    b"\x00",
    b"\xff",
    b";",
    b"<",
    b'"',
]


def broken(data: bytes, chance: random.Random) -> bytes:
    """Change a message a little: cut, repeat, replace a piece, exchange lines or a word."""
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(data) + 1)
        end = min(len(data), at + chance.choice([1, 3, 30]))
        match chance.randrange(6):
            case 0:
                data = data[:at] + data[end:]
            case 1:
                data = data[:at] + data[at:end] * 2 + data[end:]
            case 2:
                data = data[:at] + chance.choice(WORDS) + data[end:]
            case 3:
                lines = data.split(b"\r\n")
                chance.shuffle(lines)
                data = lines[0].join([b"", b"\r\n"]) + b"\r\n".join(lines[1:])
            case 4:
                data = data.replace(chance.choice(WORDS[:9]), chance.choice(WORDS[:15]))
            case _:
                data = data[:at]
    return data


def live_a_little(w: World, chance: random.Random) -> list[Party]:
    """Walk through a call, with wild messages between its steps, also repeats of true ones."""

    def noise() -> None:
        seen = [(host, data) for host in (w.alice, w.bob) for data in host.sends]
        for _ in range(25 if seen else 0):
            host, data = chance.choice(seen)
            other = w.bob if host is w.alice else w.alice
            if chance.random() < 0.8:
                data = broken(data, chance)
            deliver(host, other, data)
        w.clock.run(w.clock.now + chance.choice([0.02, 0.5]))

    def deliver(host: Host, other: Host, data: bytes) -> None:
        other.receive(data, other.flow_to(host))

    a = w.alice.call(w.bob)
    w.clock.run(0.02)
    noise()
    b = w.bob.take_call()
    for step in (
        lambda: b.progress(183, b"early"),
        b.accept,
        a.acknowledge,
        lambda: a.usage.phase == "CONFIRMED" and a.usage.reinvite is None and a.offer(b"hold"),
        lambda: b.answer_reoffer(b"held"),
        lambda: b.usage.phase == "CONFIRMED" and b.usage.reinvite is None and b.offer(None),
        lambda: a.answer_reoffer(b"offer"),
        lambda: b.acknowledge(b"answer"),
    ):
        step()
        noise()
    return [a, b]


@pytest.mark.parametrize("seed", range(30))
def test_a_call_survives_noise_or_ends_clean(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.sip.network.summary", lambda data: "")
    chance = random.Random(seed)
    w = two()
    for party in live_a_little(w, chance):
        party.hangup()
    for host in (w.alice, w.bob):
        for transaction in host.endpoint.layer.servers.copy().values():
            # What came in as a new INVITE or request and was not ours to answer in this test.
            assert transaction.user is not None or transaction.state != "PROCEEDING"
    w.clock.run(w.clock.now + 300)
    assert (w.alice.counts(), w.alice.alive) == (w.bob.counts(), 0)


def test_accepting_a_repeat_is_our_own_mistake() -> None:
    w = two()
    w.alice.call(w.bob)
    w.clock.run(0.6)
    first, second = w.bob.new
    w.bob.endpoint.accept(first.request, first.flow)
    with pytest.raises(TransactionError, match="accepted already"):
        w.bob.endpoint.accept(second.request, second.flow)


def test_the_octets_on_the_wire_are_readable() -> None:
    w = two()
    w.alice.call(w.bob)
    w.clock.run(0.02)
    w.bob.take_call().progress(180)
    assert all(parse_message(data) for data in (*w.alice.sends, *w.bob.sends))
