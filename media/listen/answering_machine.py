"""Whether a human has answered, who says a word and waits, or a machine, which talks on.

The beep at the end of a machine's greeting is told by `tone_patterns`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from media.listen.heard import AnswererHeard
from media.signals.levels import mean_square, power_of

FRAME_MS = 20.0


@dataclass(frozen=True, slots=True)
class MachineLimits:
    """Limits that tell a human from a machine; times in ms."""

    level: float = -38.0
    "dBm0 below which a frame is silent."
    initial_silence: float = 2500.0
    "A machine may take so long to begin; a human says something sooner."
    greeting: float = 1800.0
    "A human's greeting has less speech than this."
    silence_after: float = 800.0
    "A human waits for an answer for so long."
    word: float = 100.0
    "Shorter sounds are no words."
    between_words: float = 60.0
    "Shorter silences do not part words."
    words: int = 5
    "A human's greeting has fewer words than this."
    total: float = 5000.0
    "After so long the answer is `unknown`."


USUAL = MachineLimits()

# Rows of the state: one column a leg. Times in ms, in the present call.
NOW, SPEECH, SOUND, SILENCE, WORDS, THRESHOLD = range(6)
STATE_ROWS = 6


class AnsweringMachineListener:
    """Judges who has answered, once a row; a row that has been judged is no longer listened to.

    Time of a row begins with its `claim`, which is when the call is answered.
    """

    def __init__(self, capacity: int, limits: MachineLimits = USUAL) -> None:
        """Rows 0 to `capacity` - 1, at any sample rate."""
        self.listening = np.zeros(capacity, np.bool_)
        "Which rows are claimed and not yet judged: a column."
        self._limits = limits
        self._state = np.zeros((STATE_ROWS, capacity))

    def claim(self, row: int) -> None:
        """Begin to judge a leg."""
        self._state[:, row] = 0
        self._state[THRESHOLD, row] = power_of(self._limits.level)
        self.listening[row] = True

    def free(self, row: int) -> None:
        """Do not judge a leg any more."""
        self.listening[row] = False

    def feed_samples(
        self, rows: NDArray[np.intp], samples: NDArray[np.int16] | NDArray[np.float32]
    ) -> list[AnswererHeard]:
        """Hear the next 20 ms of each row: int16 or float32 in 16-bit units [n, any]."""
        state = self._state.take(rows, axis=1)
        loud = mean_square(samples) > state[THRESHOLD]
        state[NOW] += FRAME_MS
        state[SILENCE] = np.where(loud, 0, state[SILENCE] + FRAME_MS)
        parted = state[SILENCE] >= self._limits.between_words
        state[SOUND] = np.where(parted, 0, state[SOUND] + FRAME_MS * loud)
        state[SPEECH] += FRAME_MS * loud
        # A word is counted when it has become one.
        state[WORDS] += (
            loud
            & (state[SOUND] >= self._limits.word)
            & (state[SOUND] < self._limits.word + FRAME_MS)
        )
        self._state[:, rows] = state
        return self._judge(rows, state)

    def _judge(self, rows: NDArray[np.intp], state: NDArray[np.float64]) -> list[AnswererHeard]:
        limits, answers = self._limits, []
        spoken = state[WORDS] > 0
        verdicts = (
            (~spoken & (state[NOW] >= limits.initial_silence), "machine", "nothing was said"),
            (spoken & (state[SPEECH] >= limits.greeting), "machine", "a long greeting"),
            (state[WORDS] >= limits.words, "machine", "many words"),
            (spoken & (state[SILENCE] >= limits.silence_after), "human", "a short greeting"),
            (state[NOW] >= limits.total, "unknown", "neither short nor long"),
        )
        for judged, by, reason in verdicts:
            for place in judged.nonzero()[0]:
                row = int(rows[place])
                if self.listening[row]:
                    self.listening[row] = False
                    answers.append(AnswererHeard(row, by, reason, float(state[NOW, place])))
        return answers
