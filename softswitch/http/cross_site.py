"""Tells requests that a page of another site made a browser send (CWE-352; Fetch Metadata, W3C).

A browser sends the password that it keeps for the switch with every request to it, whoever made
the page. `Sec-Fetch-Site` says so, but only to https and to localhost; elsewhere `Origin` and
`Referer` say it. Programs send none of the three.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from aiohttp import web

OWN_SITE = frozenset({"same-origin", "none"})
"Values of Sec-Fetch-Site of our own pages, and of what a person has typed."


def is_cross_site(request: web.Request) -> bool:
    """Whether a page of another origin has made the request."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site.lower() not in OWN_SITE
    page = request.headers.get("Origin") or request.headers.get("Referer")
    return bool(page) and _authority(page or "") != request.host.lower()


def is_seen(request: web.Request) -> bool:
    """Whether a person sees what is asked for: not a picture, script or form in another page."""
    if "X-Requested-With" in request.headers:  # a script asks, which has a form of its own
        return False
    is_page = request.headers.get("Sec-Fetch-Mode", "navigate").lower() == "navigate"
    return is_page and not is_cross_site(request)


def _authority(url: str) -> str:
    """Host and port as the Host header has them; empty for an opaque origin (`null`)."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""
