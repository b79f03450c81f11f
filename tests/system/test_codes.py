"""Real phones that dial codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.system.phones import Ear, gone, phones
from tests.system.program import running

SETTINGS = "\n".join(
    f'[[extensions]]\nnumber = "100{n}"\ntype = "phone"\npassword = "pw100{n}"\nring_time = 5'
    for n in range(3)
)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("dialled", ["*65", "*65%23"])
async def test_a_phone_hears_its_own_number_spoken(tmp_path: Path, dialled: str) -> None:
    async with running(tmp_path, SETTINGS) as program, phones() as makers:
        anna = await makers.register(program, "1000")
        call = await anna.dial(dialled)
        await call.wait_established(timeout=10)
        async with Ear(call, None) as ear:
            await gone(call, 20)
        spoken = np.frombuffer(bytes(ear.heard), "<i2").astype(float)
        loud = np.abs(spoken) > 1000
        assert loud.sum() > 1500, "nothing was said"
        await program.until_metric("softswitch_media_ports", 0)
