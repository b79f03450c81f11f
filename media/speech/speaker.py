"""The thread of one speech engine: it talks to the engine's process, and starts it when needed."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from media.speech import exchange
from media.speech.engine import SpeechError, Voice
from media.speech.kept_sounds import KeptSounds

Samples = NDArray[np.int16]

ROOT = str(Path(__file__).resolve().parents[2])
"Where the package `media` is."

ANSWER_S = 30.0
"A sentence takes milliseconds; an engine that needs longer than this is stuck and is ended."


SpokenKey = tuple[str, str | None, str, int, str]
"Engine, voice, language, samples a second, and the words."


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence, in its order."""

    key: SpokenKey
    "What it is kept under; equal keys have equal sound."
    samples: Samples


Deliver = Callable[["Spoken | SpeechError | None"], None]
"""Called with each sentence, then with None; what went wrong comes instead, and is last.

In a thread, but for the sentences that a text begins with and that are kept: these come at once.
"""

Told = Callable[[list[Voice], "str | None"], None]
"Called in a thread with the voices of an engine, or why it cannot be used."


@dataclass(slots=True, eq=False)
class Utterance:
    """A text on its way; `cancel` it when it is not needed any more."""

    sentences: deque[str]
    voice: str | None
    language: str
    rate: int
    deliver: Deliver
    engine: str
    engine_was_chosen: bool
    "Whether the caller named the engine, so that no other may speak instead."
    cancelled: bool = field(default=False)

    def cancel(self) -> None:
        """Leave out the sentences that were not begun."""
        self.cancelled = True


class Speaker(threading.Thread):
    """One engine: utterances in turns, one sentence each; a process that dies is started again."""

    def __init__(
        self, engine: str, cache: KeptSounds[Samples], instead: Callable[[Utterance], bool]
    ) -> None:
        super().__init__(name=f"speech {engine}", daemon=True)
        self._engine, self._cache, self._instead = engine, cache, instead
        self._waiting: deque[Utterance | Told] = deque()
        self._wake = threading.Condition()
        self._closing = False
        self._process: subprocess.Popen[bytes] | None = None
        self._hello = exchange.EngineHello()

    def begin(self, utterance: Utterance) -> None:
        """Speak an utterance: what it begins with and is kept at once, the rest in its turn.

        So nobody waits behind the synthesis of others for a sentence that is there already.
        """
        while utterance.sentences:
            key = self._key(utterance)
            samples = self._cache.get(key)
            if samples is None:
                self.post(utterance)
                return
            _hand_over(utterance, Spoken(key, samples))

    def post(self, work: Utterance | Told) -> None:
        """Speak an utterance, or tell about the voices: `(voices, why there are none)`."""
        with self._wake:
            self._waiting.append(work)
            self._wake.notify()

    def close(self) -> None:
        """End the process and the thread; callers that wait are told so."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        process = self._process
        if process is not None:
            process.kill()
        self.join()

    def run(self) -> None:
        """Work until `close`."""
        while True:
            with self._wake:
                while not (self._waiting or self._closing):
                    self._wake.wait()
                if self._closing:
                    break
                work = self._waiting.popleft()
            if not isinstance(work, Utterance):
                self._ensure()
                work(self._hello.voices, self._hello.error)
            elif self._say_next(work):
                self.post(work)
        self._kill()
        for work in self._waiting:
            if isinstance(work, Utterance):
                work.deliver(SpeechError("the worker ends"))

    def _say_next(self, utterance: Utterance) -> bool:
        """Say one sentence; return whether there are more."""
        if utterance.cancelled:
            return False
        key = self._key(utterance)
        samples = self._cache.get(key)
        if samples is None:
            _, voice, language, rate, sentence = key
            said = self._ask(exchange.Say(sentence, voice, language, rate))
            if said.error is not None:
                self._give_up(utterance, said)
                return False
            samples = np.frombuffer(said.samples, dtype=np.int16)
            self._cache.put(key, samples, samples.nbytes)
        _hand_over(utterance, Spoken(key, samples))
        return bool(utterance.sentences)

    def _key(self, utterance: Utterance) -> SpokenKey:
        """What the next sentence is kept under."""
        sentence = utterance.sentences[0]
        return (self._engine, utterance.voice, utterance.language, utterance.rate, sentence)

    def _give_up(self, utterance: Utterance, said: exchange.Said) -> None:
        """Let another engine try what this one cannot do at all; else tell the caller."""
        cannot = said.no_such_voice or self._hello.error is not None
        if cannot and not utterance.engine_was_chosen and self._instead(utterance):
            return
        utterance.deliver(SpeechError(said.error or "the engine failed"))

    def _ask(self, request: exchange.Say) -> exchange.Said:
        """Ask the process; it is ended when it does not answer, and started anew next time."""
        process = self._ensure()
        if process is None:
            return exchange.Said(error=self._hello.error)
        overdue = threading.Timer(ANSWER_S, process.kill)
        overdue.start()
        try:
            exchange.send(_pipe(process.stdin), request)
            return exchange.receive(_pipe(process.stdout), exchange.Said)
        except (EOFError, OSError, ValueError):
            stuck = not overdue.is_alive()
            self._kill()
            what = f"did not answer within {ANSWER_S:.0f} s" if stuck else "died"
            return exchange.Said(error=f"the speech engine {self._engine} {what}")
        finally:
            overdue.cancel()

    def _ensure(self) -> subprocess.Popen[bytes] | None:
        """Start the process unless it runs; None: the engine cannot be used here."""
        if self._process is None and self._hello.error is None and not self._closing:
            try:
                self._process = _start(self._engine)
                self._hello = exchange.receive(_pipe(self._process.stdout), exchange.EngineHello)
            except (EOFError, OSError):
                self._hello = exchange.EngineHello(
                    error=f"{self._engine} cannot be used here: it died"
                )
            if self._hello.error is not None:
                self._kill()
        return self._process

    def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                with contextlib.suppress(OSError):
                    _pipe(pipe).close()


def _hand_over(utterance: Utterance, spoken: Spoken) -> None:
    """Deliver the next sentence, and the end behind the last one."""
    utterance.sentences.popleft()
    utterance.deliver(spoken)
    if not utterance.sentences:
        utterance.deliver(None)


def _start(engine: str) -> subprocess.Popen[bytes]:
    settings = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    # The package need not be installed: the process finds it where this one did.
    settings["PYTHONPATH"] = os.pathsep.join(filter(None, (ROOT, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(
        [sys.executable, "-m", "media.speech.process", engine],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | settings,
        # A Ctrl-C in the terminal is for the worker, which ends its engines itself.
        start_new_session=True,
    )


def _pipe(pipe: Any) -> Any:
    if pipe is None:
        raise EOFError
    return pipe
