"""Asks the running switch by its HTTP API, with the address and the passwords of its settings."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, NoReturn

from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail
from softswitch.settings.load import ConfigurationError, Settings, load
from softswitch.settings.passwords import TERMINAL_KEY, known_http
from softswitch.settings.values import join_host_port
from softswitch.transport.addresses import WILDCARDS

SECONDS = 60
"The longest that the switch may take to answer."
OCTETS = "application/octet-stream"
PAGE = 1000
"Rows of a list that are asked for at a time."
REFUSED = 422
"The status of what cannot be taken, with all of its mistakes."
LONGEST_SENTENCE = 300
"Characters of an answer that is no JSON; what is longer is the page of some other server."
WRONG_LOGIN = 401
"The status of a user or password that the switch does not know."
TOO_MANY_LOGINS = 429
"The status of a source that has sent wrong passwords too often."


def ask_switch(
    config: Path, user: str | None, action: str, body: object = None, **query: str
) -> dict[str, Any]:
    """The data of the answer to an action of `/api`; `body` is sent as JSON where there is one.

    Ends the command when the settings are wrong, the switch does not answer or refuses.
    """
    method = "GET" if body is None else "POST"
    answer = _ask(config, user, method, _target("/api", {"action": action, **query}), body)
    data: dict[str, Any] = answer["data"]
    return data


def ask_v1(
    config: Path,
    user: str | None,
    path: str,
    *,
    method: str = "GET",
    body: object = None,
    etag: str = "",
    **query: str,
) -> dict[str, Any]:
    """The answer of a path of `/v1`, nothing where it has none; ends the command as `ask_switch`.

    `body` is sent as JSON, or as it is where it is octets. `etag`: what the entry that is changed
    must have.
    """
    return _ask(config, user, method, _target(f"/v1/{path}", query), body, etag=etag)


def ask_v1_all(
    config: Path, user: str | None, path: str, rows: str, **query: str
) -> list[dict[str, Any]]:
    """All rows of a list of `/v1`, page by page; `rows` is what its answers call them."""
    found: list[dict[str, Any]] = []
    while True:
        part = ask_v1(config, user, path, offset=str(len(found)), limit=str(PAGE), **query)
        found += part[rows]
        if not part[rows] or len(found) >= part["total"]:
            return found


def ask_v1_octets(config: Path, user: str | None, path: str) -> bytes:
    """What a path of `/v1` answers that is a file."""
    return _fetch(config, user, "GET", _target(f"/v1/{path}", {}))[1]


def ask_mistakes(
    config: Path, user: str | None, path: str, body: object, *, seconds: float = SECONDS
) -> list[dict[str, Any]]:
    """The mistakes for which the switch refuses what is posted; none where it takes it."""
    try:
        _open(config, user, "POST", _target(f"/v1/{path}", {}), body, seconds=seconds)
    except urllib.error.HTTPError as error:
        if error.code != REFUSED:
            _refuse(error, config, user)
        told: list[dict[str, Any]] = json.load(error)["mistakes"]
        return told
    return []


def quoted(name: str) -> str:
    """A name as a part of a path."""
    return urllib.parse.quote(name, safe="")


def ask_v1_text(config: Path, user: str | None, path: str, **query: str) -> str:
    """The same of a path that answers no JSON."""
    return _fetch(config, user, "GET", _target(f"/v1/{path}", query))[1].decode()


def _target(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urllib.parse.urlencode(query)}"


def _ask(
    config: Path, user: str | None, method: str, target: str, body: object = None, *, etag: str = ""
) -> dict[str, Any]:
    address, given = _fetch(config, user, method, target, body, etag=etag)
    try:
        told: dict[str, Any] = json.loads(given or "{}")
    except ValueError:
        fail([f"what answers at {address} is no switch", _where(config)], NOT_RUN)
    return told


def _fetch(
    config: Path, user: str | None, method: str, target: str, body: object = None, *, etag: str = ""
) -> tuple[str, bytes]:
    """Where the switch is asked, and what it answers."""
    try:
        return _open(config, user, method, target, body, etag=etag)
    except urllib.error.HTTPError as error:
        _refuse(error, config, user)


def _open(
    config: Path,
    user: str | None,
    method: str,
    target: str,
    body: object = None,
    *,
    etag: str = "",
    seconds: float = SECONDS,
) -> tuple[str, bytes]:
    """The same; raises HTTPError where the switch refuses."""
    settings, name, password = _login(config, user)
    key = _terminal_key(settings)
    host, port = settings.http.listen
    host = "127.0.0.1" if host in WILDCARDS else host
    address = join_host_port(host, port)
    token = base64.b64encode(f"{name}:{password}".encode()).decode()
    request = urllib.request.Request(
        f"{settings.http.scheme}://{address}{target}",
        data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
        headers={
            "Authorization": f"Basic {token}",
            "Content-Type": OCTETS if isinstance(body, bytes) else "application/json",
            **({"If-Match": etag} if etag else {}),
            **({TERMINAL_KEY: key} if key else {}),
        },
        method=method,
    )
    tls = _own_certificate(settings)
    try:
        with urllib.request.urlopen(request, timeout=seconds, context=tls) as answer:
            told: bytes = answer.read()
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        why = _why(error, seconds)
        fail([f"the switch at {address} {why}", _what_to_do(error, config)], NOT_RUN)
    return address, told


def _why(error: OSError | http.client.HTTPException, seconds: float) -> str:
    """The words of the system, without those of the library around them."""
    cause = _cause(error)
    if isinstance(cause, TimeoutError):
        return f"does not answer: nothing came within {seconds:g} seconds"
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "shows another certificate than that of the settings"
    if isinstance(cause, ssl.SSLError):
        return "does not answer by HTTPS"
    if isinstance(cause, OSError) and cause.strerror:
        return f"does not answer: {cause.strerror}"
    return "does not answer: the connection broke"


def _what_to_do(error: OSError | http.client.HTTPException, config: Path) -> str:
    cause = _cause(error)
    if isinstance(cause, ConnectionRefusedError):
        return f"`softswitch serve --config {config}` starts it; --config names other settings"
    if isinstance(cause, ssl.SSLError):
        return f"a switch takes http and tls of {config} at its start: restart it if they are new"
    if isinstance(cause, http.client.HTTPException | ConnectionError):
        return f"it may speak HTTPS, or be no switch: http.tls and http.listen of {config} say how"
    return _where(config)


def _where(config: Path) -> str:
    return f"http.listen of {config} is where it is looked for; --config names other settings"


def _cause(error: OSError | http.client.HTTPException) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error


def _refuse(error: urllib.error.HTTPError, config: Path, user: str | None) -> NoReturn:
    """End the command with why the switch refuses, and what to do where it is the login."""
    lines = _sentences(error)
    if error.code == WRONG_LOGIN:
        name = _login(config, user)[1]
        lines = [
            f"the switch does not take user {name!r} with the password that {config} leads to",
            "if that has changed, restart the switch; --config and --user name others",
        ]
    elif error.code == TOO_MANY_LOGINS:
        lines.append("on the machine of the switch, `softswitch bans lift --all` ends that")
    fail(lines, NOT_RUN)


def _sentences(error: urllib.error.HTTPError) -> list[str]:
    """Why the switch refuses: it says so in JSON, with all mistakes, or as a text."""
    text = error.read().decode(errors="replace")
    try:
        told = json.loads(text)
        if "mistakes" in told:
            return [
                ": ".join(filter(None, (each["where"], each["wrong"]))) for each in told["mistakes"]
            ]
        return [str(told.get("response_msg") or told["detail"])]
    except (ValueError, LookupError, AttributeError, TypeError):
        said = text.strip()
        if not said or len(said) > LONGEST_SENTENCE or said.startswith("<"):
            said = f"{error.code} {error.reason}, from what is perhaps no switch"
        return [said]


def _own_certificate(settings: Settings) -> ssl.SSLContext | None:
    """Believe our own certificate and no other, whatever names it has; None without HTTPS."""
    if not settings.http.tls:
        return None
    own = settings.tls.certificate or settings.tls.certificates[0].certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(own)
    except OSError as error:
        wrong = error.strerror or "expected a certificate in PEM"
        fail([f"tls.certificate {own} cannot be read: {wrong}"], WRONG_SETTINGS)
    return context


def _login(config: Path, user: str | None) -> tuple[Settings, str, str]:
    """The settings, and name and password of the user, by default the first admin."""
    try:
        settings = load(config)
        passwords = known_http(settings)
    except ConfigurationError as error:
        hint = () if config.exists() else ("--config names the settings file of the switch",)
        fail([*error.lines, *hint], WRONG_SETTINGS)
    admins = (each.username for each in settings.http.users if each.role == "admin")
    name = user or next(admins, next(iter(passwords)))
    if name not in passwords:
        known = ", ".join(passwords)
        fail([f"no HTTP user {name!r} in {config}, expected one of {known}"], WRONG_SETTINGS)
    if not passwords[name]:
        never = f"user {name!r} has no password yet: no switch has run with {config}"
        fail([never, f"`softswitch serve --config {config}` starts it"], NOT_RUN)
    return settings, name, passwords[name]


def _terminal_key(settings: Settings) -> str:
    """What proves to the running switch that it is asked from here, so that no ban is in the way.

    Empty for who may not read it.
    """
    try:
        return settings.storage.terminal_key_file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""
