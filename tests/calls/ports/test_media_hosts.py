"""Far ends that are given by name: found, refused, overtaken by the next description."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from media.control.session import Counted, Opened, Statistics
from softswitch.calls.ports.media_hosts import UnknownHost, address_of
from softswitch.calls.ports.media_port import LegCodec, MediaPort
from softswitch.calls.ports.prompts import Prompts
from softswitch.sdp.codecs import SPOKEN
from tests.calls.virtual_time import run

HOSTS = {
    "gw.example.com": ["2001:db8::7", "192.0.2.7"],
    "me.example.com": ["127.0.0.1"],
    "six.example.com": ["2001:db8::8"],
    "link.example.com": ["fe80::1%eth0"],
}


async def names(host: str) -> Sequence[str]:
    await asyncio.sleep(1)
    return HOSTS.get(host, [])


FOUND = [
    # host, an address of ours, whether IPv6, what is found
    ("192.0.2.1", "203.0.113.1", None, "192.0.2.1"),
    ("gw.example.com", "203.0.113.1", None, "2001:db8::7"),
    ("gw.example.com", "203.0.113.1", False, "192.0.2.7"),
    ("gw.example.com", "2001:db8::1", True, "2001:db8::7"),
    ("six.example.com", "203.0.113.1", False, None),
    ("link.example.com", "2001:db8::1", True, "fe80::1"),
    ("me.example.com", "203.0.113.1", False, None),
    ("me.example.com", "127.0.0.1", False, "127.0.0.1"),
    ("nobody.example.com", "203.0.113.1", None, None),
]


@pytest.mark.parametrize(("host", "near", "ipv6", "expected"), FOUND)
def test_what_a_name_leads_to(
    host: str, near: str, ipv6: bool | None, expected: str | None
) -> None:
    async def story() -> None:
        if expected is None:
            with pytest.raises(UnknownHost):
                await address_of(names, host, near=near, ipv6=ipv6)
        else:
            assert await address_of(names, host, near=near, ipv6=ipv6) == expected

    run(story())


class Worker:
    """A worker that remembers what it is told."""

    def __init__(self) -> None:
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.told: list[Any] = []

    def tell(self, request: Any) -> None:
        self.told.append(request)

    def close(self, leg: int) -> asyncio.Future[Counted]:
        done: asyncio.Future[Counted] = asyncio.get_running_loop().create_future()
        done.set_result(Counted(ticket=1, leg=leg, statistics=Statistics()))
        return done

    @property
    def remotes(self) -> list[Any]:
        return [request.remote for request in self.told]


def port_on(worker: Any, prompts: Prompts | None = None) -> MediaPort:
    opened = Opened(ticket=1, leg=1, address="203.0.113.1", rtp_port=20_000)
    return MediaPort(worker, opened, {}, SPOKEN, lambda _: None, names=names, prompts=prompts)


CODECS = [LegCodec(name="PCMU", receive_pt=0, send_pt=0)]


def test_packets_wait_until_the_name_is_found() -> None:
    async def story() -> None:
        worker = Worker()
        port = port_on(worker)
        port.configure(
            remote=("gw.example.com", 4000), rtcp=("gw.example.com", 4009), codecs=CODECS
        )
        assert worker.remotes == [None]
        await asyncio.sleep(2)
        assert worker.remotes == [None, ("192.0.2.7", 4000)]
        assert worker.told[-1].rtcp == ("192.0.2.7", 4009)
        assert not port.gone.done()

    run(story())


def test_a_later_description_overtakes_the_name_of_an_earlier_one() -> None:
    async def story() -> None:
        worker = Worker()
        port = port_on(worker)
        port.configure(remote=("gw.example.com", 4000), codecs=CODECS)
        await asyncio.sleep(0.5)
        port.configure(remote=("192.0.2.9", 4000), codecs=CODECS)
        await asyncio.sleep(2)
        assert worker.remotes == [None, ("192.0.2.9", 4000)]

    run(story())


def test_a_port_whose_far_end_is_not_found_is_of_no_use() -> None:
    async def story() -> None:
        port = port_on(Worker())
        port.configure(remote=("nobody.example.com", 4000), codecs=CODECS)
        assert await port.gone == "media host unknown"

    run(story())


def test_a_port_that_is_closed_looks_nothing_up() -> None:
    async def story() -> None:
        worker = Worker()
        port = port_on(worker)
        port.configure(remote=("gw.example.com", 4000), codecs=CODECS)
        await port.close()
        await asyncio.sleep(2)
        assert worker.remotes == [None]

    run(story())
