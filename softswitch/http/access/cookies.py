"""The cookie of a session: sent by our own pages only, and no script reads it (RFC 6265).

Its name has the port, since browsers send the cookies of a host to each of its ports, and over
HTTPS the prefix that forbids others to set it (draft-ietf-httpbis-rfc6265bis section 4.1.3).
"""

from __future__ import annotations

from aiohttp import web

HEADER = "X-Requested-With"
WORD = "softswitch"
"What our own pages send in that header: pages of others cannot."


def cookie_of(request: web.Request) -> str:
    """The cookie of the session; empty where the request brings none."""
    return request.cookies.get(_name(request), "")


def set_cookie(request: web.Request, answer: web.Response, cookie: str) -> None:
    """Have the browser keep it until it is closed; the session may end sooner."""
    answer.set_cookie(
        _name(request),
        cookie,
        path="/",
        httponly=True,
        samesite="Strict",
        secure=_is_secure(request),
    )


def drop_cookie(request: web.Request, answer: web.Response) -> None:
    """Have the browser forget it."""
    answer.del_cookie(
        _name(request), path="/", httponly=True, samesite="Strict", secure=_is_secure(request)
    )


def is_by_our_page(request: web.Request) -> bool:
    """Whether the request says that a page of ours, or a program, has made it."""
    return request.headers.get(HEADER, "").lower() == WORD


def _name(request: web.Request) -> str:
    port = request.host.rpartition(":")[2]
    name = f"softswitch-{port}" if port.isdecimal() and port.isascii() else "softswitch"
    return f"__Host-{name}" if _is_secure(request) else name


def _is_secure(request: web.Request) -> bool:
    """Whether the browser speaks HTTPS, with us or with a proxy before us."""
    forwarded = request.headers.get("X-Forwarded-Proto", "").partition(",")[0]
    return request.secure or forwarded.strip().lower() == "https"
