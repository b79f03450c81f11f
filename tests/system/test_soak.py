"""The load of the soak in small: all of it succeeds, and nothing of it is left behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.mixed_load import SETTINGS, Made, MixedLoad
from benchmarks.quiet import QUIET
from benchmarks.soak import COUNTED, DESCRIPTORS, MEMORY, look, verdict
from tests.ports import media_ports
from tests.system.program import REPOSITORY, running


@pytest.mark.timeout(120)
async def test_a_round_succeeds_and_leaves_no_call_behind(tmp_path: Path) -> None:
    (tmp_path / "benchmarks").symlink_to(REPOSITORY / "benchmarks")
    async with running(tmp_path, QUIET + SETTINGS, media_ports=media_ports(0, 2)) as program:
        load = MixedLoad(program, tmp_path)
        await load.start()
        try:
            made = await load.run(rate=3, seconds=9)
            await program.until_metric("softswitch_calls", 0)
            await program.until_metric("softswitch_dialogs", 0, seconds=40)
            figures = await look(program)
        finally:
            await load.stop()
        assert not any(made.failed.values()), str(made)
        assert made.made["caller"] == made.made["register"] == made.made["message"] == 27
        assert made.calls() > 40
        assert set(figures) == {*COUNTED, *DESCRIPTORS, *MEMORY}
        assert figures["media MB"] > 20


def test_the_verdict_compares_with_the_second_round(capsys: pytest.CaptureFixture[str]) -> None:
    flat = dict.fromkeys((*COUNTED, *DESCRIPTORS, *MEMORY), 100.0)
    assert verdict([{**flat, "tasks": 1.0}, flat, flat], Made(), 10)
    assert verdict([flat, flat, {**flat, "tasks": 114.0, "memory MB": 101.0}], Made(), 10)
    assert "memory MB +1.0 in 10 calls, +100.00 a thousand" in capsys.readouterr().out
    assert not verdict([flat, flat, {**flat, "dialogs": 116.0}], Made(), 10)
    assert 'grown: {"dialogs": 16.0}' in capsys.readouterr().out
    assert not verdict([flat, flat, {**flat, "media descriptors": 200.0}], Made(), 10)
