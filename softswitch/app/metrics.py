"""The figures of `/metrics`, each read from the part that counts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING

from softswitch.app.message_metrics import message_figures
from softswitch.calls.numbers.trunks import Trunk, TrunkState
from softswitch.calls.ports.ended_legs import MOS_BOUNDS
from softswitch.http.metrics import Distribution, Figure
from softswitch.transport.tcp import TcpTransport
from softswitch.transport.udp import UdpTransport

if TYPE_CHECKING:
    from softswitch.app.application import Application


def figures(app: Application) -> list[Figure]:
    """Everything that `/metrics` shows besides the process itself."""
    return [
        *_signalling(app),
        *_calls(app),
        *_media(app),
        *_quality(app),
        *_transports(app),
        *message_figures(app),
    ]


def _signalling(app: Application) -> Iterator[Figure]:
    def alive(kind: str) -> Figure:
        return Figure(kind, f"SIP {kind.replace('_', ' ')} alive", lambda: _count(app, kind))

    yield Figure(
        "sip_messages_received_total",
        "SIP messages received, by method or class of response",
        lambda: app.driver.traffic.received,
        "kind",
    )
    yield Figure(
        "sip_messages_sent_total",
        "SIP messages sent, by method or class of response",
        lambda: app.driver.traffic.sent,
        "kind",
    )
    yield Figure(
        "sip_messages_dropped_total",
        "SIP messages that were no answerable SIP, or strays",
        lambda: app.endpoint.dropped,
    )
    yield alive("client_transactions")
    yield alive("server_transactions")
    yield alive("dialogs")
    yield Figure("timers", "SIP timers that are set", lambda: len(app.driver.timers))
    yield Figure("registrations", "Contacts that are bound", lambda: len(app.registrations))
    yield Figure(
        "security_events_total",
        "Security events, by type",
        lambda: {event.value: count for event, count in app.events.counts.items()},
        "type",
    )
    yield Figure("errors_total", "Exceptions that were caught", lambda: app.driver.errors)
    yield Figure(
        "loop_lateness_seconds",
        "The most that the event loop was late since the last scrape",
        app.lateness.take_worst,
    )


def _count(app: Application, kind: str) -> float:
    return app.endpoint.counts()[kind]


def _calls(app: Application) -> Iterator[Figure]:
    yield Figure("calls", "Calls that go on", lambda: len(app.calls))
    yield Figure(
        "calls_ended_total",
        "Calls that have ended, by outcome",
        lambda: dict(app.calls.outcomes),
        "outcome",
    )
    yield Figure(
        "calls_refused_total",
        "Calls that met a full or draining switch",
        lambda: app.switch.refused,
    )
    yield from _trunks(app)
    yield Figure(
        "store_changes_waiting",
        "Changes that wait for the database",
        lambda: app.store.journal.waiting,
    )


def _trunks(app: Application) -> Iterator[Figure]:
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
        yield Figure(name, text, partial(each, count), "trunk")


def _media(app: Application) -> Iterator[Figure]:
    def each(field: str) -> Mapping[str, float]:
        return {
            str(number): getattr(report, field) for number, report in enumerate(app.media.reports())
        }

    yield Figure("media_workers", "Media workers alive", lambda: len(app.media.workers))
    yield Figure(
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
        yield Figure(name, text, partial(each, field), "worker")
    yield Figure(
        "media_tick_lateness_seconds",
        "The most that a tick was late in the last second",
        lambda: {name: late / 1000 for name, late in each("tick_late_max_ms").items()},
        "worker",
    )


def _quality(app: Application) -> Iterator[Figure]:
    ended = app.media.ended
    yield Figure(
        "leg_mos",
        "How legs that have ended sounded here, by the E-model",
        lambda: Distribution(MOS_BOUNDS, ended.mos_classes, ended.mos_sum),
    )
    yield Figure(
        "leg_packets_lost_total",
        "Packets that never came, of legs that have ended",
        lambda: ended.lost,
    )
    yield Figure(
        "leg_packets_late_total",
        "Packets that came too late to be played, of legs that have ended",
        lambda: ended.late,
    )
    yield Figure(
        "legs_diagnosed_total",
        "Legs that ended with something wrong with their sound, by what it was",
        lambda: dict(ended.causes),
        "cause",
    )


def _transports(app: Application) -> Iterator[Figure]:
    def tcp() -> list[TcpTransport]:
        return [part for part in app.driver.transports if isinstance(part, TcpTransport)]

    def udp() -> list[UdpTransport]:
        return [part for part in app.driver.transports if isinstance(part, UdpTransport)]

    yield Figure(
        "connections", "SIP connections open", lambda: sum(len(part.connections) for part in tcp())
    )
    yield Figure(
        "connections_refused_total",
        "SIP connections above a limit",
        lambda: sum(part.refused for part in tcp()),
    )
    yield Figure(
        "connections_timed_out_total",
        "SIP connections whose message did not come in time",
        lambda: sum(part.timed_out for part in tcp()),
    )
    yield Figure(
        "datagrams_ignored_total",
        "Keep-alives and datagrams that are no SIP",
        lambda: sum(part.ignored for part in udp()),
    )
    yield Figure(
        "datagrams_unsent_total",
        "Datagrams that the kernel had no room for",
        lambda: sum(part.dropped for part in udp()),
    )
