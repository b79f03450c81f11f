"""Messages as files: one message a file, in JSON or, incoming, plain text.

An outgoing file gets its name when it is whole and on disk. An incoming file is moved to `done`
when its message is stored, to `bad` where it holds none.
"""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import structlog
from msgspec.structs import replace

from softswitch.messaging.connections.connection import (
    Arrival,
    ConnectionState,
    Full,
    Hub,
    Later,
    MessageRefused,
    NotStarted,
    Sent,
)
from softswitch.messaging.connections.message_json import NotAMessage, read_fields, written
from softswitch.store.database.directories import put
from softswitch.store.errors import StoreError
from softswitch.store.messages import TextMessage

_LOG = structlog.get_logger("softswitch.messaging")

LARGEST = 1_000_000
"Octets of a file that is read."
AT_ONCE = 200
"Files that are taken in one look."
TAKEN = (".json", ".txt")


class FolderConnection:
    """A folder for outgoing messages, one for incoming ones, or both."""

    kind = "folder"
    window = 4

    def __init__(
        self,
        name: str,
        *,
        outgoing: Path | None = None,
        incoming: Path | None = None,
        interval: float = 1.0,
        user: str = "",
    ) -> None:
        self.name = name
        self._outgoing = outgoing
        self._incoming = incoming
        self._interval = interval
        self._user = user
        self._hub: Hub = NotStarted()
        self._error = ""
        self._watching: asyncio.Task[None] | None = None

    @property
    def state(self) -> ConnectionState:
        return ConnectionState(not self._error, self._error)

    async def start(self, hub: Hub) -> None:
        """Make the folders and watch the incoming one. Raises OSError."""
        self._hub = hub
        for folder in self._folders():
            try:
                await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
            except OSError as error:
                raise OSError(f"{folder} cannot be made: {error.strerror}") from error
        if self._incoming is not None:
            self._watching = asyncio.get_running_loop().create_task(
                self._watch(self._incoming), name=f"folder {self.name}"
            )

    def _folders(self) -> list[Path]:
        folders = [self._outgoing] if self._outgoing else []
        if self._incoming:
            folders += [self._incoming, self._incoming / "done", self._incoming / "bad"]
        return folders

    async def stop(self) -> None:
        """End."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)

    async def send(self, message: TextMessage) -> Sent:
        """Write a message; a second attempt replaces the file."""
        if self._outgoing is None:
            raise Later("the settings name no outgoing folder")
        text = json.dumps(written(message), ensure_ascii=False, indent=1)
        path = self._outgoing / f"{message.id}.json"
        try:
            await asyncio.to_thread(_write, path, text.encode("utf-8", "replace"))
        except OSError as error:
            self._error = f"{self._outgoing}: {error.strerror}"
            raise Later(f"{path.name}: {error.strerror}") from None
        self._error = ""
        return Sent(delivered=True)

    async def _watch(self, incoming: Path) -> None:
        while True:
            try:
                for path in await asyncio.to_thread(_listed, incoming):
                    await self._take(path)
                self._error = ""
            except OSError as error:
                self._tell(f"{error.filename or incoming}: {error.strerror}")
            except (StoreError, Full) as error:
                self._tell(str(error))
            await asyncio.sleep(self._interval)

    def _tell(self, why: str) -> None:
        self._error = why
        _LOG.error("folder not read", connection=self.name, error=why)

    async def _take(self, path: Path) -> None:
        """Take one file. Raises OSError, StoreError and Full, which leave it where it is."""
        octets, origin = await asyncio.to_thread(_read, path)
        try:
            await self._hub.arrived(self._arrival(path, octets, f"{self.name}:{origin}"))
        except Full:
            raise
        except (NotAMessage, MessageRefused) as error:
            _LOG.warning(
                "file is no message", connection=self.name, file=path.name, error=str(error)
            )
            await asyncio.to_thread(os.replace, path, path.parent / "bad" / path.name)
            return
        await asyncio.to_thread(os.replace, path, path.parent / "done" / path.name)

    def _arrival(self, path: Path, octets: bytes, origin: str) -> Arrival:
        if len(octets) > LARGEST:
            raise NotAMessage(f"expected at most {LARGEST} octets")
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise NotAMessage(f"expected UTF-8, octet {error.start + 1} is none") from None
        if path.suffix == ".txt":
            return Arrival(
                connection=self.name, text=text, from_address=path.stem, user=self._user,
                origin=origin,
            )  # fmt: skip
        fields = read_fields(_json(text))
        arrival = fields.arrival(self.name, self._user, origin)
        return replace(arrival, valid_until=fields.valid_until)


def _json(text: str) -> object:
    """The value of a file. Raises NotAMessage with the place."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotAMessage(f"line {error.lineno}, column {error.colno}: expected JSON") from None
    except (RecursionError, ValueError):
        raise NotAMessage("expected JSON of few levels and short numbers") from None


def _listed(folder: Path) -> list[Path]:
    """The files to take, oldest first; those whose name begins with a dot are not whole yet."""
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.endswith(TAKEN) and name[0] != "." and entry.is_file(follow_symlinks=False):
                found.append((entry.stat().st_mtime, folder / name))
    return [path for _, path in sorted(found)[:AT_ONCE]]


def _read(path: Path) -> tuple[bytes, str]:
    """The octets of a file, and a text that tells it from earlier files of its name."""
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        return file.read(LARGEST + 1), f"{path.name}:{status.st_ino}:{status.st_mtime_ns}"


def _write(path: Path, octets: bytes) -> None:
    hidden = path.with_name(f".{path.name}")
    with hidden.open("wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
    put(hidden, path)
