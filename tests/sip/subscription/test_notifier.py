"""The notifier's side of a subscription, on the virtual clock (RFC 6665 section 4.2)."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.sip.effects import Effect
from softswitch.sip.events import Resubscribed, SubscriptionOver
from softswitch.sip.message.grammar import MessageError
from softswitch.sip.message.message import Request
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.subscription.event import EndReason, EventType, active, read_event, terminated
from softswitch.sip.subscription.notifier import (
    FATAL,
    RETRY,
    TRIES,
    NotifierTerms,
    Subscription,
)
from tests.sip.network import Clock, Network, address
from tests.sip.watcher import Watcher

ALLOWED = ("Allow-Events", "dialog")


class Stage:
    """A notifier and one watcher."""

    def __init__(self, *, pause: float = 0.1, transport: str = "udp") -> None:
        self.clock = Clock()
        self.network = Network(self.clock.call_later, lambda: self.clock.now)
        alice = self.network.host("alice", "10.0.0.1", transport=transport)
        self.watcher = Watcher(alice, "alice")
        self.notifier = self.network.host("switch", "10.0.0.9", transport=transport)
        self.events: list[Any] = []
        self.state = "idle"
        self.pause = pause
        self.subscription: Subscription

    def document(self, version: int) -> bytes:
        return f"{version} {self.state}".encode()

    def subscribed(self, seconds: int = 600) -> Subscription:
        """Let the watcher subscribe for so long."""
        self.watcher.subscribe(self.notifier, "1001")
        self.clock.run(self.clock.now + 0.015)
        new = self.notifier.new.pop()
        endpoint = self.notifier.endpoint
        self.subscription = Subscription(
            endpoint,
            endpoint.dialogs,
            new.request,
            new.flow,
            event=read_event(new.request),
            terms=NotifierTerms("text/plain", self.pause, ALLOWED),
            document=self.document,
            receiver=self.events.append,
            now=self.notifier.now,
        )
        transaction, out = endpoint.accept(new.request, new.flow)
        self.subscription.begin(transaction, seconds, out)
        self.notifier.perform(out)
        return self.subscription

    def change(self, state: str) -> None:
        self.state = state
        out: list[Effect] = []
        self.subscription.changed(out)
        self.notifier.perform(out)

    def refresh(self, seconds: int, *headers: tuple[str, str], event: str = "dialog") -> None:
        """Let the watcher refresh, and the notifier agree to so many seconds."""
        self.watcher.subscribe(self.notifier, "1001", *headers, event=event)
        self.run(0.015)
        if self.events and isinstance(self.events[-1], Resubscribed):
            out: list[Effect] = []
            self.subscription.refresh(self.events.pop().transaction, seconds, out)
            self.notifier.perform(out)

    def run(self, seconds: float) -> None:
        self.clock.run(self.clock.now + seconds)


def test_a_subscription_is_answered_and_told_the_state_at_once() -> None:
    stage = Stage()
    stage.subscribed(600)
    stage.run(0.05)
    (response,) = stage.watcher.responses
    assert (response.status, response.headers.get("Expires")) == (200, "600")
    assert response.headers.get("Allow-Events") == "dialog"
    assert "1001@10.0.0.9" in (response.headers.get("Contact") or "")
    (notify,) = stage.watcher.heard
    assert notify.headers.get("Event") == "dialog"
    assert notify.headers.get("Subscription-State") == "active;expires=600"
    assert notify.headers.get("Content-Type") == "text/plain"
    assert notify.body == b"0 idle"
    assert notify.uri_text == "sip:alice@10.0.0.1"
    assert (notify.from_.tag, notify.to.tag) == (response.to.tag, stage.watcher.tag)


def test_changes_are_told_with_the_next_version() -> None:
    stage = Stage()
    stage.subscribed()
    for seconds, state in ((1, "rings"), (2, "talks")):
        stage.run(seconds)
        stage.change(state)
    stage.run(1)
    assert stage.watcher.bodies == [b"0 idle", b"1 rings", b"2 talks"]
    assert stage.watcher.states[-1] == "active;expires=597"


def test_what_changes_in_the_pause_is_told_once_at_its_end() -> None:
    stage = Stage(pause=1.0)
    stage.subscribed()
    stage.run(0.5)
    for state in ("a", "b", "c"):
        stage.change(state)
    stage.run(3)
    assert stage.watcher.bodies == [b"0 idle", b"1 c"]
    assert stage.watcher.times[1] - stage.watcher.times[0] == pytest.approx(1.0, abs=0.02)


def test_nothing_more_is_sent_before_the_last_notify_is_answered() -> None:
    stage = Stage(pause=0)
    stage.subscribed()
    stage.run(10)
    stage.watcher.status = None
    stage.change("a")
    stage.run(2)
    for state in ("b", "c", "d"):
        stage.change(state)
    stage.run(1)
    assert stage.notifier.counts()["client_transactions"] == 1
    stage.watcher.status = 200
    stage.run(5)
    assert stage.watcher.bodies == [b"0 idle", b"1 a", b"2 d"]


def test_a_watcher_that_never_answers_is_removed() -> None:
    stage = Stage()
    stage.watcher.status = None
    stage.subscribed()
    stage.run(31.9)
    assert not stage.subscription.is_over
    stage.run(0.2)
    assert stage.events == [SubscriptionOver("timeout")]
    stage.run(40)
    assert stage.notifier.alive == 0


@pytest.mark.parametrize("status", sorted(FATAL))
def test_a_refusal_that_ends_the_subscription(status: int) -> None:
    stage = Stage()
    stage.watcher.status = status
    stage.subscribed()
    stage.run(1)
    assert stage.events == [SubscriptionOver(str(status))]
    stage.change("rings")
    stage.run(40)
    assert len(stage.watcher.heard) == 1
    assert stage.notifier.alive == 0


def test_another_refusal_is_tried_again_for_a_while() -> None:
    stage = Stage()
    stage.watcher.status = 500
    stage.subscribed()
    stage.run(RETRY + 1)
    assert len(stage.watcher.heard) == 2
    stage.watcher.status = 200
    stage.run(RETRY)
    stage.watcher.status = 503
    stage.change("rings")
    stage.run(RETRY * TRIES)
    assert len(stage.watcher.heard) == 3 + TRIES
    assert stage.events == [SubscriptionOver("503")]


def test_a_broken_connection_is_not_the_end() -> None:
    stage = Stage(transport="tcp")
    stage.subscribed()
    stage.run(1)
    stage.network.lose = lambda line: "NOTIFY" in line
    stage.change("rings")
    (notice,) = (each for each in stage.notifier.endpoint.layer.clients.values() if each.sent)
    stage.notifier.perform(stage.notifier.endpoint.transport_failed(notice))
    stage.network.lose = lambda line: False
    assert not stage.subscription.is_over
    stage.run(RETRY + 1)
    assert stage.watcher.bodies == [b"0 idle", b"2 rings"]


def test_it_expires() -> None:
    stage = Stage()
    stage.subscribed(60)
    stage.run(61)
    assert stage.watcher.states == ["active;expires=60", "terminated;reason=timeout"]
    assert stage.events == [SubscriptionOver("expired")]
    stage.run(40)
    assert stage.notifier.alive == 0


@pytest.mark.parametrize(("first", "second", "ends_at"), [(60, 120, 160), (600, 60, 100)])
def test_a_refresh_counts_from_then_on(first: int, second: int, ends_at: float) -> None:
    stage = Stage()
    stage.subscribed(first)
    stage.run(40)
    stage.refresh(second)
    stage.run(700)
    assert stage.watcher.states[1:] == [f"active;expires={second}", "terminated;reason=timeout"]
    assert stage.watcher.times[-1] == pytest.approx(ends_at, abs=0.2)
    assert stage.events == [SubscriptionOver("expired")]


def test_many_refreshes_leave_few_timers() -> None:
    stage = Stage()
    stage.subscribed(600)
    stage.run(1)
    set_timers = []
    for _ in range(50):
        out: list[Effect] = []
        stage.watcher.subscribe(stage.notifier, "1001")
        stage.run(0.015)
        stage.subscription.refresh(stage.events.pop().transaction, 600, out)
        set_timers += [each for each in out if getattr(each, "timer", "") == "expiry"]
        stage.notifier.perform(out)
        stage.run(1)
    assert set_timers == []


def test_a_watcher_unsubscribes() -> None:
    stage = Stage()
    stage.subscribed()
    stage.run(1)
    stage.state = "rings"
    stage.refresh(0, ("Expires", "0"))
    stage.run(1)
    assert stage.watcher.responses[-1].headers.get("Expires") == "0"
    assert stage.watcher.states[-1] == "terminated;reason=timeout"
    assert stage.watcher.bodies[-1] == b"1 rings"
    assert stage.subscription.is_over
    stage.watcher.subscribe(stage.notifier, "1001")
    stage.run(1)
    assert stage.watcher.responses[-1].status == 481


def test_a_fetch_gets_one_notify() -> None:
    stage = Stage()
    stage.subscribed(0)
    stage.run(1)
    assert stage.watcher.states == ["terminated;reason=timeout"]
    assert stage.watcher.bodies == [b"0 idle"]
    stage.run(40)
    assert stage.notifier.alive == 0


def test_the_end_in_our_name_is_told_while_a_notify_is_under_way() -> None:
    stage = Stage()
    stage.subscribed()
    out: list[Effect] = []
    stage.subscription.end(EndReason.PROBATION, out, 10)
    stage.subscription.end(EndReason.REJECTED, out)
    stage.notifier.perform(out)
    stage.run(40)
    assert stage.watcher.states == [
        "active;expires=600",
        "terminated;reason=probation;retry-after=10",
    ]
    assert stage.events == []
    assert stage.notifier.alive == 0


@pytest.mark.parametrize(
    ("event", "status"), [("presence", 489), ("dialog;id=1", 489), ("@", 400), ("", 400)]
)
def test_a_refresh_of_another_event_changes_nothing(event: str, status: int) -> None:
    stage = Stage()
    stage.subscribed()
    stage.run(1)
    stage.watcher.subscribe(stage.notifier, "1001", event=event)
    stage.run(1)
    assert stage.watcher.responses[-1].status == status
    assert not stage.subscription.is_over


def test_other_requests_in_the_dialog_are_refused() -> None:
    stage = Stage()
    stage.subscribed()
    stage.run(1)
    tag = stage.watcher.remote_tag
    responses: list[Any] = []

    class User:
        def receive_response(self, transaction: Any, response: Any, out: list[Effect]) -> None:
            responses.append(response.status)

        def transaction_failed(self, transaction: Any, reason: str, out: list[Effect]) -> None:
            responses.append(reason)

    for cseq, method in ((5, "INFO"), (6, "BREW"), (2, "SUBSCRIBE")):
        request = Request(
            method,
            parse_uri("sip:1001@10.0.0.9"),
            [
                ("Max-Forwards", "70"),
                ("From", f"{address('alice')};tag={stage.watcher.tag}"),
                ("To", f"{address('1001')};tag={tag}"),
                ("Call-ID", stage.watcher.call_id),
                ("CSeq", f"{cseq} {method}"),
            ],
        )
        stage.watcher.host.ask(request, stage.watcher.host.flow_to(stage.notifier), User())
        stage.run(1)
    assert responses == [405, 501, 500]


def test_lost_messages_are_repeated() -> None:
    stage = Stage()
    dropped = iter((True, True, False, True))
    stage.network.lose = lambda line: "NOTIFY" in line and next(dropped, False)
    stage.subscribed()
    stage.run(5)
    stage.change("rings")
    stage.run(5)
    assert list(dict.fromkeys(stage.watcher.bodies)) == [b"0 idle", b"1 rings"]


def test_without_a_contact_nothing_is_allocated() -> None:
    stage = Stage()
    with pytest.raises(MessageError):
        Subscription(
            stage.notifier.endpoint,
            stage.notifier.endpoint.dialogs,
            Request("SUBSCRIBE", "sip:1001@h", [("From", "<sip:a@h>;tag=1"), ("To", "<sip:b@h>")]),
            stage.notifier.flow_to(stage.watcher.host),
            event=EventType("dialog"),
            terms=NotifierTerms("text/plain", 0, ALLOWED),
            document=stage.document,
            receiver=stage.events.append,
            now=stage.notifier.now,
        )
    assert stage.notifier.alive == 0


# value, package, id
EVENTS = [
    ("dialog", "dialog", ""),
    ("Dialog;ID=a1", "dialog", "a1"),
    (" message-summary ; x=1", "message-summary", ""),
    ("presence.winfo;id=7;x", "presence.winfo", "7"),
]


@pytest.mark.parametrize(("text", "package", "number"), EVENTS)
def test_event(text: str, package: str, number: str) -> None:
    event = read_event(Request("SUBSCRIBE", "sip:h", [("o", text)]))
    assert event == (package, number)


@pytest.mark.parametrize(
    ("headers", "status"),
    [([], 489), ([("Event", "a b")], 400), ([("Event", "")], 400), ([("Event", 'a;id="x"')], 400)],
)
def test_broken_event(headers: list[tuple[str, str]], status: int) -> None:
    with pytest.raises(MessageError) as caught:
        read_event(Request("SUBSCRIBE", "sip:h", headers))
    assert caught.value.status == status


def test_the_state_as_it_is_written() -> None:
    assert active(59.6) == "active;expires=60"
    assert active(-1) == "active;expires=0"
    assert terminated(EndReason.NO_RESOURCE) == "terminated;reason=noresource"
    assert terminated(EndReason.PROBATION, 10) == "terminated;reason=probation;retry-after=10"
