"""What was recorded is what the file holds, in every kind, for one channel and for two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from media.listen.recording_file import KINDS, create


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", [8000, 16_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_a_file_holds_what_was_said(tmp_path: Path, kind: str, rate: int, channels: int) -> None:
    path = tmp_path / f"a.{kind}"
    at = np.arange(3 * rate) / rate
    voices = [8000 * np.sin(2 * np.pi * hertz * at) for hertz in (500, 1100)[:channels]]
    said = np.rint(np.stack(voices, axis=1)).astype(np.int16)
    file = create(str(path), kind, rate, channels)
    for begin in range(0, len(said), rate // 2):
        file.write(said[begin : begin + rate // 2])
    file.close()
    heard, found = soundfile.read(path, dtype="int16", always_2d=True)
    assert found == rate
    assert heard.shape == said.shape
    wrong = heard.astype(float) - said
    if kind == "mp3":  # which the encoder makes softer by 5 %
        assert np.std(wrong, axis=0).max() < 0.1 * np.std(said)
    else:
        assert not wrong.any()
