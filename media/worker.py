"""The loop of a worker: the drain when packets come, the tick every 20 ms, and how late that is.

One thread, no callback a packet. The tick has absolute deadlines, 20 ms apart. With enough traffic
the loop sleeps about a millisecond between two drains, so that each takes a batch. Legs whose
packets would only wait for the tick are drained every few milliseconds, the last time before it.
"""

from __future__ import annotations

import gc
import logging
import os
import select
import socket
import time
from dataclasses import dataclass

import numpy as np

from media.control.server import ControlServer
from media.control.session import VERSION, MediaTimeout, OrderRefused, Ready, Reply, WorkerReport
from media.fast.sockets import FastSockets
from media.fast.srtp import NativeSrtp
from media.legs import Bad, Legs
from media.orders.alarms import Alarms
from media.orders.keypad import Keypad
from media.orders.listeners import Listeners
from media.orders.playback import Playback
from media.orders.ports import PortPool
from media.orders.recordings import Recordings
from media.orders.request_table import OrderTaker
from media.orders.security import SecureLegs
from media.orders.switchboard import Hosts, Switchboard
from media.rtp.drain import BATCH, Drain
from media.rtp.leg_sockets import SocketTable, allow_descriptors
from media.rtp.receive import Receiver
from media.rtp.reports import RtcpReports
from media.rtp.shared_port import SharedPorts
from media.rtp.sockets import why_not
from media.rtp.transmit import Transmitter
from media.rtp.unknown_sources import UnknownSources
from media.srtp.core import SrtpCore
from media.srtp.libsrtp import Libsrtp
from media.srtp.protection import Protection
from media.tick.rooms import Rooms
from media.tick.tick import Tick

TICK = 0.020
"Seconds between two ticks."
RESTING = 5
"Only one tick in so many is held while no leg is claimed: only reports and timeouts are due then."
GATHER = 0.001
"Seconds between two drains when there is enough traffic."
GATHER_PATIENT = 0.005
"Seconds between two drains of legs whose packets wait for the tick, which is a multiple of it."
HANDSHAKE_STEP = 0.002
"Seconds that must be left until the tick for a step of a handshake, which takes half of them."
ROUNDS = 8
"Packets of one leg that such a drain takes at most."
BUSY = 1000.0
"Packets a second from which wake-ups are gathered: ten calls."
HOPELESS = 5
"So many ticks that are late are made up for; beyond that they are left out."
DESCRIPTORS_PER_LEG = 3
DESCRIPTORS_SPARE = 64

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerOptions:
    """What a worker is started with."""

    hosts: dict[bool, Hosts]
    "The addresses for IPv4 (False) and IPv6 (True), or one of them."
    ports: tuple[int, int]
    "First and last port of the range."
    share: int = 0
    shares: int = 1
    "This worker has those pairs of the range whose number modulo `shares` is `share`."
    quarantine: float = 5.0
    "Seconds that a pair rests after its call."


class Worker:
    """Everything of one worker process, joined."""

    def __init__(self, control: socket.socket, settings: WorkerOptions) -> None:
        low, high = settings.ports
        pool = PortPool(
            low,
            high,
            share=settings.share,
            shares=settings.shares,
            quarantine=settings.quarantine,
        )
        rows = (allow_descriptors() - DESCRIPTORS_SPARE) // DESCRIPTORS_PER_LEG
        self._pool = pool
        self._hosts = settings.hosts
        self._legs = legs = Legs(min(pool.size, rows))
        self._sockets = SocketTable(legs.capacity)
        fast = FastSockets() if FastSockets.are_there() else None
        core: SrtpCore = NativeSrtp() if NativeSrtp.is_there() else Libsrtp()
        self._protection = protection = Protection(legs, core)
        self._receiver = Receiver(self._sockets, fast)
        self._transmitter = Transmitter(
            legs, self._sockets.sends, protection, fast=fast, descriptors=self._sockets.descriptors
        )
        self._tick = tick = Tick(legs, self._transmitter)
        rooms = Rooms(legs, self._sockets, tick)
        keypad = Keypad(legs, tick, rooms, self._send, time.monotonic)
        unknown = UnknownSources(legs, self._send)
        self._secure = SecureLegs(
            legs, self._sockets, protection, unknown, tell=self._send, clock=time.monotonic
        )
        self._parts: tuple[OrderTaker, ...] = (
            self._secure,
            Playback(legs, tick, rooms, self._send),
            keypad,
            Recordings(legs, tick, rooms, self._send),
            Listeners(legs, tick, rooms, self._send),
            Alarms(legs, tick, rooms, self._send, keypad=keypad, clock=time.monotonic),
        )
        host = next(iter(settings.hosts.values())).announced
        cname = f"softswitch@{host}"
        self._reports = RtcpReports(
            legs, self._sockets, unknown, cname, protection=protection, wall=time.time
        )
        self._drain = Drain(
            legs,
            self._sockets,
            self._receiver,
            self._transmitter,
            tick,
            unknown=unknown,
            protection=protection,
            shared=SharedPorts(legs, self._sockets, self._reports, self._secure),
            take_keys=keypad.receive,
            convert=rooms.convert,
        )
        self._switchboard = Switchboard(
            legs,
            self._sockets,
            pool,
            settings.hosts,
            time.monotonic,
            drain=self._drain,
            protection=protection,
            reports=self._reports,
            rooms=rooms,
            secure=self._secure,
            parts=self._parts,
        )
        self._server = ControlServer(control, self._switchboard.answer)
        self._sockets.watch_always(self._server.fileno(), self._server.at_control)
        self._tick_late: list[float] = []
        self._skipped = 0
        self._faults = 0
        self._next_report = 0.0
        self._gathering = 0.0
        "When the patient legs are drained next."

    def run(self) -> None:
        """Work until the signalling process is gone."""
        for hosts in self._hosts.values():
            if (problem := why_not(hosts.bound)) is not None:
                self._send(
                    OrderRefused(reason=f"media cannot use the address {hosts.bound}: {problem}")
                )
                return
        gc.freeze()  # nearly all that was made at the start stays
        gc.enable()
        fingerprint = self._secure.fingerprint
        self._send(Ready(version=VERSION, pid=os.getpid(), fingerprint=fingerprint))
        before = time.monotonic()
        deadline = before + TICK
        packets = 0
        busy = False
        while not self._server.lost:
            packets += self._turn(deadline, busy)
            now = time.monotonic()
            if now >= deadline:
                busy = packets >= BUSY * (now - before)
                packets, before = 0, now
                deadline = self._hold_tick(deadline, now)
            elif self._tick.claimed and deadline - now > TICK:
                deadline = now + TICK
        self._say_goodbye()
        for part in self._parts:
            part.close()

    def _turn(self, deadline: float, busy: bool) -> int:
        """Wait for what arrives, for at most as long as nothing is due, and drain it.

        Return how many packets of legs that are not patient came. The epoll waits in whole
        milliseconds, so the last one before a tick that sends is slept.
        """
        sockets, patient = self._sockets, self._sockets.patients > 0
        if self._secure.busy:
            self._shake_hands(deadline)
        left = (min(deadline, self._gathering) if patient else deadline) - time.monotonic()
        if busy or (left < GATHER and self._tick.claimed):
            time.sleep(max(0.0, min(left, GATHER)))
            left = 0.0
        elif self._tick.claimed:
            left -= GATHER
        if self._secure.busy:
            left = 0.0
        taken = self._drain_what_is_ready(sockets.epoll, max(0.0, left))
        now = time.monotonic()
        if patient and now >= self._gathering:
            self._gathering = now + (deadline - GATHER - now) % GATHER_PATIENT
            for _ in range(ROUNDS):
                if not self._drain_what_is_ready(sockets.patient_epoll, 0.0):
                    break
        return taken

    def _shake_hands(self, deadline: float) -> None:
        """Take one step of a handshake, if the tick leaves time for it."""
        now = time.monotonic()
        if deadline - now < HANDSHAKE_STEP:
            return
        try:
            self._secure.work(now)
        except Exception:
            self._faults += 1
            _log.exception("a datagram of a handshake was dropped")

    def _drain_what_is_ready(self, epoll: select.epoll, timeout: float) -> int:
        ready = epoll.poll(timeout, BATCH)
        if not ready:
            return 0
        try:
            return self._drain.take_datagrams(ready, time.monotonic())
        except Exception:
            # a mistake of ours with one packet must not end every call of this worker
            self._faults += 1
            _log.exception("a batch of packets was dropped")
            return 0

    def _hold_tick(self, deadline: float, now: float) -> float:
        """Hold the tick that is due; return the next deadline."""
        self._tick_late.append(now - deadline)
        try:
            for part in self._parts:
                part.settle(now)
            self._tick.run(now)
            self._do_what_is_due(now)
        except Exception:
            self._faults += 1
            _log.exception("a tick was left unfinished")
        if not self._tick.claimed:
            return now + RESTING * TICK
        deadline += TICK
        if now - deadline > HOPELESS * TICK:
            missed = int((now - deadline) / TICK)
            self._skipped += missed
            deadline += missed * TICK
        return deadline

    def _do_what_is_due(self, now: float) -> None:
        """Do what is due: RTCP, sockets to watch again, windows of learning, quarantine, report."""
        legs = self._legs
        for row in np.flatnonzero(legs.report_due <= now).tolist():
            self._reports.send_report(row, now)
        self._sockets.rearm()
        self._switchboard.settle(now)
        self._pool.wake(now)
        self._server.flush()
        if now >= self._next_report:
            self._next_report = now + 1.0
            self._find_silent(now)
            self._send(self._report())

    def _find_silent(self, now: float) -> None:
        """Tell once of legs that have not been heard for their timeout."""
        legs = self._legs
        silence = now - legs.heard_at
        overdue = (legs.timeout > 0) & (silence > legs.timeout)
        for row in np.flatnonzero(overdue & ~legs.timed_out).tolist():
            self._send(MediaTimeout(leg=int(legs.leg[row]), seconds=float(silence[row])))
        legs.timed_out[:] = overdue

    def _report(self) -> WorkerReport:
        legs, closed = self._legs, self._switchboard
        times = os.times()
        tick_late, self._tick_late = self._tick_late or [0.0], []
        bad = closed.closed_bad + legs.bad.sum(axis=0)
        return WorkerReport(
            legs=len(legs),
            ports_free=self._pool.free,
            ports_quarantined=self._pool.resting,
            packets_in=closed.closed_in + int(legs.packets_in.sum()),
            packets_out=closed.closed_out + int(legs.packets_out.sum()),
            bad=int(bad.sum()),
            forged=int(bad[Bad.SRTP_AUTH]),
            repeated=int(bad[Bad.SRTP_REPLAY]),
            withheld=self._transmitter.withheld,
            refused=self._transmitter.refused + self._receiver.refused + self._sockets.refused,
            cpu_seconds=times.user + times.system,
            tick_late_ms=sum(tick_late) / len(tick_late) * 1000,
            tick_late_max_ms=max(tick_late) * 1000,
            ticks_skipped=self._skipped,
            faults=self._faults,
        )

    def _send(self, reply: Reply) -> None:
        self._server.send(reply)

    def _say_goodbye(self) -> None:
        """Tell every far end that its source leaves; the sockets close with the process."""
        now = time.monotonic()
        for row in list(self._legs.in_use()):
            self._reports.say_goodbye(row, now)
