"""A port leaves nothing behind when it is closed, and says how it is secured until then."""

from __future__ import annotations

import asyncio
import weakref

import pytest

from softswitch.calls.call.party import Party, Side
from softswitch.calls.ports.media_port import (
    WORKER_DIED,
    Dtls,
    MediaInsecure,
    MediaSecured,
    Security,
    SrtpKeys,
)
from softswitch.trace.traces import UNTRACED
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

        party.take_port(port, UNTRACED.begin("a call"), call)
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


KEYS = SrtpKeys("AEAD_AES_128_GCM", b"o" * 28, b"t" * 28)


def test_a_port_says_how_it_is_secured() -> None:
    async def story() -> None:
        port = port_on(Worker())

        def configured(security: Security | None) -> str:
            port.configure(remote=("192.0.2.1", 4000), codecs=(), security=security)
            return port.secured

        assert port.secured == ""
        assert configured(Security(srtp=KEYS)) == KEYS.suite
        assert configured(None) == ""
        handshake = Security(dtls=Dtls(False, ("sha-256 AA",)), mux=True)
        assert configured(handshake) == ""
        port.happened(MediaSecured(leg=1, suite="AES_CM_128_HMAC_SHA1_80"))
        assert port.secured == "AES_CM_128_HMAC_SHA1_80"
        assert configured(handshake) == "AES_CM_128_HMAC_SHA1_80", "hold needs no new handshake"
        assert configured(Security(mux=True)) == ""
        port.happened(MediaInsecure(leg=1, reason="the certificate is another one"))
        assert port.gone.result() == "media not secured: the certificate is another one"
        await port.close()

    run(story())
