"""Keys of a party, and those that come in INFO bodies."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.calls.leg.keys import MOST_WAITING, Keys, key_of_info, send_by_info
from tests.calls.virtual_time import run

RELAY = "application/dtmf-relay"
EVENT, DIGITS = "audio/telephone-event", "application/vnd.nortelnetworks.digits"


@pytest.mark.parametrize(
    ("content_type", "body", "key"),
    [
        (RELAY, b"Signal=5\r\nDuration=160\r\n", "5"),
        (RELAY, b"signal = a\r\nduration = 90", "A"),
        (RELAY, b"Duration=160\nSignal=#\n", "#"),
        (RELAY, b"Signal=10\r\n", "*"),
        (RELAY, b"Signal=11\r\n", "#"),
        (RELAY, b"Signal=16\r\n", None),
        (RELAY, b"Signal=\r\n", None),
        (RELAY, b"Signal=\xd9\xa3\r\n", None),
        ("application/dtmf", b"7", "7"),
        ("application/dtmf", b" * \r\n", "*"),
        ("application/dtmf", b"77", None),
        ("application/dtmf", b"11\r\n", "#"),
        ("application/dtmf", b"16", None),
        ("application/dtmf", b"Signal=4\r\nDuration=100\r\n", "4"),
        (RELAY, b"4", "4"),
        (RELAY, b'Signal="9"\r\nDuration=250', "9"),
        (RELAY, b"Signal: 3\r\nDuration: 250", "3"),
        (RELAY, b"Signal= b \r\nDuration= 160 \r\n", "B"),
        (RELAY, b"Signal=!\r\nDuration=160\r\n", None),
        (RELAY, b"Duration=5\r\n", None),
        (EVENT, b"5", "5"),
        (EVENT, b"Signal=12\r\nDuration=100", "A"),
        (EVENT, b"e=10\r\nv=10\r\nd=160\r\n", "*"),
        (EVENT, b"\x0b\x8a\x03\x20", "#"),
        (EVENT, b"\x05\x0a\x00\xa0", "5"),
        (EVENT, b"\x10\x0a\x00\xa0", None),
        (EVENT, b"0x0B8A0320\r\n", "#"),
        (EVENT, b"100A00A0", None),
        (EVENT, b"", None),
        (DIGITS, b"p=Digit-Collection\r\ny=Digits\r\n\r\nd=Digits=7\r\n", "7"),
        (DIGITS, b"d=*\r\n", "*"),
        ("text/plain", b"Signal=5", None),
    ],
)
def test_keys_in_info(content_type: str, body: bytes, key: str | None) -> None:
    assert key_of_info(content_type, body) == key


def test_keys_wait_in_order_and_are_forgotten() -> None:
    async def story() -> None:
        keys, heard = Keys(), []
        stop = keys.listen(heard.append)
        later = asyncio.ensure_future(keys.next())
        await asyncio.sleep(0)
        for key in "12":
            keys.press(key)
        assert await later == "1"
        assert await keys.next() == "2"
        stop()
        keys.press("3")
        keys.forget()
        keys.press("4")
        assert await keys.next() == "4"
        assert heard == ["1", "2"]

    run(story())


def test_the_number_of_waiting_keys_is_bounded() -> None:
    async def story() -> None:
        keys = Keys()
        for _ in range(MOST_WAITING + 10):
            keys.press("1")
        for _ in range(MOST_WAITING):
            await keys.next()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await keys.next()

    run(story())


def test_keys_leave_by_info_at_their_pace() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        sent: list[tuple[float, str | None]] = []

        def send(content_type: str, body: bytes) -> None:
            sent.append((round(loop.time(), 3), key_of_info(content_type, body)))

        await send_by_info(send, "1,#", tone_ms=100, gap_ms=100)
        assert sent == [(0.0, "1"), (1.2, "#")]
        assert round(loop.time(), 3) == 1.4

    run(story())
