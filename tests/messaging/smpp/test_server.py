"""What our centre tells its accounts, good and bad."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from softswitch.messaging.queue.outgoing import Outgoing
from softswitch.messaging.smpp.pdu import Pdu, encode
from softswitch.messaging.smpp.server import ServerLimits
from softswitch.messaging.smpp.tables import RESPONSE, CommandId, CommandStatus
from tests.messaging.scene import state_of, until
from tests.messaging.smpp.scene import (
    SUBMIT,
    Raw,
    server_on,
)


@pytest.mark.parametrize("length", [0, 4, 15, 80_000, 0xFFFFFFFF])
async def test_a_corrupt_length_ends_the_connection(tmp_path: Path, length: int) -> None:
    async with server_on(tmp_path) as (server, _, _):
        raw = await Raw.connect(server.listen[1])
        raw.writer.write(length.to_bytes(4) + b"\0" * 12)
        nack = await raw.hear()
        assert nack is not None
        assert (nack.command, nack.status) == (0x80000000, CommandStatus.RINVCMDLEN)
        assert await raw.hear() is None
        assert server.counts.bad == 1
        await raw.close()


async def test_guessed_passwords_are_counted_and_the_right_one_does_not_stand_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("softswitch.messaging.smpp.server.REFUSAL_DELAY", 0.0)
    async with server_on(tmp_path) as (server, _, _):
        raw = await Raw.connect(server.listen[1], bind=False)
        for password in ("1", "2", "3", "4", "5", "secret"):
            login = {"system_id": "switch", "password": password}
            refused = await raw.ask(CommandId.BIND_TRANSCEIVER, login)
            assert refused.status == CommandStatus.RINVPASWD
        await raw.close()


async def test_a_session_that_has_not_bound_gives_way_to_a_newcomer(tmp_path: Path) -> None:
    async with server_on(tmp_path, limits=ServerLimits(sessions=3)) as (server, _, _):
        bound = await Raw.connect(server.listen[1])
        silent = [await Raw.connect(server.listen[1], bind=False) for _ in range(20)]
        newcomer = await Raw.connect(server.listen[1])
        assert (await bound.ask(CommandId.ENQUIRE_LINK)).status == CommandStatus.ROK
        for raw in (bound, newcomer, *silent):
            await raw.close()


async def test_bad_requests_are_answered_with_their_own_status(tmp_path: Path) -> None:
    async with server_on(tmp_path) as (server, _, out):
        raw = await Raw.connect(server.listen[1], bind=False)
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.RINVBNDSTS
        unknown = await raw.ask(CommandId.BIND_TRANSCEIVER, {"system_id": "nobody"})
        assert unknown.status == CommandStatus.RINVPASWD
        login = {"system_id": "switch", "password": "secret"}
        assert (await raw.ask(CommandId.BIND_TRANSMITTER, login)).status == CommandStatus.ROK
        assert (await raw.ask(CommandId.BIND_TRANSMITTER, login)).status == CommandStatus.RALYBND
        raw.writer.write(b"\0\0\0\x10\0\0\x09\x99\0\0\0\0\0\0\0\x09")
        nack = await raw.hear()
        assert nack is not None
        assert (nack.command, nack.status, nack.sequence) == (
            0x80000000,
            CommandStatus.RINVCMDID,
            9,
        )
        nowhere = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "destination_addr": "49"})
        assert nowhere.status == CommandStatus.RINVDSTADR
        late = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "schedule_delivery_time": "tomorrow"})
        assert late.status == CommandStatus.RINVSCHED
        over = await raw.ask(CommandId.SUBMIT_SM, {**SUBMIT, "validity_period": "200101000000000+"})
        assert over.status == CommandStatus.RINVEXPIRY
        assert (await raw.ask(CommandId.ENQUIRE_LINK)).status == CommandStatus.ROK
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.ROK
        await out.until_sent(1)
        assert (await raw.ask(CommandId.UNBIND)).command == CommandId.UNBIND | RESPONSE
        await raw.close()


async def test_a_window_overrun_is_throttled_and_duplicates_are_one(tmp_path: Path) -> None:
    limits = ServerLimits(window=5)
    async with server_on(tmp_path, limits=limits) as (server, theirs, _):
        raw = await Raw.connect(server.listen[1])
        for _ in range(3):
            raw.say(CommandId.SUBMIT_SM, SUBMIT, sequence=50)
        raw.say(CommandId.SUBMIT_SM, {**SUBMIT, "short_message": b"other"}, sequence=50)
        for _ in range(20):
            raw.say(CommandId.SUBMIT_SM, SUBMIT)
        statuses = []
        async with asyncio.timeout(30):
            for _ in range(22):
                answer = await raw.hear()
                assert answer is not None
                statuses.append((answer.sequence, answer.status))
        accepted = [sequence for sequence, status in statuses if status == CommandStatus.ROK]
        assert len(accepted) == 5
        assert accepted.count(50) == 1
        assert (50, CommandStatus.RSYSERR) in statuses
        assert [status for _, status in statuses].count(CommandStatus.RTHROTTLED) == 16
        assert (server.counts.duplicates, server.counts.throttled) == (3, 16)
        assert theirs.arrivals == 5
        await raw.close()


async def test_an_account_that_is_not_bound_gets_its_message_later(tmp_path: Path) -> None:
    async with server_on(tmp_path) as (server, theirs, _):
        identity = await theirs.send(Outgoing(text="later", connection="smsc", to_address="+491"))
        await until(lambda: theirs.deliveries["smsc"].counts.retried > 0)
        raw = await Raw.connect(server.listen[1])
        delivered = await raw.hear()
        assert delivered is not None
        assert (delivered.command, delivered.octets("short_message")) == (5, b"later")
        raw.writer.write(encode(Pdu(CommandId.DELIVER_SM | RESPONSE, 0, delivered.sequence)))
        await state_of(theirs, identity, "delivered")
        await raw.close()


async def test_parts_that_were_acknowledged_survive_a_restart(tmp_path: Path) -> None:
    parts = [b"\x05\x00\x03\x07\x02" + bytes([n]) + text for n, text in ((1, b"one "), (2, b"two"))]
    async with server_on(tmp_path) as (server, _, _):
        raw = await Raw.connect(server.listen[1])
        answer = await raw.ask(
            CommandId.SUBMIT_SM, {**SUBMIT, "esm_class": 0x40, "short_message": parts[1]}
        )
        assert answer.status == CommandStatus.ROK
        await raw.close()
    async with server_on(tmp_path) as (server, _, out):
        raw = await Raw.connect(server.listen[1])
        answer = await raw.ask(
            CommandId.SUBMIT_SM, {**SUBMIT, "esm_class": 0x40, "short_message": parts[0]}
        )
        assert answer.status == CommandStatus.ROK
        (message,) = await out.until_sent(1)
        assert message.text == "one two"
        await raw.close()


async def test_noise_ends_connections_and_nothing_else(tmp_path: Path) -> None:
    noise = random.Random(7)
    async with server_on(tmp_path) as (server, _, out):
        for number in range(40):
            raw = await Raw.connect(server.listen[1], bind=False)
            octets = noise.randbytes(noise.randrange(1, 400))
            if number % 2:
                octets = (len(octets) + 4).to_bytes(4) + octets
            raw.writer.write(octets)
            raw.writer.write_eof()
            while await raw.hear() is not None:
                pass
            await raw.close()
        raw = await Raw.connect(server.listen[1])
        assert (await raw.ask(CommandId.SUBMIT_SM, SUBMIT)).status == CommandStatus.ROK
        await out.until_sent(1)
        await raw.close()
