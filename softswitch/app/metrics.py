"""The figures of `/metrics`, each read from the part that counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from softswitch.app.message_metrics import message_figures
from softswitch.calls.numbers.trunks import Trunk, TrunkState
from softswitch.calls.ports.ended_legs import MOS_BOUNDS
from softswitch.http.metrics import Distribution, Metric
from softswitch.transport.tcp import TcpTransport
from softswitch.transport.udp import UdpTransport

if TYPE_CHECKING:
    from softswitch.app.application import Application


def figures(app: Application) -> list[Metric]:
    """Everything that `/metrics` shows besides the process itself."""
    return [
        *_signalling(app),
        *_calls(app),
        *_media(app),
        *_quality(app),
        *_transports(app),
        *message_figures(app),
    ]


def _signalling(app: Application) -> Iterator[Metric]:
    def alive(kind: str) -> Metric:
        return Metric(kind, f"SIP {kind.replace('_', ' ')} alive", lambda: _count(app, kind))

    yield Metric(
        "sip_messages_received_total",
        "SIP messages received, by method or class of response",
        lambda: app.driver.traffic.received,
        "kind",
    )
    yield Metric(
        "sip_messages_sent_total",
        "SIP messages sent, by method or class of response",
        lambda: app.driver.traffic.sent,
        "kind",
    )
    yield Metric(
        "sip_messages_dropped_total",
        "SIP messages that were no answerable SIP, or strays",
        lambda: app.endpoint.dropped,
    )
    yield alive("client_transactions")
    yield alive("server_transactions")
    yield alive("dialogs")
    yield Metric("timers", "SIP timers that are set", lambda: len(app.driver.timers))
    yield Metric("registrations", "Contacts that are bound", lambda: len(app.registrations))
    yield Metric(
        "security_events_total",
        "Security events, by type",
        lambda: {event.value: count for event, count in app.events.counts.items()},
        "type",
    )
    yield Metric("errors_total", "Exceptions that were caught", lambda: app.driver.errors)
    yield Metric(
        "loop_lateness_seconds",
        "The most that the event loop was late since the last scrape",
        app.lateness.take_worst,
    )


def _count(app: Application, kind: str) -> float:
    return app.endpoint.counts()[kind]


def _calls(app: Application) -> Iterator[Metric]:
    yield Metric("calls", "Calls that go on", lambda: len(app.calls))
    yield Metric(
        "calls_ended_total",
        "Calls that have ended, by outcome",
        lambda: dict(app.calls.outcomes),
        "outcome",
    )
    yield Metric(
        "calls_refused_total",
        "Calls that met a full or draining switch",
        lambda: app.switch.refused,
    )
    yield from _trunks(app)
    yield Metric(
        "store_changes_waiting",
        "Changes that wait for the database",
        lambda: app.store.journal.waiting,
    )


def _trunks(app: Application) -> Iterator[Metric]:
    def each(count: Callable[[Trunk], float]) -> Mapping[str, float]:
        return {trunk.name: count(trunk) for trunk in app.trunks}

    counted: tuple[tuple[str, str, Callable[[Trunk], float]], ...] = (
        (
            "trunk_up",
            "Whether an outside line can be used",
            lambda t: int(t.state is TrunkState.UP),
        ),
        ("trunk_calls", "Legs at an outside line", lambda trunk: trunk.calls),
        ("trunk_invites_received_total", "Calls in", lambda trunk: trunk.incoming),
        ("trunk_invites_sent_total", "Calls out", lambda trunk: trunk.outgoing),
        ("trunk_failures_total", "Calls out that the line failed", lambda trunk: trunk.failures),
    )
    for name, text, count in counted:
        yield Metric(name, text, partial(each, count), "trunk")


def _media(app: Application) -> Iterator[Metric]:
    def each(field: str) -> Mapping[str, float]:
        return {
            str(number): getattr(report, field) for number, report in enumerate(app.media.reports())
        }

    yield Metric("media_workers", "Media workers alive", lambda: len(app.media.workers))
    yield Metric(
        "media_worker_restarts_total", "Media workers replaced", lambda: app.media.restarts
    )
    for name, field, text in (
        ("media_ports", "legs", "Ports in use"),
        ("media_ports_free", "ports_free", "Port pairs that are free"),
        ("media_packets_received_total", "packets_in", "RTP and RTCP packets received"),
        ("media_packets_sent_total", "packets_out", "RTP and RTCP packets sent"),
        ("media_packets_bad_total", "bad", "Packets that were dropped as bad"),
        ("media_cpu_seconds_total", "cpu_seconds", "Processor time of the worker"),
        ("media_ticks_skipped_total", "ticks_skipped", "Ticks that could not be held"),
    ):
        yield Metric(name, text, partial(each, field), "worker")
    yield Metric(
        "media_tick_lateness_seconds",
        "The most that a tick was late in the last second",
        lambda: {name: late / 1000 for name, late in each("tick_late_max_ms").items()},
        "worker",
    )


def _quality(app: Application) -> Iterator[Metric]:
    ended = app.media.ended
    yield Metric(
        "leg_mos",
        "How legs that have ended sounded here, by the E-model",
        lambda: Distribution(MOS_BOUNDS, ended.mos_classes, ended.mos_sum),
    )
    yield Metric(
        "leg_packets_lost_total",
        "Packets that never came, of legs that have ended",
        lambda: ended.lost,
    )
    yield Metric(
        "leg_packets_late_total",
        "Packets that came too late to be played, of legs that have ended",
        lambda: ended.late,
    )
    yield Metric(
        "legs_diagnosed_total",
        "Legs that ended with something wrong with their sound, by what it was",
        lambda: dict(ended.causes),
        "cause",
    )


def _transports(app: Application) -> Iterator[Metric]:
    def tcp() -> list[TcpTransport]:
        return [part for part in app.driver.transports if isinstance(part, TcpTransport)]

    def udp() -> list[UdpTransport]:
        return [part for part in app.driver.transports if isinstance(part, UdpTransport)]

    yield Metric(
        "connections", "SIP connections open", lambda: sum(len(part.connections) for part in tcp())
    )
    yield Metric(
        "connections_refused_total",
        "SIP connections above a limit",
        lambda: sum(part.refused for part in tcp()),
    )
    yield Metric(
        "connections_timed_out_total",
        "SIP connections whose message did not come in time",
        lambda: sum(part.timed_out for part in tcp()),
    )
    yield Metric(
        "datagrams_ignored_total",
        "Keep-alives and datagrams that are no SIP",
        lambda: sum(part.ignored for part in udp()),
    )
    yield Metric(
        "datagrams_unsent_total",
        "Datagrams that the kernel had no room for",
        lambda: sum(part.dropped for part in udp()),
    )
