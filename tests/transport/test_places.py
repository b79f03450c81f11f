"""The places for connections, shared by listeners: who gives way, and whom the bounds keep out."""

from __future__ import annotations

import asyncio
from functools import partial

from softswitch.sip.effects import Flow
from softswitch.transport.places import Debtor, Places
from softswitch.transport.tcp import TcpLimits, TcpTransport
from tests.transport.core import OPTIONS

ADDRESS, OTHER = "192.0.2.1", "192.0.2.2"


class Table:
    """A listener whose connections are times and addresses."""

    def __init__(self, places: Places, *debtors: tuple[float, str]) -> None:
        self.debtors = list(debtors)
        self.places = places
        places.join(self)
        for _, address in debtors:
            places.take(address)

    def oldest_debtor(self, address: str | None) -> Debtor | None:
        for debtor in self.debtors:
            if address in (None, debtor[1]):
                return Debtor(debtor[0], partial(self._end, debtor))
        return None

    def _end(self, debtor: tuple[float, str]) -> None:
        self.debtors.remove(debtor)
        self.places.give_back(debtor[1])


def test_the_oldest_debtor_of_all_listeners_gives_way() -> None:
    places = Places(connections=3)
    one = Table(places, (5.0, ADDRESS), (6.0, ADDRESS))
    other = Table(places, (4.0, OTHER))
    for left in ([2, 0], [1, 0], [0, 0]):
        assert places.make_room(OTHER)
        places.take(OTHER)
        assert [len(one.debtors), len(other.debtors)] == left
    assert not places.make_room(OTHER)
    assert places.taken == 3


def test_a_crowded_address_displaces_only_itself() -> None:
    places = Places(connections=9, per_address=2)
    one, other = Table(places, (1.0, OTHER)), Table(places, (2.0, ADDRESS))
    places.take(ADDRESS)
    assert places.make_room(ADDRESS)
    places.take(ADDRESS)
    assert (len(one.debtors), len(other.debtors)) == (1, 0)
    assert not places.make_room(ADDRESS)
    places.give_back(ADDRESS)
    assert places.make_room(ADDRESS)


async def test_one_listener_takes_what_another_leaves_and_silence_gives_way() -> None:
    places, heard = Places(connections=4), asyncio.Queue[bytes]()

    def receive(data: bytes, flow: Flow) -> None:
        heard.put_nowait(data)

    busy, quiet = (
        TcpTransport("127.0.0.1", 0, receive, limits=TcpLimits(), places=places) for _ in range(2)
    )
    await busy.open()
    await quiet.open()
    silent = [await asyncio.open_connection(*quiet.local) for _ in range(2)]
    await asyncio.sleep(0.05)
    speaking = []
    for count in range(4):
        speaking.append(await asyncio.open_connection(*busy.local))
        speaking[-1][1].write(OPTIONS)
        await heard.get()
        assert places.taken == min(4, 3 + count)
    assert len(busy.connections) == 4
    assert (quiet.gave_way, busy.gave_way, busy.refused) == (2, 0, 0)
    late = await asyncio.open_connection(*quiet.local)
    assert await late[0].read() == b""
    assert quiet.refused == 1
    for _, writer in (*silent, *speaking, late):
        writer.close()
    await busy.close()
    await quiet.close()
    await asyncio.sleep(0.01)
    assert places.taken == 0
