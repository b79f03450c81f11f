"""The secret in the URL of each phone's files, and how it is renewed.

The secret is made of a key that only the store has, the number and a generation; a new generation
makes the old URL worthless. Nothing has to be kept for phones whose URL was never renewed.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from hashlib import blake2b
from urllib.parse import quote

import structlog

from softswitch.settings.values import join_host_port
from softswitch.store.database.changes import Change, Write
from softswitch.store.errors import StoreError
from softswitch.store.exchange.choices import ChoiceRow, save_choice

log = structlog.get_logger("softswitch.provisioning")

PLACE = "/provisioning/"
OF = "provisioning"
"What choices are for that are generations of URLs."
OCTETS = 20
"Of a secret: 32 characters, 160 bits."
AT_A_TIME = 1000
"URLs of one write: what others write meanwhile waits for that long, some 10 ms."


class PhoneUrls:
    """Makes the URLs of phones, and knows them again."""

    __slots__ = ("_generations", "_host", "_key", "_now", "_port", "_public", "_scheme", "_write")

    def __init__(
        self,
        key: bytes,
        write: Write,
        address: tuple[str, int],
        rows: Iterable[ChoiceRow] = (),
        *,
        public: str | None = None,
        scheme: str = "https",
        now: Callable[[], float] = time.time,
    ) -> None:
        """`key` outlives restarts; `address` is where phones reach the HTTP server.

        `rows` is what an earlier process has kept. `public` is what URLs begin with instead of
        scheme and address: `https://pbx.example.org`. `now` is Unix time in seconds.
        """
        self._key = key
        self._write = write
        self._host, self._port = address
        self._public = public
        self._scheme = scheme
        self._now = now
        self._generations = {row.name: _generation(row) for row in rows}

    def listens_on(self, port: int) -> None:
        """Take the port that the HTTP server has got where the settings leave it open (0)."""
        self._port = port

    @property
    def base(self) -> str:
        """What all URLs begin with, without a slash at the end."""
        return self._public or f"{self._scheme}://{join_host_port(self._host, self._port)}"

    def secret(self, number: str) -> str:
        """The secret of an extension's URL, 32 lower-case letters and digits."""
        generation = self._generations.get(number, 0)
        digest = blake2b(
            f"{generation} {number}".encode(),
            key=self._key[:64],
            digest_size=OCTETS,
            person=b"provisioning",
        )
        return base64.b32encode(digest.digest()).decode().lower()

    def is_right(self, number: str, secret: str) -> bool:
        """Whether that is the secret of an extension; takes as long for every wrong one."""
        return hmac.compare_digest(self.secret(number).encode(), secret.encode(errors="replace"))

    def url(self, number: str, file: str = "") -> str:
        """The URL of a file; without a name, the base to which the phone adds its own."""
        return f"{self.base}{PLACE}{quote(number, safe='')}/{self.secret(number)}/{file}"

    async def renew(self, number: str, by: str) -> None:
        """Make the URL of an extension worthless and give it another; on disk when this returns.

        `by` is the user who asks. Raises StoreError when the disk does not take it.
        """
        generation = self._generations.get(number, 0) + 1
        value: dict[str, object] = {"generation": generation}
        await self._write(save_choice(ChoiceRow(OF, number, value, self._now(), by)))
        self._generations[number] = generation
        log.info("phone URL renewed", extension=number, by=by)

    def kept(self) -> Iterable[str]:
        """Nobody: a URL that was never renewed has left no trace, and others have."""
        return ()

    def forget(self, numbers: Sequence[str]) -> Awaitable[None]:
        """Make the URLs of extensions that are gone worthless, at once; the rest is the disk's.

        Whoever has had such a number could else fetch the password of the next one who gets it.
        What the disk refuses is logged, and holds until a restart.
        """
        for number in numbers:
            self._generations[number] = self._generations.get(number, 0) + 1
        return self._keep(numbers)

    async def _keep(self, numbers: Sequence[str]) -> None:
        for at in range(0, len(numbers), AT_A_TIME):
            some = numbers[at : at + AT_A_TIME]
            try:
                await self._write(*map(self._row, some))
            except StoreError as error:
                log.error("phone URLs not renewed on disk", numbers=some[:20], error=str(error))

    def _row(self, number: str) -> Change:
        value: dict[str, object] = {"generation": self._generations[number]}
        return save_choice(ChoiceRow(OF, number, value, self._now(), ""))


def _generation(row: ChoiceRow) -> int:
    kept = row.value.get("generation")
    return kept if isinstance(kept, int) else 0
