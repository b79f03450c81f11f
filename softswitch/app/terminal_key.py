"""The key by which commands of the terminal prove that they run here: see `http/users.py`."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import structlog

log = structlog.get_logger("softswitch.security")

OCTETS = 32
"Of a key: nobody guesses it, so no ban need slow down who tries."


class TerminalKey:
    """A new key, and the file in which it is kept while the switch runs."""

    def __init__(self, file: Path) -> None:
        """Nothing is written yet: the file may be that of another switch, which runs."""
        self._file = file
        self.secret = secrets.token_urlsafe(OCTETS)

    def keep(self) -> None:
        """Write it to the file, which only its owner can read, in place of the last one.

        Where the file cannot be written the log says so, and nobody proves anything by the key.
        """
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                stream.write(self.secret)
            fresh.replace(self._file)
        except OSError as error:
            log.warning("no key for the terminal", file=str(self._file), reason=error.strerror)

    def drop(self) -> None:
        """Remove the file, unless it is gone or another switch has put its own key there."""
        try:
            if self._file.read_bytes() == self.secret.encode():
                self._file.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("key is left behind", file=str(self._file), reason=error.strerror)
