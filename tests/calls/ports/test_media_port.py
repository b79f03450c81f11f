"""A closed port leaves nothing behind: it is freed without the collector of garbage."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from softswitch.calls.call.party import Party, Side
from softswitch.calls.ports.media_port import WORKER_DIED
from tests.calls.ports.test_media_hosts import Worker, port_on
from tests.calls.virtual_time import run


@pytest.mark.parametrize("dies", [False, True])
@pytest.mark.parametrize("listens", [False, True])
@pytest.mark.usefixtures("no_collector")
def test_a_port_that_has_ended_keeps_no_call_in_memory(dies: bool, listens: bool) -> None:
    async def story() -> None:
        worker = Worker()
        port = port_on(worker)
        party = Party(Side.CALLER, "1000", "Anna", "1")

        def call(source: object, event: object) -> None:
            """Stands for the inbox of the call."""

        party.take_port(port, "a call", call)
        if listens:
            port.hear("silence", "tones")
        if dies:
            worker.gone.set_result(None)
            port.fail(WORKER_DIED)
        else:
            await port.close()
        await asyncio.sleep(1)
        the_port, the_call = weakref.ref(port), weakref.ref(call)
        del port, party, call
        assert the_port() is None
        assert the_call() is None

    run(story())
