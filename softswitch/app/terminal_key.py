"""How commands of the terminal find the running switch and prove that they run on its machine.

A file beside the passwords, which only its owner can read, holds where the switch is asked and a
key that is new at every start: see `http/users.py`, and `cli/asking/entrance.py`, which reads it.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

import structlog

from softswitch.settings.load import Settings
from softswitch.settings.values import join_host_port
from softswitch.transport.addresses import WILDCARDS

log = structlog.get_logger("softswitch.security")

OCTETS = 32
"Of a key: nobody guesses it, so no ban need slow down who tries."


class TerminalKey:
    """A new key, and the file in which it is kept while the switch runs."""

    def __init__(self, file: Path) -> None:
        """Nothing is written yet: the file may be that of another switch, which runs."""
        self._file = file
        self.secret = secrets.token_urlsafe(OCTETS)

    def keep(self, settings: Settings, listen: tuple[str, int]) -> None:
        """Write it, and where the switch is asked, in place of the file of the last one.

        Only the owner can read the file. Where it cannot be written the log says so, and nobody
        proves anything by the key. `listen` is the address of the web API.
        """
        fresh = self._file.with_name(self._file.name + ".new")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
                json.dump(self._told(settings, listen), stream)
            fresh.replace(self._file)
        except OSError as error:
            log.warning("no key for the terminal", file=str(self._file), reason=error.strerror)

    def _told(self, settings: Settings, listen: tuple[str, int]) -> dict[str, object]:
        tls = settings.tls
        shown = tls.certificate or next((each.certificate for each in tls.certificates), None)
        host, port = listen
        if host in WILDCARDS:
            host = "::1" if ":" in host else "127.0.0.1"
        return {
            "scheme": settings.http.scheme,
            "address": join_host_port(host, port),
            "certificate": str(shown.absolute()) if settings.http.tls and shown else "",
            "key": self.secret,
            "pid": os.getpid(),
        }

    def drop(self) -> None:
        """Remove the file, unless it is gone or another switch has put its own key there."""
        try:
            if self.secret in self._file.read_text(encoding="utf-8", errors="replace"):
                self._file.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            log.warning("key is left behind", file=str(self._file), reason=error.strerror)
