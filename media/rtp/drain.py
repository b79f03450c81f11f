"""The drain: what arrived is read, checked, followed, and relayed, a batch at a time."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from media.control.session import Address
from media.legs import Bad, Legs, NoRelay
from media.rtp import reception, relay
from media.rtp.latching import FLOWING, LatchVerdict
from media.rtp.leg_sockets import LegSockets, SocketTable
from media.rtp.receive import Receiver
from media.rtp.rtp import DatagramBatch, Packets, glance
from media.rtp.shared_port import SharedPorts
from media.rtp.transmit import Transmitter
from media.rtp.unknown_sources import UnknownSources
from media.srtp.protection import Protection

BATCH = 512
"Datagrams that one wake-up can take."
UNCONNECTED_AT_ONCE = 32
"""Unconnected sockets that one wake-up reads: connecting takes time, and hundreds of legs that
begin at once must not keep the tick waiting."""
DATAGRAMS_AT_ONCE = 16
"Datagrams that one wake-up reads from one of them."

# As numbers, because numpy asks a member of an enumeration at length whether it is an array.
_UNKNOWN, _SAMPLES = int(NoRelay.UNKNOWN), int(NoRelay.SAMPLES)


class Arrivals(Protocol):
    """The jitter buffers of the tick: they get packets whose samples somebody needs."""

    def put_packets(self, batch: DatagramBatch, packets: Packets, now: float) -> None:
        """Keep valid packets in announced formats, no two of them of the same leg."""


class Drain:
    """Moves packets between sockets and rows."""

    def __init__(
        self,
        legs: Legs,
        sockets: SocketTable,
        receiver: Receiver,
        transmitter: Transmitter,
        arrivals: Arrivals,
        *,
        unknown: UnknownSources,
        protection: Protection,
        shared: SharedPorts,
        take_keys: Callable[[DatagramBatch, Packets, float], None],
        convert: Callable[[int, int], None],
    ) -> None:
        """Pass packets whose source is not believed to `unknown`, after `protection` read them.

        `shared` takes first what is no RTP.

        `take_keys` is called with the packets that carry keys (RFC 4733), whether they are relayed
        or not; `convert` with the row and the payload type of audio that no table can turn into a
        format of the leg that hears it.
        """
        self._legs, self._sockets = legs, sockets
        self._receiver, self._transmitter, self._arrivals = receiver, transmitter, arrivals
        self._unknown, self._take_keys, self._convert = unknown, take_keys, convert
        self._protection, self._shared = protection, shared
        self._batch = DatagramBatch(BATCH)
        self._waiting: list[LegSockets] = []
        "Legs whose unconnected sockets this wake-up will read."

    def take_datagrams(self, ready: Iterable[tuple[int, int]], now: float) -> int:
        """Read one datagram from every ready socket, and relay; return how many came."""
        rows, lengths, others = self._receiver.receive(self._batch, ready)
        came = len(rows)
        if came:
            rows, lengths = self._shared.take_apart(self._batch, rows, lengths, now)
            refused = self._protection.unprotect(self._batch.matrix, rows, lengths)
            self._forward(rows, lengths, refused, now)
        for descriptor in others:
            call = self._sockets.callbacks.get(descriptor)
            if call is None:
                continue
            if len(self._waiting) < UNCONNECTED_AT_ONCE:
                call(now)
            else:
                self._sockets.put_off(descriptor)
        if self._waiting:
            self._read_unconnected(now)
        return came

    def _forward(
        self,
        rows: npt.NDArray[np.intp],
        lengths: npt.NDArray[np.int64],
        refused: dict[int, Bad],
        now: float,
    ) -> None:
        """Check, follow and relay the datagrams of the batch; their senders are believed.

        They are in the clear, but for those that are `refused`, by index.
        """
        legs, batch = self._legs, self._batch
        packets, bad = batch.read(rows, lengths)
        bad.update(refused)
        route = legs.route[rows, packets.payload_type]
        known = route != _UNKNOWN
        if bad or np.count_nonzero(known) != len(rows):
            packets = self._drop_bad(packets, bad, known)
        count = len(packets.rows)
        packets = reception.follow(legs, packets, now)
        if len(packets.rows) != count or count != len(rows):
            route = legs.route[packets.rows, packets.payload_type]
        is_event = legs.is_event[packets.rows, packets.payload_type]
        if np.count_nonzero(is_event):
            self._take_keys(batch, packets.select(np.flatnonzero(is_event)), now)
        relayed = route >= 0
        hasty = relayed == self._sockets.patient[packets.rows]
        if np.count_nonzero(hasty):
            for row in packets.rows[hasty].tolist():
                self._sockets.change_epoll(row)
        which = np.flatnonzero(relayed)
        if len(which) != len(route):
            self._keep(batch, packets, route, now)
            packets, route = packets.select(which), route[which]
        if len(which):
            to = relay.rewrite(legs, batch, packets, route, now)
            self._transmitter.send(batch, packets.places, to, packets.lengths)

    def _drop_bad(
        self, packets: Packets, bad: dict[int, Bad], known: npt.NDArray[np.bool_]
    ) -> Packets:
        """Count the bad packets; return the others."""
        for index in np.flatnonzero(~known).tolist():
            bad.setdefault(index, Bad.PAYLOAD_TYPE)
        for index, kind in bad.items():
            self._legs.bad[packets.rows[index], kind] += 1
        good = np.ones(len(known), np.bool_)
        good[list(bad)] = False
        return packets.select(np.flatnonzero(good))

    def _keep(
        self, batch: DatagramBatch, packets: Packets, route: npt.NDArray[np.int16], now: float
    ) -> None:
        """Hand over or count the packets that are not relayed."""
        sampled = np.flatnonzero(route == _SAMPLES)
        if len(sampled) == len(route):
            self._arrivals.put_packets(batch, packets, now)
            return
        if len(sampled):
            self._arrivals.put_packets(batch, packets.select(sampled), now)
        for reason, kind in ((NoRelay.DEAF, Bad.DIRECTION), (NoRelay.NO_FORMAT, Bad.NO_ROUTE)):
            self._legs.bad[packets.rows[route == reason], kind] += 1
        for index in np.flatnonzero(route == NoRelay.NO_FORMAT).tolist():
            self._convert(int(packets.rows[index]), int(packets.payload_type[index]))

    # ---- unconnected sockets ----

    def at_unconnected(self, leg_sockets: LegSockets, now: float) -> None:
        """Read a leg's unconnected socket in this wake-up: its far end, or unknown sources."""
        self._waiting.append(leg_sockets)

    def _read_unconnected(self, now: float) -> None:
        """Read the unconnected sockets that are ready, one datagram of each at a time."""
        sockets = [
            leg_sockets
            for leg_sockets in self._waiting
            if self._sockets.of_row.get(leg_sockets.row) is leg_sockets
        ]
        self._waiting = []
        before = [leg_sockets.connected for leg_sockets in sockets]
        try:
            self._read_believed(
                [(leg_sockets, leg_sockets.unconnected) for leg_sockets in sockets], now
            )
            new = [
                (leg_sockets, leg_sockets.connected)
                for leg_sockets, connected in zip(sockets, before, strict=True)
                if leg_sockets.connected is not None and leg_sockets.connected is not connected
            ]
            # what reached a new socket between its `bind` and its `connect` may be from anybody
            self._read_believed(new, now)
        finally:
            for leg_sockets in sockets:
                if leg_sockets.latch.learning(now) or leg_sockets.proved_at == now:
                    self._sockets.rearm_now(leg_sockets.unconnected)
                else:
                    self._sockets.note_read(leg_sockets.unconnected)

    def _read_believed(self, opened: list[tuple[LegSockets, socket.socket]], now: float) -> None:
        """Read some datagrams with their sources, and forward those whose source is believed."""
        views = self._batch.views
        for _ in range(DATAGRAMS_AT_ONCE):
            rows: list[int] = []
            lengths: list[int] = []
            more: list[tuple[LegSockets, socket.socket]] = []
            for leg_sockets, each in opened:
                view = views[len(rows)]
                try:
                    length, source = each.recvfrom_into(view)
                except BlockingIOError:
                    continue
                except OSError:
                    self._receiver.refused += 1
                else:
                    length = self._heard(leg_sockets, view, length, source[:2], now)
                    if length:
                        rows.append(leg_sockets.row)
                        lengths.append(length)
                more.append((leg_sockets, each))
            if rows:
                self._forward(np.array(rows, np.intp), np.array(lengths), {}, now)
            opened = more

    def _heard(
        self, leg_sockets: LegSockets, view: memoryview, length: int, source: Address, now: float
    ) -> int:
        """Return the length of a datagram, unprotected; 0 when its sender is not believed.

        Unknown sources may send a flood, so a packet of theirs costs no more than a glance, and one
        look at its tag if the leg is protected and would believe it.
        """
        legs, row, latch = self._legs, leg_sockets.row, leg_sockets.latch
        if legs.shares_port[row] and self._shared.take(leg_sockets, view[:length], source, now):
            return 0
        if latch.believes(source):
            return self._unprotected(row, view, length)
        moved = not latch.may_believe(source, now)
        if moved and not self._may_have_moved(leg_sockets, source, now):
            self._unknown.drop(leg_sockets, source, now)
            return 0
        seen = glance(view[:length])
        if isinstance(seen, Bad):
            legs.bad[row, seen] += 1
            return 0
        if legs.route[row, seen[0]] == NoRelay.UNKNOWN:
            legs.bad[row, Bad.PAYLOAD_TYPE] += 1
            return 0
        length = self._unprotected(row, view, length)
        return length if length and self._believes(leg_sockets, seen, source, now) else 0

    def _unprotected(self, row: int, view: memoryview, length: int) -> int:
        """Turn one datagram into what it was in the clear, in place; return 0 if that cannot be."""
        if not self._protection.is_secure(row):
            return length
        octets = np.frombuffer(view, np.uint8)[None]
        lengths = np.array([length])
        for kind in self._protection.unprotect(octets, np.array([row]), lengths).values():
            self._legs.bad[row, kind] += 1
            return 0
        return int(lengths[0])

    def _believes(
        self, leg_sockets: LegSockets, seen: tuple[int, int, int], source: Address, now: float
    ) -> bool:
        """Whether the sender of a valid datagram has proved itself just now."""
        legs, row, latch = self._legs, leg_sockets.row, leg_sockets.latch
        moved = not latch.may_believe(source, now)
        _, sequence, ssrc = seen
        if not moved:
            flowing = bool(legs.received[row] and now - legs.heard_at[row] < FLOWING)
            verdict = latch.judge(source, ssrc, sequence, now, flowing=flowing)
        elif reception.goes_on(legs, row, ssrc, sequence):
            verdict = latch.judge_moved(source, ssrc, sequence)
        else:
            verdict = LatchVerdict.UNKNOWN_SOURCE
        if verdict is LatchVerdict.UNKNOWN_SOURCE:
            self._unknown.drop(leg_sockets, source, now)
        elif verdict is LatchVerdict.UNPROVEN:
            legs.bad[row, Bad.UNKNOWN_SOURCE] += 1
        else:
            self._sockets.go_to(leg_sockets, source)
            if moved:
                leg_sockets.rtcp_peer.believed = None  # its port may be another, too
        return verdict is LatchVerdict.BELIEVED

    def _may_have_moved(self, leg_sockets: LegSockets, source: Address, now: float) -> bool:
        """Whether a source may be the far end at another port of its NAT."""
        silent = now - self._legs.heard_at[leg_sockets.row] >= FLOWING
        return bool(silent) and leg_sockets.latch.may_have_moved(source)
