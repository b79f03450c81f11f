"""The key by which commands of the terminal prove that they run here: see `http/users.py`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import structlog

log = structlog.get_logger("softswitch.security")

OCTETS = 32
"Of a key: nobody guesses it, so no ban need slow down who tries."


def new_terminal_key(file: Path) -> str:
    """Make one and keep it in a file that only its owner can read, in place of the last one.

    Empty where the file cannot be written: then nobody proves anything by it.
    """
    key = secrets.token_urlsafe(OCTETS)
    fresh = file.with_name(file.name + ".new")
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
            stream.write(key)
        fresh.replace(file)
    except OSError as error:
        log.warning("no key for the terminal", file=str(file), reason=error.strerror)
        return ""
    return key
