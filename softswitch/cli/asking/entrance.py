"""Where the running switch is asked, and what proves who asks.

A running switch says so itself, in a file beside its passwords that only its owner can read
(`app/terminal_key.py`). Without that file, or where it belongs to somebody else, the settings say
where a switch should be, and they or the random passwords who may ask it.
"""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import NamedTuple

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.settings.plain import places
from softswitch.settings.plain.keys import PlainSettings
from softswitch.settings.toml import NotToml

TERMINAL_KEY = "X-Softswitch-Terminal"
"The header that carries the key: as in `settings/passwords.py`, which a test compares."
DEFAULT_LISTEN = "127.0.0.1:9509"
"`http.listen` where the settings say nothing: as in the models, which a test compares."
FIRST_USER = "admin"
"The only HTTP user of settings that name none."
WILDCARDS = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}
"Addresses on which a switch listens but is not asked."


class Entrance(NamedTuple):
    """Where and as whom the switch is asked."""

    scheme: str
    address: str
    "HOST:PORT."
    certificate: Path | None
    "With HTTPS, what it shows."
    headers: dict[str, str]
    "What proves who asks."
    user: str
    "In whose name; empty for the first admin."


def read_plainly(config: Path) -> PlainSettings:
    """The keys of a settings file; ends the command where it cannot be read."""
    try:
        return PlainSettings.read(config)
    except OSError as error:
        hint = () if config.exists() else ("--config names the settings file of the switch",)
        fail([f"{config}: cannot be read: {error.strerror}", *hint], WRONG_SETTINGS)
    except NotToml as error:
        fail([f"{config}:{error.line}:{error.column}: {error}"], WRONG_SETTINGS)


def passwords_of(settings: PlainSettings) -> Path:
    """Where the switch of these settings keeps random passwords."""
    url = settings.text("storage", "url", places.DATABASE)
    return places.passwords_file(url, settings.path("storage", "passwords"))


def entrance(config: Path, user: str | None) -> Entrance:
    """How the switch of a settings file is asked; ends the command where nothing says that."""
    settings = read_plainly(config)
    told = _told_by_the_switch(places.terminal_key_file(passwords_of(settings)))
    if told is None:
        return _told_by_the_settings(config, settings, user)
    headers = {TERMINAL_KEY: told["key"]}
    if user is not None:
        headers["Authorization"] = _basic(user, "")
    certificate = Path(told["certificate"]) if told["certificate"] else None
    return Entrance(told["scheme"], told["address"], certificate, headers, user or "")


def _told_by_the_switch(file: Path) -> dict[str, str] | None:
    """What a running switch says; None where no such file can be read."""
    try:
        told = json.loads(file.read_bytes())
        return {name: str(told[name]) for name in ("scheme", "address", "certificate", "key")}
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _told_by_the_settings(config: Path, settings: PlainSettings, user: str | None) -> Entrance:
    kept = _kept_passwords(passwords_of(settings))
    users = list(settings.entries("http", "users")) or [{"username": FIRST_USER}]
    passwords = {str(each.get("username")): _password(each) for each in users}
    passwords = {name: password or kept.get(name, "") for name, password in passwords.items()}
    passwords = {**kept, **passwords}
    admins = (str(each["username"]) for each in users if each.get("role", "admin") == "admin")
    name = user or next(admins, str(users[0].get("username")))
    if name not in passwords:
        known = ", ".join(passwords)
        fail([f"no HTTP user {name!r} in {config}, expected one of {known}"], WRONG_SETTINGS)
    if not passwords[name]:
        fail(_no_password(config, settings, name), NOT_RUN)
    return Entrance(
        "https" if settings.truth("http", "tls") else "http",
        _asked_at(settings.text("http", "listen", DEFAULT_LISTEN)),
        _certificate(settings),
        {"Authorization": _basic(name, passwords[name])},
        name,
    )


def _no_password(config: Path, settings: PlainSettings, name: str) -> list[str]:
    file = passwords_of(settings)
    return [
        f"user {name!r} has no password yet: no switch has run with {config} here,",
        f"as there is none in {file.absolute()}",
        f"`softswitch serve --config {config}` starts it; relative paths of the settings begin in "
        "the folder where it is started, so start commands there, too",
    ]


def _asked_at(listen: str) -> str:
    host, colon, port = listen.rpartition(":")
    return f"{WILDCARDS.get(host, host)}{colon}{port}"


def _certificate(settings: PlainSettings) -> Path | None:
    if not settings.truth("http", "tls"):
        return None
    own = settings.path("tls", "certificate")
    further = (
        Path(str(each.get("certificate"))) for each in settings.entries("tls", "certificates")
    )
    return own or next(further, Path())


def _basic(name: str, password: str) -> str:
    return f"Basic {b64encode(f'{name}:{password}'.encode()).decode()}"


def _password(user: object) -> str:
    """The password that the settings have for a user; empty where they have none."""
    if not isinstance(user, dict):
        return ""
    if user.get("password"):
        return str(user["password"])
    if not user.get("password_file"):
        return ""
    file = Path(str(user["password_file"]))
    try:
        return file.read_text(encoding="utf-8").split("\n", 1)[0].strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "expected UTF-8"
        fail([f"password_file {file} cannot be read: {why}"], WRONG_SETTINGS)


def _kept_passwords(file: Path) -> dict[str, str]:
    """The random passwords of HTTP users; ends the command where the file cannot be read."""
    try:
        kept = json.loads(file.read_bytes())["http"]
        return {str(name): str(password) for name, password in kept.items()}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        wrong = f"{file.absolute()} cannot be read: {error.strerror}"
        fail([wrong, "commands ask the switch as the user that runs it"], WRONG_SETTINGS)
    except (ValueError, LookupError, TypeError, AttributeError):
        return {}
