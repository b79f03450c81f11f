"""A switch and phones on one wire and virtual time: the stage for the tests of calls.

The switch is the real one but for its media workers, its disk and its passwords; a phone is a
second endpoint with the legs that it makes or takes.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from media.orders.ports import KEPT
from softswitch.calls.agents import Agents
from softswitch.calls.call.call import Call
from softswitch.calls.call.terms import CallTerms
from softswitch.calls.call_control import build_call_control
from softswitch.calls.calling_back import CallingBack
from softswitch.calls.codes import CODES
from softswitch.calls.codes.dialled_codes import DialledCodes
from softswitch.calls.dispatch import EXTENSIONS, METHODS, Dispatch, Gatekeeper, MessageDesk
from softswitch.calls.endings.endings import CallEnds, refused_here
from softswitch.calls.endings.states import CallState
from softswitch.calls.features.callback_requests import OF_CALLBACKS
from softswitch.calls.features.extension_features import OF, ExtensionFeatures
from softswitch.calls.features.recent import OF_RECENT
from softswitch.calls.incoming import IncomingCalls
from softswitch.calls.kinds import served_by
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.lamps.conference_info import ConferencePackage
from softswitch.calls.lamps.dialog_package import DialogPackage
from softswitch.calls.lamps.dialogs import FollowedCalls
from softswitch.calls.lamps.lamps import Lamps
from softswitch.calls.lamps.lists.list_package import ListPackage
from softswitch.calls.lamps.message_summary import MessageCounts, MessageSummaryPackage
from softswitch.calls.lamps.presence import PresencePackage
from softswitch.calls.lamps.registration_info import RegistrationPackage
from softswitch.calls.lamps.unsolicited import UnsolicitedSummaries
from softswitch.calls.leg.leg import Leg, LegEvent
from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.calendar import Calendars
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension, ExtensionKind
from softswitch.calls.numbers.openings import OF_CALENDARS, Openings
from softswitch.calls.numbers.registrations import Registrations
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.rules.route import Route
from softswitch.calls.numbers.rules.rules import Rules
from softswitch.calls.numbers.trunk import Trunk
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.numbers.turns import GroupTurns
from softswitch.calls.pager import Pager
from softswitch.calls.ports.listening import Listening, SoundAwaited
from softswitch.calls.ports.media_port import (
    WORKER_DIED,
    LegCodec,
    NoAddress,
    NoPortFree,
    Played,
    Recorded,
    Security,
    Statistics,
    WorkerGone,
)
from softswitch.calls.ports.port_alarms import AlarmLine, ContactIdMessage
from softswitch.calls.queues.callbacks import OF_QUEUE_CALLBACKS
from softswitch.calls.setup.interception import Ask, Interception
from softswitch.calls.setup.serving import Callees, Service
from softswitch.calls.setup.setup import CallSetup
from softswitch.guard.authentication import Admitted, Decision
from softswitch.guard.bans import BanList
from softswitch.guard.pins import Pins
from softswitch.sdp.codecs import SPOKEN
from softswitch.settings.exchange.codes import CodeSettings
from softswitch.settings.exchange.lamps import LampSettings
from softswitch.sip.effects import Flow
from softswitch.sip.events import Acknowledged, Ended, NewRequest, Reoffered
from softswitch.sip.message.address import Address
from softswitch.sip.message.message import Request, Response, response_to
from softswitch.sip.message.uri import parse_uri
from softswitch.sip.requests.outside import MakeCredentials
from softswitch.store.database.changes import Change
from tests.calls.disk import Disk
from tests.calls.extensions import extension
from tests.sip.network import Host, Network, address


def sdp(
    host: str = "10.0.0.1",
    port: int = 4000,
    *,
    codecs: str = "0 8 101",
    direction: str = "sendrecv",
    version: int = 1,
    profile: str = "RTP/AVP",
    attributes: Sequence[str] = (),
) -> bytes:
    """A phone's description; `codecs` are payload types of RFC 3551, and 101 for keys.

    `attributes` are more lines of its stream, without their `a=`.
    """
    lines = [
        "v=0",
        f"o=phone 77 {version} IN IP4 {host}",
        "s=-",
        f"c=IN IP4 {host}",
        "t=0 0",
        f"m=audio {port} {profile} {codecs}",
    ]
    if "101" in codecs.split():
        lines += ["a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-16"]
    lines += [f"a={direction}", *(f"a={attribute}" for attribute in attributes)]
    return "".join(f"{line}\r\n" for line in lines).encode()


class FakePlaying:
    """A sound that lasts for a while, or until it is stopped."""

    def __init__(
        self, port: FakePort, what: str, seconds: float | None, why: str = "finished"
    ) -> None:
        loop = asyncio.get_running_loop()
        self.done: asyncio.Future[Played] = loop.create_future()
        self._port, self._what = port, what
        port.playing.append(what)
        port.played.append(what)
        if seconds is not None:
            port.finite.append(self.done)
            loop.call_later(seconds, self._end, why)

    def stop(self) -> None:
        self._end("stopped")

    def _end(self, why: str) -> None:
        if not self.done.done():
            self.done.set_result(Played(100, why))
        if self._what in self._port.playing:
            self._port.playing.remove(self._what)


class FakeRecording:
    """A recording that remembers whose its sides are; it has ended once it is stopped."""

    def __init__(self, *sides: FakePort | None) -> None:
        self.done: asyncio.Future[Recorded] = asyncio.get_running_loop().create_future()
        self.sides = list(sides)

    def hear_instead(self, side: int, port: FakePort | None) -> None:
        self.sides[side] = port

    def stop(self) -> None:
        if not self.done.done():
            self.done.set_result(Recorded("a.wav", 1.0, "stopped"))


class FakeWorker:
    """A media process, of which only its life and its rooms count."""

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.ports: list[FakePort] = []
        self.asked = self.asking = self.most_asking = 0
        "Questions for statistics: all, at the moment, at once."

    def die(self) -> None:
        self.gone.set_result(None)
        for port in self.ports:
            if not port.gone.done():
                port.gone.set_result(WORKER_DIED)


class FakePort:
    """A media port that remembers what it was told."""

    def __init__(self, workers: FakeWorkers, number: int, worker: FakeWorker) -> None:
        self.address = "192.0.2.1"
        self.rtp_port = number
        self.country = "us"
        self.spoken = SPOKEN
        self.fingerprint = "sha-256 " + ":".join(f"{number % 256:02X}" for _ in range(32))
        self.expected: list[Security] = []
        self.gone: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.notice = None
        self.configured: list[dict[str, Any]] = []
        self.hears: FakePort | None = None
        self.playing: list[str] = []
        self.played: list[str] = []
        "All that was played, also what has ended."
        self.finite: list[asyncio.Future[Played]] = []
        "What ends by itself."
        self.room: str | None = None
        self.muted = self.aside = False
        self.ears: set[FakePort] = set()
        "Those that overhear it."
        self.hearers: set[FakePort] = set()
        "Those that it whispers to."
        self.keys_muted = False
        self.alarms: list[ContactIdMessage] = []
        self.receiver = "all delivered"
        self.panel: asyncio.Future[AlarmLine] | None = None
        self.stored: Callable[[ContactIdMessage], Awaitable[bool]] | None = None
        self.kissed_off: Callable[[ContactIdMessage], None] | None = None
        self.press: Callable[[str], None] | None = None
        self.unplayable: set[str] = set()
        "Files that are not there, or are no sound."
        self.listening = Listening(lambda _kind, _on: None)
        self.worker = worker
        self._workers = workers

    @property
    def last(self) -> dict[str, Any]:
        return self.configured[-1]

    def configure(self, *, codecs: Sequence[LegCodec], **settings: Any) -> None:
        self.configured.append({"codecs": list(codecs), **settings})

    def expect(self, security: Security) -> None:
        self.expected.append(security)

    def fail(self, reason: str) -> None:
        if not self.gone.done():
            self.gone.set_result(reason)

    def set_sound_aside(self, aside: bool) -> None:
        self.aside = aside

    def inside(self, announced: tuple[str, int] | None) -> tuple[str, int] | None:
        return announced

    def join(self, other: FakePort) -> None:
        if other.worker is not self.worker:
            raise ValueError("ports of two workers cannot be joined")
        self.room = other.room = None
        self.hears, other.hears = other, self

    def leave(self) -> None:
        self.hears = self.room = None

    def join_room(self, room: str) -> None:
        self.hears, self.room = None, room

    def mute(self, muted: bool) -> None:
        self.muted = muted

    def let_overhear(self, ear: FakePort) -> None:
        assert ear.worker is self.worker
        self.ears.add(ear)

    def let_overhear_no_more(self, ear: FakePort) -> None:
        self.ears.discard(ear)

    def whisper_to(self, listeners: Iterable[FakePort]) -> None:
        self.hearers = set(listeners)
        assert all(each.worker is self.worker for each in self.hearers)

    def mute_keys(self, muted: bool) -> None:
        self.keys_muted = muted

    def heard_in_room(self) -> set[FakePort]:
        """Whose voices the far end hears in its room."""
        if self.room is None:
            return set()
        others = {port for port in self.worker.ports if port.room == self.room and not port.muted}
        return others - {self}

    def play_file(
        self,
        path: str,
        *,
        repeat: bool = False,
        beneath: bool = False,
        longest: float | None = None,
    ) -> FakePlaying:
        if path in self.unplayable:
            return FakePlaying(self, path, 0.0, "error")
        return FakePlaying(self, path, None if repeat else 1.0)

    def play_tone(
        self, name: str, *, country: str | None = None, longest: float | None = None
    ) -> FakePlaying:
        where = country or self.country
        return FakePlaying(self, name if where == "us" else f"{name} {where}", longest)

    def say(
        self, sentence: str, *, language: str | None = None, voice: str | None = None
    ) -> FakePlaying:
        return self.speak(sentence, language=language, voice=voice)

    def speak(
        self, text: str, *, language: str | None = None, voice: str | None = None
    ) -> FakePlaying:
        spoken = f"speak {text} {language} {voice}"
        if self._workers.mute:
            return FakePlaying(self, spoken, 0.0, "error")
        return FakePlaying(self, spoken, 1.0)

    def beep(self, frequency: float = 1000, milliseconds: float = 300) -> FakePlaying:
        return FakePlaying(self, f"beep {frequency}", milliseconds / 1000)

    def send_keys(self, keys: str, *, way: str) -> FakePlaying:
        return FakePlaying(self, f"keys {keys} {way}", 0.2 * len(keys))

    def contact_id_panel(self, alarms: Sequence[ContactIdMessage]) -> asyncio.Future[AlarmLine]:
        """Report to a receiver that takes everything, or as `receiver` says."""
        done: asyncio.Future[AlarmLine] = asyncio.get_running_loop().create_future()
        self.alarms += alarms
        asyncio.get_running_loop().call_later(
            3.0, lambda: done.set_result(AlarmLine(self.receiver))
        )
        return done

    def contact_id_receiver(
        self,
        stored: Callable[[ContactIdMessage], Awaitable[bool]],
        kissed_off: Callable[[ContactIdMessage], None],
    ) -> asyncio.Future[AlarmLine]:
        """Listen to a panel, which `report` and `panel.set_result` of a test are."""
        self.stored, self.kissed_off = stored, kissed_off
        self.panel = asyncio.get_running_loop().create_future()
        return self.panel

    async def report(self, alarm: ContactIdMessage, *, kissoff: float | None = 0.9) -> None:
        """The panel reports; on return it is stored, and the kissoff leaves so much later."""
        assert self.stored is not None, "nobody receives alarms"
        assert self.kissed_off is not None
        if await self.stored(alarm) and kissoff is not None:
            asyncio.get_running_loop().call_later(kissoff, self.kissed_off, alarm)

    def end_alarm_line(self) -> None:
        assert self.panel is not None
        self.panel.set_result(AlarmLine("ended"))

    def record(self, path: str, *, other: FakePort | None, **more: Any) -> FakeRecording:
        return FakeRecording(self, *([] if other is None else [other]))

    def hear_keys(self, press: Callable[[str], None]) -> None:
        self.press = press

    def hear(self, *kinds: str, seconds: float = 2.0) -> SoundAwaited:
        return self.listening.listen(kinds, seconds)

    def key_by_info(self, key: str) -> None:
        if self.press is not None:
            self.press(key)

    def stop_sound(self) -> None:
        self.playing.clear()

    async def heard_out(self) -> None:
        await asyncio.gather(*self.finite)

    def keys(self, keys: str) -> None:
        """The far end presses these."""
        assert self.press is not None, "nobody listens to keys"
        for key in keys:
            self.press(key)

    def echo(self) -> None:
        self.hears = self

    async def statistics(self) -> Statistics:
        self.worker.asked += 1
        self.worker.asking += 1
        self.worker.most_asking = max(self.worker.most_asking, self.worker.asking)
        await asyncio.sleep(0.001)
        self.worker.asking -= 1
        return Statistics(packets_in=95, lost=5, codec="PCMU", mos=3.2)

    def close(self) -> asyncio.Future[Statistics]:
        self.ears.clear()
        self.hearers.clear()
        for port in self.worker.ports:
            port.ears.discard(self)
            port.hearers.discard(self)
        self.hears = self.room = None
        self._workers.opened.discard(self)
        self.worker.ports.remove(self)
        closed: asyncio.Future[Statistics] = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(closed.set_result, Statistics(packets_in=50))
        return closed


class FakeWorkers:
    """Hands out ports and counts them."""

    def __init__(self, processes: int = 1) -> None:
        self.workers = [FakeWorker() for _ in range(processes)]
        self.opened: set[FakePort] = set()
        self.all: list[FakePort] = []
        self.free = 1000
        self.mute = False
        "Whether no voice is installed."

    async def open(self, beside: Any = None, *, ipv6: bool = False, is_urgent: bool = False) -> Any:
        await asyncio.sleep(0)
        if ipv6:
            raise NoAddress("no address for IPv6 is configured")
        if len(self.opened) >= self.free + (KEPT if is_urgent else 0):
            raise NoPortFree("no port free")
        worker = self.choose() if beside is None else beside.worker
        if worker.gone.done():
            raise WorkerGone("the media worker died")
        port = FakePort(self, 20_000 + 2 * len(self.all), worker)
        worker.ports.append(port)
        self.opened.add(port)
        self.all.append(port)
        return port

    async def find(self, host: str) -> str:
        if host.endswith(".nowhere"):
            raise NoAddress(f"{host} has no address")
        return "10.0.0.9" if host[-1].isalpha() else host

    def lose(self, choice: int) -> None:
        """Let a worker die; another one is started in its place."""
        at = choice % len(self.workers)
        dying, self.workers[at] = self.workers[at], FakeWorker()
        dying.die()

    def choose(self) -> Any:
        alive = [worker for worker in self.workers if not worker.gone.done()]
        if not alive:
            raise WorkerGone("no media worker is alive")
        return min(alive, key=lambda worker: len(worker.ports))


class FakeJournal:
    """A disk that takes a moment, or fails."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.durable: list[Change] = []
        "Those that are on disk."
        self.is_gone = False
        "Whether what is not on disk is lost."
        self.seconds = 0.001
        self.error: Exception | None = None

    def write(self, *changes: Change) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self.changes += changes

        def finish() -> None:
            if self.is_gone or done.done():
                return
            if self.error is not None:
                done.set_exception(self.error)
                done.exception()
            else:
                self.durable += changes
                done.set_result(None)

        loop.call_later(self.seconds, finish)
        return done

    def left(self) -> FakeJournal:
        """What a process finds that begins where another one was killed."""
        self.is_gone = True
        left = FakeJournal()
        left.changes, left.durable = list(self.durable), list(self.durable)
        return left

    def records(self) -> dict[str, dict[str, Any]]:
        """What the table of calls would hold, by call id."""
        rows: dict[str, dict[str, Any]] = {}
        for kind, (_, key), row in self.changes:
            if kind.name == "start of call":
                assert key not in rows, "two start records"
                rows[str(key)] = dict(row)
            else:
                new = {name.removeprefix("new_"): value for name, value in row.items()}
                new.pop("call")
                rows[str(key)].update({n: v for n, v in new.items() if v is not None})
        return rows


@dataclass(frozen=True)
class FakeBinding:
    """Where a phone is."""

    uri: Any
    flow: Flow
    extension: str = ""
    path: tuple[str, ...] = ()
    id: int = 0


@dataclass
class FakeRegistrations:
    """Where the phones are, and a registrar that says yes."""

    where: dict[str, list[FakeBinding]] = field(default_factory=dict)
    flows: dict[str, list[FakeBinding]] = field(default_factory=dict)
    "Other flows of an extension's phone."
    awaited: set[str] = field(default_factory=set)
    "Extensions whose phones are about to connect again."
    reconnect_time: float = 10.0

    def contacts(self, extension: str) -> list[Any]:
        return self.where.get(extension, [])

    def other_flows(self, binding: Any) -> list[Any]:
        return self.flows.get(binding.extension, [])

    def is_awaited(self, extension: str) -> bool:
        return extension in self.awaited

    async def returned(self, extensions: Collection[str]) -> None:
        await asyncio.sleep(self.reconnect_time)

    def lose(self, extension: str) -> None:
        """Take note that the connection of its phones is gone, and that they may come back."""
        self.where.pop(extension, None)
        self.awaited.add(extension)

    async def register(self, request: Request, flow: Flow, user: str) -> Response:
        await asyncio.sleep(0.001)
        return response_to(request, 200, to_tag=None)


class FakeGate:
    """Believes every From, and knows the trunks."""

    def __init__(self, trunks: Trunks) -> None:
        self._trunks = trunks

    def check(self, request: Request, flow: Flow, now: float) -> Decision:
        user = str(getattr(request.from_.uri, "user", ""))
        return Admitted(user, self._trunks.source(request, flow))


class Phone:
    """A softphone: one endpoint, and the legs that it has made and taken."""

    def __init__(self, scene: Scene, number: str, host: Host) -> None:
        self.scene = scene
        self.number = number
        self.host = host
        self.first_hop: Any = scene.host
        "Where its calls go: the switch, or a proxy before it."
        self.credentials: MakeCredentials | None = None
        self.asked: asyncio.Queue[NewRequest] = asyncio.Queue()
        host.open(self.asked.put_nowait)

    def dial(self, number: str, offer: bytes | None = b"", **more: Any) -> Leg:
        """Call a number; the empty offer stands for the usual one."""
        return Leg.dial(
            self.host,
            name=self.number,
            target=parse_uri(f"sip:{number}@example.com"),
            flow=self.host.flow_to(self.first_hop),
            from_=more.pop("from_", address(self.number)),
            to=address(number),
            sdp=sdp(self.host.address[0]) if offer == b"" else offer,
            credentials=self.credentials,
            **more,
        )

    async def rings(self) -> Leg:
        """Wait for a call; takes it up to the 100."""
        new = await self.asked.get()
        assert new.request.method == "INVITE"
        return Leg.incoming(self.host, new, name=self.number)

    def answer(self, leg: Leg, **more: Any) -> None:
        """Pick up, with the usual description."""
        leg.accept(sdp(self.host.address[0], 5000, **more))


async def refuse(call: Call, extension: Extension) -> None:
    """Serve an extension of a layer above call control, which is not there in these tests."""
    raise CallEnds(refused_here(480))


TERMS = CallTerms(domain="example.com")
"The settings of calls, where a test has no others."


class Scene:
    """Everything together."""

    def __init__(
        self,
        *extensions: Extension,
        terms: CallTerms = TERMS,
        most: int = 2000,
        trunks: Sequence[Trunk] = (),
        routes: Sequence[Route] = (),
        workers: int = 1,
        services: Mapping[ExtensionKind, Service] | None = None,
        ask: Ask | None = None,
        lamps: LampSettings | None = None,
        gate: Gatekeeper | None = None,
        location: Registrations | None = None,
    ) -> None:
        """`most` calls at a time; `ask` chooses the way of calls, as an application would.

        `services` serve extensions of these kinds, in place of what serves them otherwise; so do
        `gate` and `location`, in place of a gate and a registrar that say yes.
        """
        loop = asyncio.get_running_loop()
        self.network = Network(loop.call_later, loop.time)
        self.registrations = FakeRegistrations()
        self.journal = FakeJournal()
        self.choices = FakeJournal()
        "The disk of what is chosen while running."
        self.states: list[str] = []
        self.mailboxes: dict[str, MessageCounts] = {}
        "The messages of extensions that have a mailbox."
        self._addresses = itertools.count(1)
        self._ids = itertools.count(1)
        self._lives = itertools.count()
        self._start = partial(
            self._begin_life,
            extensions,
            terms=terms,
            most=most,
            trunks=trunks,
            routes=routes,
            workers=workers,
            services=services,
            ask=ask,
            lamps=lamps,
            gate=gate,
            location=location,
        )
        self._start()

    def _begin_life(
        self,
        extensions: Sequence[Extension],
        *,
        terms: CallTerms,
        most: int,
        trunks: Sequence[Trunk],
        routes: Sequence[Route],
        workers: int,
        services: Mapping[ExtensionKind, Service] | None,
        ask: Ask | None,
        lamps: LampSettings | None,
        gate: Gatekeeper | None,
        location: Registrations | None,
    ) -> None:
        """Build the switch, which knows nothing of an earlier life but what is on disk."""
        loop = asyncio.get_running_loop()
        self.host = self.network.host(
            "switch",
            "192.0.2.1",
            life=next(self._lives),
            methods=METHODS,
            extensions=EXTENSIONS,
        )
        self.workers = FakeWorkers(workers)
        numbers = [extension(number, name=f"Desk {number}") for number in ("1000", "1001", "1002")]
        directory = Directory([*numbers, extension("600", ECHO), *extensions])
        routing = Routing(directory, ["example.com"], Rules(tuple(routes)))
        self.lines = Lines(loop.time)
        turns = GroupTurns(directory, self.lines)
        calendars = Calendars()
        self.plan = DialPlan(
            directory,
            routing,
            self.registrations if location is None else location,
            Trunks(trunks),
            turns,
            Agents(self.journal.write, self.now),
            calendars,
            openings=Openings(calendars, self.choices.write, self.now),
            now=self.now,
            features=ExtensionFeatures(self.choices.write, self.now),
        )
        self.bans = BanList(clock=loop.time)
        self.control = build_call_control(
            plan=self.plan,
            stack=self.host,
            media=self.workers,
            journal=self.journal,
            terms=replace(terms, calls=most),
            pins=Pins(self.bans),
            now=self.now,
            keep=self.choices.write,
        )
        self.calls, self.tasks = self.control.calls, self.control.tasks
        self.answering, self.transfers = self.control.answering, self.control.transfers
        requests = self.answering.ringer.wishes.callbacks
        self.calling_back = CallingBack(self.answering, self.calls, self.tasks, requests)
        self.codes = DialledCodes(self.answering, CODES, CodeSettings())
        served = served_by(
            self.answering,
            {
                API: refuse,
                IVR: refuse,
                PAGING: self.control.paging.serve,
                PARKING: self.control.parking.serve,
                VOICEMAIL: refuse,
                QUEUE: self.control.queue_service.serve,
            },
        )
        self.services = {**served, **(services or {})}
        self.calls.listeners.append(self._note)
        self.pager = Pager(self.plan, self.host, terms.domain)
        self.message_desk: MessageDesk = self.pager.relay
        "Where MESSAGE goes; tests of messages change it."
        self.followed = FollowedCalls(self.calls)
        self.lamps = self._lamps(lamps or LampSettings(), terms.domain)
        self.switch = Dispatch(
            stack=self.host,
            dialler=self.control.dialler,
            plan=self.plan,
            gate=gate or FakeGate(self.plan.trunks),
            registrar=self.registrations if location is None else location,
            message_desk=self._message,
            offers=self.control.offers,
            subscriptions=self.lamps,
            incoming=self._incoming(ask),
            tasks=self.tasks,
            domain=terms.domain,
            now=self.now,
        )
        self.host.open(self.switch.receive)

    async def end(self, *, politely: bool) -> None:
        """End the switch, which `begin_anew` can follow.

        Politely it says goodbye; otherwise it is gone in the middle of whatever it does, with all
        that is not on disk yet.
        """
        if politely:
            await self.switch.drain(0)
            self.lamps.close()
            await asyncio.sleep(0.01)
        else:
            self.journal, self.choices = self.journal.left(), self.choices.left()
        self.host.is_off = True
        await self.switch.close()

    def begin_anew(self, disk: Disk, *, look: bool = True) -> None:
        """Begin another switch on the disk of the one that has ended.

        `look` says whether it looks who is to be called back."""
        disk.take(self.journal, self.choices)
        disk.close_interrupted()
        self._start()
        self.plan.features.restore(disk.choices(OF))
        self.plan.openings.restore(disk.choices(OF_CALENDARS))
        self.plan.agents.restore(*disk.agents())
        wishes = self.answering.ringer.wishes
        wishes.recent.restore(disk.choices(OF_RECENT))
        wishes.callbacks.restore(disk.choices(OF_CALLBACKS))
        service = self.control.queue_service
        service.callbacks.restore(service, disk.choices(OF_QUEUE_CALLBACKS))
        if look:
            self.calling_back.look()
            self.control.queues.look_soon()

    @staticmethod
    def now() -> float:
        """Unix time in seconds, as virtual as the clock of the loop."""
        return 1_800_000_000 + asyncio.get_running_loop().time()

    def _incoming(self, ask: Ask | None) -> IncomingCalls:
        phone_calls = self.control.phone_calls
        callees = Callees(phone_calls, self.services)
        interception = Interception(self.plan, phone_calls, callees)
        intercept = None if ask is None else partial(interception.intercept, ask=ask)
        return IncomingCalls(
            stack=self.host,
            calls=self.calls,
            tasks=self.tasks,
            course=CallSetup(self.plan.routing, callees, intercept, self.codes.find).follow_number,
            replacing=self.control.replacing,
            joining=self.control.joining,
            lines=self.lines,
            is_emergency=self.plan.routing.is_emergency,
        )

    def _lamps(self, terms: LampSettings, domain: str) -> Lamps:
        plan, directory, followed = self.plan, self.plan.directory, self.followed
        self.presence = PresencePackage(
            followed, plan, domain, terms, tokens=self.host.endpoint.token, now=self.host.now
        )
        self.registered = RegistrationPackage(plan, domain)
        dialogs = DialogPackage(followed, directory, domain, show_callers=terms.show_callers)
        self.lamp_lists = ListPackage(dialogs, directory, domain)
        lamps = Lamps(
            stack=self.host,
            plan=plan,
            packages=[
                dialogs,
                self.presence,
                MessageSummaryPackage(self, directory, domain),
                ConferencePackage(self.control.rooms, directory, domain),
                self.registered,
            ],
            terms=terms,
            lists=self.lamp_lists,
            desks={"presence": self.presence},
        )
        self.summaries = UnsolicitedSummaries(
            self.host,
            self.registrations,
            self,
            domain,
            partial(lamps.watches_itself, "message-summary"),
        )
        lamps.listeners["message-summary"] = self.summaries.look
        return lamps

    def counts(self, extension: str) -> MessageCounts | None:
        """The messages of an extension, as the voicemail of a switch would count them."""
        return self.mailboxes.get(extension)

    async def _message(self, new: NewRequest, sender: Address) -> Response:
        return await self.message_desk(new, sender)

    def _note(self, call: Call, state: CallState) -> None:
        self.states.append(state.value)

    def phone(self, number: str, *, registered: bool = True, transport: str = "udp") -> Phone:
        """Put a phone on the wire, one contact more of its extension."""
        host_address = f"10.0.0.{next(self._addresses)}"
        name = f"p{number}-{host_address[-1]}"
        host = self.network.host(name, host_address, transport=transport)
        if registered:
            uri = parse_uri(f"sip:{number}@{host_address}")
            self.register(number, uri, host.address, transport)
        return Phone(self, number, host)

    def register(
        self, number: str, uri: Any, remote: tuple[str, int], transport: str = "udp"
    ) -> None:
        flow = Flow(transport, self.host.address, remote)
        self.registrations.where.setdefault(number, []).append(
            FakeBinding(uri, flow, number, id=next(self._ids))
        )

    async def settle(self) -> None:
        """Let calls end and every timer of the core run out; nothing may be left."""
        await asyncio.sleep(100)
        assert len(self.calls) == 0
        assert not self.workers.opened, "ports left open"
        assert len(self.control.rooms) == 0, "rooms left open"
        counts = {host.name: host.alive for host in self.network.hosts.values()}
        assert not any(counts.values()), f"left in the core: {counts}"
        await self.switch.close()

    @property
    def record(self) -> dict[str, Any]:
        """The only record of the scene."""
        (record,) = self.journal.records().values()
        return record


async def expect(leg: Leg, kind: type[Any]) -> Any:
    """The next event of a phone's leg, which must be of this kind."""
    event: LegEvent = await leg.event()
    assert isinstance(event, kind), f"{event} instead of {kind.__name__}"
    return event


async def connected(scene: Scene, alice: Phone, bob: Phone) -> tuple[Leg, Leg]:
    """Let alice call bob until both talk."""
    from softswitch.sip.events import Answered, Ringing  # noqa: PLC0415

    a = alice.dial(bob.number)
    b = await bob.rings()
    b.progress(180)
    await expect(a, Ringing)
    bob.answer(b)
    await expect(a, Answered)
    a.acknowledge()
    await expect(b, Acknowledged)
    await asyncio.sleep(1)
    return a, b


__all__ = [
    "Ended",
    "Phone",
    "Reoffered",
    "Scene",
    "connected",
    "expect",
    "sdp",
]
