"""The passwords of phones and HTTP users: those of the settings, and random ones for the rest.

There are no default passwords. A phone or user without one in the settings gets a random one at the
first start; it is kept in a file that only its owner can read, and so outlives restarts.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from softswitch.settings.extensions.phone import PhoneExtension
from softswitch.settings.load import ConfigurationError, Settings

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"Letters and digits that nobody confuses when typing them into a phone."
GROUPS, GROUP = 4, 4
"Four groups of four characters: 79 bits."
TERMINAL_KEY = "X-Softswitch-Terminal"
"""The header that commands of the terminal prove by who they are: a long random text, new at every
start, which only the owner of the switch's files can read. So who is banned can still lift the ban
at the terminal, while guesses from this machine are slowed down like all others."""


@dataclass(frozen=True, slots=True)
class Passwords:
    """The passwords of all phones and HTTP users."""

    file: Path
    "Where the random ones are kept."
    phones: dict[str, str] = field(repr=False)
    "By number."
    http: dict[str, str] = field(repr=False)
    "By username."
    random_phones: frozenset[str] = frozenset()
    "Numbers whose password is a random one."
    random_http: frozenset[str] = frozenset()


def collect(settings: Settings) -> Passwords:
    """Gather all passwords, making and keeping what is missing; raises ConfigurationError."""
    phones: dict[str, str | None] = {}
    for extension in settings.extensions:
        if isinstance(extension, PhoneExtension):
            template = extension.password
            for number in extension.numbers():
                phones[number] = template and template.replace("{number}", number)
    file = settings.storage.passwords_file
    with _blaming(file):
        kept = _read(file)
        complete_phones, random_phones = _complete(phones, kept.setdefault("phones", {}))
        complete_http, random_http = _complete(_http_of(settings), kept.setdefault("http", {}))
        if random_phones or random_http:
            _write(file, kept)
    return Passwords(file, complete_phones, complete_http, random_phones, random_http)


def forget(file: Path, phones: Collection[str] = (), http: Collection[str] = ()) -> None:
    """Drop the random passwords of extensions and HTTP users that are gone.

    Whoever gets such a name next gets a new one. Raises ConfigurationError.
    """
    with _blaming(file):
        kept = _read(file)
        left = {
            part: {name: password for name, password in names.items() if name not in gone}
            for part, names, gone in (
                ("phones", kept.get("phones", {}), phones),
                ("http", kept.get("http", {}), http),
            )
        }
        if any(left[part] != kept.get(part, {}) for part in left):
            _write(file, {**kept, **left})


def kept_names(file: Path) -> tuple[Collection[str], Collection[str]]:
    """The extensions and the HTTP users whose random passwords are kept.

    Raises ConfigurationError.
    """
    with _blaming(file):
        kept = _read(file)
    return kept.get("phones", {}).keys(), kept.get("http", {}).keys()


def _http_of(settings: Settings) -> dict[str, str | None]:
    """The HTTP users of the settings, and their passwords where these name one."""
    return {user.username: user.password for user in settings.http.users} or {"admin": None}


@contextmanager
def _blaming(file: Path) -> Iterator[None]:
    """Name the file in what is wrong with it. Raises ConfigurationError."""
    try:
        yield
    except OSError as error:
        raise ConfigurationError([f"{file} cannot be used: {error.strerror}"]) from None
    except json.JSONDecodeError as error:
        where = f"{file}:{error.lineno}:{error.colno}"
        raise ConfigurationError([f"{where}: expected JSON, the passwords kept here"]) from None
    except ValueError:
        raise ConfigurationError([f"{file}: expected the tables phones and http"]) from None


def _complete(
    wanted: dict[str, str | None], kept: dict[str, str]
) -> tuple[dict[str, str], frozenset[str]]:
    """All with their passwords, and the names of those with random ones, which `kept` gets."""
    random = frozenset(name for name, password in wanted.items() if password is None)
    for name in random:
        kept.setdefault(name, random_password())
    return {name: password or kept[name] for name, password in wanted.items()}, random


def random_password() -> str:
    """Make one, such as `k7wd-9mxa-c3fh-tq2e`."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP)) for _ in range(GROUPS))


def _read(file: Path) -> dict[str, dict[str, str]]:
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(kept, dict) or not all(isinstance(part, dict) for part in kept.values()):
        raise ValueError("not a table of tables")
    return kept


def _write(file: Path, kept: dict[str, dict[str, str]]) -> None:
    """Replace the file as a whole, readable by its owner only."""
    text = json.dumps(kept, indent=1, sort_keys=True) + "\n"
    if file.exists() and file.read_text(encoding="utf-8") == text:
        return
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = file.with_name(file.name + ".new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    fresh.replace(file)
