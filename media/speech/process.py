"""A speech engine's process: `python -m media.speech.process ENGINE`, sentences in, sound out.

It talks over its standard input and output. Engines that print are sent to the standard error, and
the process yields to the media worker, whose tick must not wait for it.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from typing import Any, BinaryIO

import numpy as np

from media.speech import exchange
from media.speech.engine import Engine, NoSuchVoice, SpeechError
from media.speech.loudness import to_telephone

ENGINES = {
    "hibari": ("media.speech.hibari_engine", "HibariEngine"),
    "espeak": ("media.speech.espeak_engine", "EspeakEngine"),
    "pyttsx3": ("media.speech.pyttsx3_engine", "Pyttsx3Engine"),
    "piper": ("media.speech.piper_engine", "PiperEngine"),
}
"By name: the module and its class; imported only in the engine's own process."

NICENESS = 5


def load(name: str) -> Engine:
    """Make an engine; raises whatever keeps it from working here."""
    module, of = ENGINES[name]
    engine: Any = getattr(importlib.import_module(module), of)()
    return engine  # type: ignore[no-any-return]


def answer(engine: Engine, request: exchange.Say) -> exchange.Said:
    """Synthesise a sentence; every failure becomes an answer."""
    try:
        chunks = list(engine.synthesise(request.text, request.voice, request.language))
        sound = np.concatenate([np.zeros(0, np.float32), *chunks])
        return exchange.Said(samples=to_telephone(sound, engine.rate, request.rate).tobytes())
    except SpeechError as error:
        return exchange.Said(error=str(error), no_such_voice=isinstance(error, NoSuchVoice))
    except Exception:  # engines are not our code; the next sentence may succeed
        traceback.print_exc()
        return exchange.Said(error=f"the speech engine {engine.name} failed")


def serve(name: str, requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the other end closes."""
    try:
        engine = load(name)
    except Exception as error:  # a missing library, a missing model, a broken one
        exchange.send(
            answers, exchange.EngineHello(error=f"{name} cannot be used here{_why(error)}")
        )
        return
    exchange.send(answers, exchange.EngineHello(voices=engine.voices()))
    while True:
        try:
            request = exchange.receive(requests, exchange.Say)
        except EOFError:
            return
        exchange.send(answers, answer(engine, request))


def _why(error: Exception) -> str:
    """Behind a colon, in our words; empty for what only the engine's makers understand."""
    if isinstance(error, ImportError):
        return f": the package {(error.name or '?').partition('.')[0]} is not installed"
    if isinstance(error, OSError):
        return ": a library or a file that it needs is missing"
    return f": {error}" if isinstance(error, SpeechError) else ""


def main() -> None:
    """Keep the pipes to ourselves, then serve."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    os.nice(NICENESS)
    serve(sys.argv[1], sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
