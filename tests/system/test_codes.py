"""Real phones that dial codes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from baresip.call import Call

from tests.system.phones import Ear, Phone, gone, phones
from tests.system.program import Program, running
from tests.system.test_transfer_button import hear_each_other

SETTINGS = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"\nring_time = 5'
    for n in range(3)
)

PATIENCE = 20
"Seconds for what takes none on a machine that has nothing else to do."
SPOKEN = 60
"Seconds for a voice to be loaded, on a busy machine, and to say a sentence."
SCHEDULE = """
[[calendars]]
name = "office"
[[extensions]]
number = "710"
type = "schedule"
calendar = "office"
open = "1001"
closed = "1002"
"""
MORE = '[[extensions]]\nnumber = "1003"\ntype = "phone"\npassword = "pw1003"'


@pytest.mark.timeout(180)
@pytest.mark.parametrize("dialled", ["*65", "*65%23"])
async def test_a_phone_hears_its_own_number_spoken(tmp_path: Path, dialled: str) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial(dialled)
        await call.wait_established(timeout=PATIENCE)
        async with Ear(call, None) as ear:
            await gone(call, SPOKEN)
        spoken = np.frombuffer(bytes(ear.heard), "<i2").astype(float)
        loud = np.abs(spoken) > 1000
        assert loud.sum() > 1500, "nothing was said"
        await program.until_metric("softswitch_media_ports", 0)


async def listened(phone: Phone, code: str) -> None:
    """Dial a code, and hear what it says to the end."""
    call = await phone.dial(code.replace("#", "%23"))
    await call.wait_established(timeout=PATIENCE)
    await gone(call, SPOKEN)


async def connect(phone: Phone, other: Phone) -> tuple[Call, Call]:
    """Let one call the other, who answers."""
    outgoing = await phone.dial(other.number)
    incoming = await other.rings(PATIENCE)
    await incoming.answer()
    await outgoing.wait_established(timeout=PATIENCE)
    return outgoing, incoming


async def are_connected(one: Phone, other: Phone) -> None:
    """Answer first at the phone that wanted to be called back, then at the one that was busy."""
    calls = []
    for phone in (one, other):
        calls.append(await phone.rings(PATIENCE))
        await calls[-1].answer()
    await hear_each_other(*calls)
    await calls[0].hangup()
    await gone(calls[1], PATIENCE)


@pytest.mark.timeout(180)
async def test_forwarding_by_code_outlives_a_restart(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS)
    await program.start()
    try:
        async with phones() as makers:
            anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
            await listened(ben, "*21*1002#")
            await program.kill()
            await program.start()
            for phone in (anna, ben, carl):
                await phone.agent.register(timeout=PATIENCE)
            outgoing = await anna.dial("1001")
            at_carl = await carl.rings(PATIENCE)
            await at_carl.answer()
            await outgoing.wait_established(timeout=PATIENCE)
            await hear_each_other(outgoing, at_carl)
            assert ben.incoming.empty()
            await outgoing.hangup()
            await gone(at_carl, PATIENCE)
            await listened(ben, "#21#")
            again = await anna.dial("1001")
            at_ben = await ben.rings(PATIENCE)
            await again.hangup()
            await gone(at_ben, PATIENCE)
            await program.until_metric("softswitch_media_ports", 0)
    finally:
        await program.stop()


@pytest.mark.timeout(180)
async def test_a_transfer_follows_the_forward_of_its_target(tmp_path: Path) -> None:
    settings = SETTINGS + '\nforward_always = "1003"\n' + MORE
    async with running(tmp_path, settings) as program, phones() as makers:
        anna, ben = [await makers.register(program, f"100{n}") for n in range(2)]
        dora = await makers.register(program, "1003")
        outgoing, at_ben = await connect(anna, ben)
        pressed = asyncio.create_task(at_ben.transfer(f"sip:1002@{ben.domain}"))
        at_dora = await dora.rings(PATIENCE)
        await at_dora.answer()
        await pressed
        await gone(at_ben, PATIENCE)
        await hear_each_other(outgoing, at_dora)
        await outgoing.hangup()
        await gone(at_dora, PATIENCE)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(180)
async def test_night_by_code_outlives_a_restart(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS + SCHEDULE)
    await program.start()
    try:
        async with phones() as makers:
            anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
            outgoing = await anna.dial("710")
            at_ben = await ben.rings(PATIENCE)
            await outgoing.hangup()
            await gone(at_ben, PATIENCE)
            await listened(anna, "#27*710#")
            await program.kill()
            await program.start()
            for phone in (anna, ben, carl):
                await phone.agent.register(timeout=PATIENCE)
            outgoing = await anna.dial("710")
            at_carl = await carl.rings(PATIENCE)
            assert ben.incoming.empty()
            await outgoing.hangup()
            await gone(at_carl, PATIENCE)
            assert '"why":"by hand"' in await program.get(
                "/v1/extensions/710/schedule", username="admin", password="pw-admin"
            )
    finally:
        await program.stop()


@pytest.mark.timeout(180)
async def test_a_busy_phone_is_called_back_when_it_is_free(tmp_path: Path) -> None:
    settings = SETTINGS + "\nmax_calls = 1\n" + MORE
    async with running(tmp_path, settings) as program, phones() as makers:
        anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
        first, _ = await connect(ben, carl)
        refused = await anna.dial("1002")
        await gone(refused, PATIENCE)
        await listened(anna, "*37#")
        assert anna.incoming.empty()
        await first.hangup()
        await are_connected(anna, carl)
        await program.until_metric("softswitch_media_ports", 0)


@pytest.mark.timeout(180)
async def test_a_promised_callback_and_the_last_caller_outlive_a_kill(tmp_path: Path) -> None:
    program = Program(tmp_path, SETTINGS + "\nmax_calls = 1\n" + MORE)
    await program.start()
    try:
        async with phones() as makers:
            anna, ben, carl = [await makers.register(program, f"100{n}") for n in range(3)]
            talking = await connect(ben, carl)
            await gone(await anna.dial("1002"), PATIENCE)
            asked = await anna.dial("*37%23")
            await asked.wait_established(timeout=PATIENCE)  # what was promised is on disk
            await program.kill()
            for call in (*talking, asked):
                await call.hangup()
            await program.start()
            for phone in (anna, ben, carl):
                await phone.agent.register(timeout=PATIENCE)
            await are_connected(anna, carl)
            last = await carl.dial("*69")
            back = await anna.rings(PATIENCE)
            await back.answer()
            await last.wait_established(timeout=PATIENCE)
            await last.hangup()
            await gone(back, PATIENCE)
    finally:
        await program.stop()
