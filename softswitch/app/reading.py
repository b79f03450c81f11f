"""Reads a settings file and looks at what it names; a large one in a process of its own.

Ten thousand extensions take half a second of reading, in which a running switch would be late
with everything else. `python -m softswitch.app.reading FILE` reads them beside it, and writes what
it has read as pickled parts, each of which the switch takes in a millisecond.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from softswitch.app.check_files import look_at_files
from softswitch.settings.load import ConfigurationError, Settings, load

LARGE = 100_000
"Octets of a file that is read in a process of its own."
PART = 200
"Extensions of a part."
NICENESS = 5
"How much the process gives way to media and calls."


def read_settings(file: Path, *, strict: bool | None = None) -> Settings:
    """The settings, whose files are there; one ConfigurationError with every mistake.

    `strict` also refuses what scripts can run without; None: where the settings say so.
    """
    lines: list[str] = []
    try:
        rest: Settings | None = (settings := load(file))
    except ConfigurationError as error:
        lines, rest = list(error.lines), error.rest
    if rest is not None:
        try:
            look_at_files(file, rest, strict=rest.ozml.strict if strict is None else strict)
        except ConfigurationError as error:
            lines += error.lines
    if lines:
        raise ConfigurationError(lines)
    return settings


def read_beside(file: Path) -> Settings:
    """The same for a switch that runs; for a thread. Raises ConfigurationError."""
    try:
        large = file.stat().st_size >= LARGE
    except OSError:
        large = False
    return _read_in_process(file) if large else read_settings(file)


def _read_in_process(file: Path) -> Settings:
    command = [sys.executable, "-m", "softswitch.app.reading", str(file)]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        parts = list(_parts(process.stdout))
    if process.returncode or not parts:
        raise ConfigurationError([f"{file}: cannot be read: the process that reads it has ended"])
    first: Settings | list[str]
    first, *rest = parts
    if isinstance(first, list):
        raise ConfigurationError(first)
    extensions = tuple(each for part in rest for each in part)
    return first.model_copy(update={"extensions": extensions})


def _parts(stream: IO[bytes]) -> Iterator[Any]:
    """What comes from the process; the loop has its turn after each part."""
    while length := stream.read(4):
        yield pickle.loads(stream.read(int.from_bytes(length)))
        time.sleep(0)


def _write_parts(file: Path, stream: IO[bytes]) -> None:
    def write(part: object) -> None:
        octets = pickle.dumps(part, pickle.HIGHEST_PROTOCOL)
        stream.write(len(octets).to_bytes(4) + octets)

    try:
        settings = read_settings(file)
    except ConfigurationError as error:
        write(list(error.lines))
        return
    write(settings.model_copy(update={"extensions": ()}))
    for start in range(0, len(settings.extensions), PART):
        write(settings.extensions[start : start + PART])


if __name__ == "__main__":
    os.nice(NICENESS)
    _write_parts(Path(sys.argv[1]), sys.stdout.buffer)
    sys.stdout.buffer.flush()
