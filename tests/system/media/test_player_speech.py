"""A player that speaks: real engines in real processes, the tick run by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from media.play.file_reader import AudioFiles
from media.play.player import Player
from media.play.sources import Finished
from media.speech.engine import SpeechError
from media.speech.service import Speech
from tests.media.play.test_player import Ticks, ramp


@pytest.fixture
def player() -> Iterator[Player]:
    files, speech = AudioFiles(), Speech()
    yield Player(4, files, speech, pool_seconds=120.0)
    files.close()
    speech.close()


def test_speech_begins_with_its_first_sentence(player: Player) -> None:
    player.speak(1, 1, "One moment. Then comes another sentence. And a third one.")
    ticks = Ticks(player)
    heard = ticks.until_ended(1)
    assert ticks.ended[0].error is None
    assert 2500 < ticks.ended[0].milliseconds < 8000
    # Once it has begun, no piece came too late: what is zero is the pauses, not longer than those.
    loud = np.flatnonzero(np.abs(heard.reshape(-1, 160)).max(axis=1) > 300)
    assert np.diff(loud).max() * 20 < 700


def test_speech_and_files_queue_behind_each_other(player: Player, tmp_path: Path) -> None:
    ramp(tmp_path / "a.wav", 1, 800)
    player.sound(1, 1, "beep", np.full(400, 99, np.int16))
    player.speak(1, 2, "Hello.", voice="espeak:")
    player.play(1, 3, str(tmp_path / "a.wav"))
    ticks = Ticks(player)
    ticks.until_ended(3)
    assert [end.token for end in ticks.ended] == [1, 2, 3]


def test_bad_texts_are_refused_at_once_and_unknown_voices_at_the_end(player: Player) -> None:
    with pytest.raises(SpeechError, match="100000 characters"):
        player.speak(1, 1, "x" * 100_000)
    assert not player.playing.any()
    player.speak(1, 2, "Hello.", voice="espeak:nobody")
    ticks = Ticks(player)
    ticks.until_ended(1)
    assert ticks.ended == [Finished(1, 2, 0.0, "espeak-ng has no voice 'nobody'")]
