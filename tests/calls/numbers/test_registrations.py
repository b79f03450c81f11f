"""Registrations: nothing is said or routed before it is on disk, and nothing is lost after."""

from __future__ import annotations

import asyncio
from pathlib import Path
from shutil import copytree

import pytest

from softswitch.calls.numbers.registrations import WAITING, Registrations
from softswitch.sip.effects import Flow
from softswitch.sip.registrar.registrar import Registrar, RegistrarLimits
from softswitch.store.bindings import BindingRow
from softswitch.store.database.changes import Change
from softswitch.store.errors import JournalFull, StoreError
from softswitch.store.store import Store
from tests.sip.registrar.test_registrar import FLOW_1, FLOW_2, OTHER, PHONE, TCP, UDP, register
from tests.store.rows import binding


class SlowDisk:
    """A store whose writes are done when the test says so."""

    def __init__(self) -> None:
        self.writes: list[tuple[tuple[Change, ...], asyncio.Future[None]]] = []
        self.rows: list[BindingRow] = []
        self.full = False

    def write(self, *changes: Change) -> asyncio.Future[None]:
        if self.full:
            raise JournalFull("full")
        done = asyncio.get_running_loop().create_future()
        self.writes.append((changes, done))
        return done

    async def load_bindings(self) -> list[BindingRow]:
        return self.rows

    async def finish(self, error: Exception | None = None) -> None:
        """End the oldest write."""
        _, done = self.writes.pop(0)
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)
        await turns()


async def turns() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def disk() -> SlowDisk:
    return SlowDisk()


@pytest.fixture
def registrations(disk: SlowDisk, clock: Clock) -> Registrations:
    return Registrations(disk, clock=clock)


def uris(registrations: Registrations, extension: str = "1000") -> list[str]:
    return [str(binding.uri) for binding in registrations.contacts(extension)]


async def test_the_answer_and_the_route_wait_for_the_disk(
    registrations: Registrations, disk: SlowDisk
) -> None:
    answer = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    assert not answer.done()
    assert uris(registrations) == []
    await disk.finish()
    assert (await answer).status == 200
    assert uris(registrations) == ["sip:1000@192.0.2.7:5060"]
    assert len(registrations) == 1


async def test_a_disk_that_fails_says_nothing_positive(
    registrations: Registrations, disk: SlowDisk
) -> None:
    answer = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    await disk.finish(StoreError("no space"))
    response = await answer
    assert response.status == 503
    assert response.headers.get("Retry-After")
    assert uris(registrations) == []
    disk.full = True
    assert (await registrations.register(register(PHONE, cseq=2), UDP, "1000")).status == 503
    disk.full = False
    again = asyncio.create_task(registrations.register(register(PHONE, cseq=3), UDP, "1000"))
    await turns()
    await disk.finish()
    assert (await again).status == 200


async def test_phones_of_one_extension_wait_together_and_see_each_other(
    registrations: Registrations, disk: SlowDisk
) -> None:
    one = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    two = asyncio.create_task(registrations.register(register(OTHER, call_id="b"), TCP, "1000"))
    refresh = asyncio.create_task(registrations.register(register(PHONE, cseq=2), UDP, "1000"))
    late = asyncio.create_task(registrations.register(register(PHONE, cseq=1), UDP, "1000"))
    await turns()
    assert (await late).status == 500  # judged against what is on its way to the disk
    await disk.finish()
    assert len((await one).contacts) == 1
    await disk.finish()
    assert len((await two).contacts) == 2
    await disk.finish()
    assert len((await refresh).contacts) == 2
    assert [binding.id for binding in registrations] == [1, 2]


async def test_a_write_that_fails_leaves_those_after_it_right(
    registrations: Registrations, disk: SlowDisk
) -> None:
    one = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    two = asyncio.create_task(registrations.register(register(OTHER, call_id="b"), UDP, "1000"))
    await turns()
    await disk.finish(StoreError("no space"))
    await disk.finish()
    assert (await one).status == 503
    assert len((await two).contacts) == 1
    assert uris(registrations) == ["sip:1000@192.0.2.8:5060"]


async def test_too_many_waiting_registrations_of_one_extension_are_refused(
    registrations: Registrations, disk: SlowDisk
) -> None:
    tasks = [
        asyncio.create_task(registrations.register(register(PHONE, cseq=number), UDP, "1000"))
        for number in range(1, WAITING + 2)
    ]
    await turns()
    assert (await tasks.pop()).status == 503
    while disk.writes:
        await disk.finish()
    assert {response.status for response in await asyncio.gather(*tasks)} == {200}


async def test_a_caller_that_is_cancelled_does_not_lose_what_is_written(
    registrations: Registrations, disk: SlowDisk
) -> None:
    answer = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    answer.cancel()
    await turns()
    await disk.finish()
    assert uris(registrations) == ["sip:1000@192.0.2.7:5060"]


async def test_contacts_come_by_preference_and_then_the_latest_first(
    registrations: Registrations, disk: SlowDisk, clock: Clock
) -> None:
    for number, contact in enumerate(
        (f"{PHONE};q=0.5", f"{OTHER};q=0.9", "<sip:c@192.0.2.9>;q=0.5")
    ):
        answer = asyncio.create_task(
            registrations.register(register(contact, call_id=str(number)), UDP, "1000")
        )
        await turns()
        await disk.finish()
        await answer
        clock.now += 1
    assert uris(registrations) == [
        "sip:1000@192.0.2.8:5060", "sip:c@192.0.2.9", "sip:1000@192.0.2.7:5060",
    ]  # fmt: skip


async def test_expired_bindings_are_not_routed_to_and_are_swept(
    registrations: Registrations, disk: SlowDisk, clock: Clock
) -> None:
    answer = asyncio.create_task(
        registrations.register(register(f"{PHONE};expires=60", OTHER), UDP, "1000")
    )
    await turns()
    await disk.finish()
    await answer
    clock.now += 60
    assert uris(registrations) == ["sip:1000@192.0.2.8:5060"]
    assert len(registrations) == 2
    sweeping = asyncio.create_task(registrations.sweep())
    await turns()
    await disk.finish()
    assert await sweeping == 1
    assert len(registrations) == 1
    assert await registrations.sweep() == 0


async def test_listeners_hear_of_every_change(registrations: Registrations, disk: SlowDisk) -> None:
    heard: list[str] = []
    registrations.listeners.append(heard.append)
    answer = asyncio.create_task(registrations.register(register(PHONE), UDP, "1000"))
    await turns()
    assert heard == []
    await disk.finish()
    await answer
    assert heard == ["1000"]
    await registrations.register(register(cseq=2), UDP, "1000")
    assert heard == ["1000"]


async def test_a_refused_request_does_not_reach_the_disk(disk: SlowDisk, clock: Clock) -> None:
    registrations = Registrations(disk, Registrar(RegistrarLimits(contacts=1)), clock=clock)
    assert (await registrations.register(register(PHONE, OTHER), UDP, "1000")).status == 403
    assert (await registrations.register(register(), UDP, "1000")).status == 200
    assert disk.writes == []


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/switch.db"


async def test_a_restart_brings_every_unexpired_binding_back(
    url: str, tmp_path: Path, clock: Clock
) -> None:
    store = await Store.open(url, tmp_path / "calls.spool")
    before = Registrations(store, clock=clock)
    await before.load()
    first = register(f"{PHONE};q=0.25", Path="<sip:edge.example;lr>", User_Agent="Phone/1.0")
    assert (await before.register(first, UDP, "1000")).status == 200
    assert (await before.register(register(FLOW_1), TCP, "2000")).status == 200
    brief = register(f"{OTHER};expires=60", call_id="b")
    assert (await before.register(brief, UDP, "1000")).status == 200
    # No close: the next process finds what a crash leaves.
    crashed = copytree(tmp_path, tmp_path / "crashed")
    clock.now += 61
    other = await Store.open(f"sqlite:///{crashed}/switch.db", crashed / "calls.spool")
    after = Registrations(other, clock=clock)
    await after.load()
    assert [_known(found) for found in after] == [
        _known(found) for found in before if found.expires_at > clock.now
    ]
    assert len(await other.load_bindings()) == 2
    # Ids go on, and the rules hold for what was restored.
    assert (await after.register(register(PHONE, cseq=1), UDP, "1000")).status == 500
    assert (await after.register(register(OTHER, call_id="c"), UDP, "1000")).status == 200
    assert sorted(binding.id for binding in after) == [1, 2, 4]
    await store.close()
    await other.close()


def _known(found: object) -> tuple[object, ...]:
    return tuple(getattr(found, name) for name in found.__struct_fields__)  # type: ignore[attr-defined]


async def test_a_row_that_cannot_be_read_does_not_stop_the_start(
    disk: SlowDisk, clock: Clock
) -> None:
    disk.rows = [binding(1, uri="sip:"), binding(2, uri="mailto:a@b"), binding(3)]
    registrations = Registrations(disk, clock=clock)
    loading = asyncio.create_task(registrations.load())
    await turns()
    await disk.finish()
    await loading
    assert [found.id for found in registrations] == [3]


async def test_removal_is_durable_too(url: str, tmp_path: Path, clock: Clock) -> None:
    store = await Store.open(url, tmp_path / "calls.spool")
    registrations = Registrations(store, clock=clock)
    await registrations.register(register(PHONE, OTHER), UDP, "1000")
    response = await registrations.register(register("*", cseq=2, Expires="0"), UDP, "1000")
    assert response.contacts == []
    assert await store.load_bindings() == []
    assert registrations.contacts("1000") == []
    assert len(registrations) == 0
    await store.close()


# -- connections that end --------------------------------------------------------------------------


def over(port: int) -> Flow:
    return TCP._replace(remote=(TCP.remote[0], port))


async def test_a_binding_goes_with_its_connection(url: str, clock: Clock, tmp_path: Path) -> None:
    store = await Store.open(url, tmp_path / "calls.spool")
    registrations = Registrations(store, clock=clock)
    heard: asyncio.Queue[str] = asyncio.Queue()
    await registrations.register(register(PHONE), over(4001), "1000")
    await registrations.register(register(OTHER, call_id="b"), over(4002), "1000")
    await registrations.register(register(PHONE, call_id="c"), over(4001), "2000")
    await registrations.register(register(PHONE, call_id="d"), UDP, "3000")
    registrations.listeners.append(heard.put_nowait)
    registrations.connection_gone(over(4001))
    registrations.connection_gone(over(4001))
    registrations.connection_gone(over(4009))
    async with asyncio.timeout(5):
        assert {await heard.get() for _ in range(4)} == {"1000", "2000"}
    assert uris(registrations) == [OTHER.strip("<>")]
    assert uris(registrations, "2000") == []
    assert len(uris(registrations, "3000")) == 1
    assert len(await store.load_bindings()) == 2
    await store.close()


async def test_a_binding_that_came_again_over_another_connection_stays(
    registrations: Registrations, disk: SlowDisk
) -> None:
    for cseq, port in enumerate((4001, 4002), 1):
        registering = asyncio.create_task(
            registrations.register(register(PHONE, cseq=cseq), over(port), "1000")
        )
        await turns()
        await disk.finish()
        await registering
    registrations.connection_gone(over(4001))
    assert disk.writes == []
    assert len(registrations) == 1


async def test_a_connection_that_ends_before_its_binding_is_on_disk_takes_it_along(
    registrations: Registrations, disk: SlowDisk
) -> None:
    registering = asyncio.create_task(registrations.register(register(PHONE), over(4001), "1000"))
    await turns()
    registrations.connection_gone(over(4001))
    await disk.finish()
    await registering
    await disk.finish()
    assert len(registrations) == 0


@pytest.mark.parametrize("full", [True, False])
async def test_a_binding_has_gone_before_the_disk_knows_and_also_when_the_disk_fails(
    registrations: Registrations, disk: SlowDisk, full: bool
) -> None:
    registering = asyncio.create_task(registrations.register(register(PHONE), over(4001), "1000"))
    await turns()
    await disk.finish()
    await registering
    disk.full = full
    registrations.connection_gone(over(4001))
    assert len(registrations) == 0
    if not full:
        await disk.finish(StoreError("no"))
    assert len(registrations) == 0


# -- pages ---------------------------------------------------------------------------------------

PAGE = '<sip:abc@kbd6lkefiqik.invalid;transport=ws>;reg-id=1;+sip.instance="<urn:uuid:1>"'
WS = Flow("ws", ("192.0.2.1", 8088), ("192.0.2.7", 50001))
WS_2 = WS._replace(remote=("192.0.2.7", 50002))


@pytest.fixture
def waiting(disk: SlowDisk, clock: Clock) -> Registrations:
    """Registrations of pages outlive their WebSockets for a moment."""
    return Registrations(disk, clock=clock, reconnect_time=0.02)


async def registered(
    registrations: Registrations, disk: SlowDisk, contact: str, flow: Flow, cseq: int = 1
) -> None:
    request = register(contact, cseq=cseq)
    registering = asyncio.create_task(registrations.register(request, flow, "1000"))
    await turns()
    await disk.finish()
    assert (await registering).status == 200


async def test_a_page_that_stays_away_loses_its_registration(
    waiting: Registrations, disk: SlowDisk
) -> None:
    await registered(waiting, disk, PAGE, WS)
    waiting.connection_gone(WS)
    assert len(waiting) == 1
    assert waiting.is_awaited("1000")
    await asyncio.sleep(0.05)
    assert len(waiting) == 0
    await disk.finish()
    waiting.connection_gone(WS_2)  # of nobody


async def test_a_page_that_comes_back_in_time_keeps_it(
    waiting: Registrations, disk: SlowDisk
) -> None:
    moves: list[tuple[Flow, Flow]] = []
    gone: list[Flow] = []
    waiting.moved.append(lambda old, new: moves.append((old, new)))
    waiting.gone.append(gone.append)
    await registered(waiting, disk, PAGE, WS)
    waiting.connection_gone(WS_2)  # of nobody
    waiting.connection_gone(WS)
    assert gone == [WS]
    await registered(waiting, disk, PAGE, WS_2, cseq=2)
    assert moves == [(WS, WS_2)]
    await asyncio.sleep(0.05)
    assert [binding.flow for binding in waiting.contacts("1000")] == [WS_2]
    assert disk.writes == []


async def test_calls_wait_a_while_for_a_phone_whose_connection_has_ended(
    waiting: Registrations, disk: SlowDisk
) -> None:
    await registered(waiting, disk, PHONE, TCP)
    assert not waiting.is_awaited("1000")
    waiting.connection_gone(TCP)
    assert len(waiting) == 0
    assert waiting.is_awaited("1000")
    assert not waiting.is_awaited("1001")
    await disk.finish()
    await asyncio.sleep(0.05)
    assert not waiting.is_awaited("1000")


async def test_nobody_waits_for_a_phone_that_has_said_goodbye_by_another_connection(
    waiting: Registrations, disk: SlowDisk
) -> None:
    second = TCP._replace(remote=("192.0.2.7", 40002))
    await registered(waiting, disk, PHONE, TCP)
    waiting.connection_gone(TCP)
    await disk.finish()
    await registered(waiting, disk, PHONE, second, 2)
    assert not waiting.is_awaited("1000")
    await registered(waiting, disk, f"{PHONE};expires=0", second, 3)
    assert not waiting.is_awaited("1000")
    waiting.connection_gone(second)
    assert not waiting.is_awaited("1000")


async def test_without_a_time_for_it_nobody_waits_for_a_phone_that_is_gone(
    registrations: Registrations, disk: SlowDisk
) -> None:
    await registered(registrations, disk, PHONE, TCP)
    registrations.connection_gone(TCP)
    assert not registrations.is_awaited("1000")
    await disk.finish()


async def test_a_page_that_comes_back_from_the_same_port_keeps_it(
    waiting: Registrations, disk: SlowDisk
) -> None:
    await registered(waiting, disk, PAGE, WS)
    waiting.connection_gone(WS)
    await registered(waiting, disk, PAGE, WS, cseq=2)
    await asyncio.sleep(0.05)
    assert len(uris(waiting)) == 1
    waiting.connection_gone(WS)
    await asyncio.sleep(0.05)
    assert uris(waiting) == []


async def test_connections_to_two_of_our_ports_are_two(
    registrations: Registrations, disk: SlowDisk
) -> None:
    """A client may use one port of its own for both."""
    await registered(registrations, disk, PHONE, TCP)
    await registered(registrations, disk, OTHER, TCP._replace(local=("192.0.2.1", 5070)), 2)
    registrations.connection_gone(TCP)
    assert uris(registrations) == [OTHER.strip("<>")]


# ------------------------------------------------------------------------- flows


async def test_a_phone_with_two_flows_is_there_once_by_the_latest() -> None:
    disk, clock = SlowDisk(), Clock()
    phones = Registrations(disk, clock=clock)
    await registered(phones, disk, FLOW_1, TCP)
    clock.now += 1
    second = TCP._replace(remote=("192.0.2.7", 40002))
    await registered(phones, disk, FLOW_2, second, 2)
    (contact,) = phones.contacts("1000")
    assert contact.flow == second
    assert [other.flow for other in phones.other_flows(contact)] == [TCP]
    phones.connection_gone(second)
    (contact,) = phones.contacts("1000")
    assert contact.flow == TCP
    assert phones.other_flows(contact) == []


async def restarted(transport: str = "tcp", **more: float) -> tuple[Registrations, SlowDisk]:
    """A registrar that has restored one binding."""
    disk, clock = SlowDisk(), Clock()
    disk.rows = [binding(1, expires_at=clock.now + 600, transport=transport)]
    phones = Registrations(disk, clock=clock, **more)
    await phones.load()
    return phones, disk


async def test_after_a_restart_a_connected_phone_is_awaited_and_not_called() -> None:
    phones, disk = await restarted()
    assert phones.contacts("1000") == []
    assert phones.is_awaited("1000")
    assert not phones.is_awaited("1001")
    await registered(phones, disk, PHONE, TCP, 2)
    assert len(phones.contacts("1000")) == 1
    assert not phones.is_awaited("1000")


async def test_after_a_restart_a_phone_behind_udp_is_called_as_ever() -> None:
    phones, _ = await restarted("udp")
    assert len(phones.contacts("1000")) == 1
    assert not phones.is_awaited("1000")


async def test_the_return_of_a_phone_is_told_at_once() -> None:
    phones, disk = await restarted(reconnect_time=60)
    waiting = asyncio.create_task(phones.returned(["1000"]))
    await turns()
    assert not waiting.done()
    await registered(phones, disk, PHONE, TCP, 2)
    await turns()
    assert waiting.done()
    assert phones.listeners == []


async def test_a_phone_that_does_not_return_is_waited_for_no_longer() -> None:
    phones, _ = await restarted(reconnect_time=0.001)
    await asyncio.wait_for(phones.returned(["1000"]), 5)
    assert phones.listeners == []
