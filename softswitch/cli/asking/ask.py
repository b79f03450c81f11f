"""Asks the running switch by its HTTP API: `/api`, and `/v1` with its lists and files."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from softswitch.cli.asking.entrance import Entrance, entrance
from softswitch.cli.asking.refusals import refusal, silence, where
from softswitch.cli.exits import NOT_RUN, WRONG_SETTINGS, fail

SECONDS = 60
"The longest that the switch may take to answer."
OCTETS = "application/octet-stream"
PAGE = "1000"
"Rows of a list that are asked for at a time."
REFUSED = 422
"The status of what cannot be taken, with all of its mistakes."


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
    config: Path, user: str | None, path: str, rows: str, *, page: str = PAGE, **query: str
) -> list[dict[str, Any]]:
    """All rows of a list of `/v1`, page by page; `rows` is what its answers call them."""
    found: list[dict[str, Any]] = []
    while True:
        part = ask_v1(config, user, path, offset=str(len(found)), limit=page, **query)
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
            fail(refusal(error, entrance(config, user), config), NOT_RUN)
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
    at, given = _fetch(config, user, method, target, body, etag=etag)
    try:
        told: dict[str, Any] = json.loads(given or "{}")
    except ValueError:
        fail([f"what answers at {at.address} is no switch", where(config)], NOT_RUN)
    return told


def _fetch(
    config: Path, user: str | None, method: str, target: str, body: object = None, *, etag: str = ""
) -> tuple[Entrance, bytes]:
    """Where the switch is asked, and what it answers."""
    try:
        return _open(config, user, method, target, body, etag=etag)
    except urllib.error.HTTPError as error:
        fail(refusal(error, entrance(config, user), config), NOT_RUN)


def _open(
    config: Path,
    user: str | None,
    method: str,
    target: str,
    body: object = None,
    *,
    etag: str = "",
    seconds: float = SECONDS,
) -> tuple[Entrance, bytes]:
    """The same; raises HTTPError where the switch refuses."""
    at = entrance(config, user)
    request = urllib.request.Request(
        f"{at.scheme}://{at.address}{target}",
        data=body if body is None or isinstance(body, bytes) else json.dumps(body).encode(),
        headers={
            "Content-Type": OCTETS if isinstance(body, bytes) else "application/json",
            **({"If-Match": etag} if etag else {}),
            **at.headers,
        },
        method=method,
    )
    tls = _own_certificate(at)
    try:
        with _opener(tls).open(request, timeout=seconds) as answer:
            told: bytes = answer.read()
    except urllib.error.HTTPError:
        raise
    except (OSError, http.client.HTTPException) as error:
        fail(silence(error, at, config, seconds), NOT_RUN)
    return at, told


class NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere: what is asked may hold the key of the switch."""

    def redirect_request(self, *_: object) -> None:
        """Say that there is nothing to follow."""


def _opener(tls: ssl.SSLContext | None) -> urllib.request.OpenerDirector:
    """Asks the switch itself, whatever proxy the environment names."""
    return urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls), NoRedirect
    )


def _own_certificate(at: Entrance) -> ssl.SSLContext | None:
    """Believe our own certificate and no other, whatever names it has; None without HTTPS."""
    if at.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        context.load_verify_locations(at.certificate)
    except OSError as error:
        wrong = error.strerror or "expected a certificate in PEM"
        fail([f"tls.certificate {at.certificate} cannot be read: {wrong}"], WRONG_SETTINGS)
    return context
