"""Where a caller is, inside an INVITE: PIDF-LO beside the description (RFC 6442, 4119 and 5139)."""

from __future__ import annotations

from typing import NamedTuple

from softswitch.sip.message.body import SDP

PIDF = "application/pidf+xml"
BOUNDARY = "softswitch-location"
"""Stands on no line of a description, whose lines begin with a letter and `=`, and in no location,
whose hyphens are escaped."""


class Content(NamedTuple):
    """The body of an INVITE and the headers that say what is in it."""

    kind: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


def with_location(sdp: bytes | None, location: str, entity: str, domain: str) -> Content:
    """A body that says beside the description where the caller is, in a sentence of text.

    `entity` is the caller's number, `domain` its host.
    """
    part_id = f"location@{domain}"
    headers = (("Geolocation", f"<cid:{part_id}>"), ("Geolocation-Routing", "no"))
    written = _document(location, f"sip:{entity}@{domain}").encode()
    parts = [] if sdp is None else [_part(SDP, sdp)]
    parts.append(_part(PIDF, written, f"Content-ID: <{part_id}>\r\n"))
    body = b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()
    return Content(f"multipart/mixed;boundary={BOUNDARY}", body, headers)


def _part(kind: str, content: bytes, more: str = "") -> bytes:
    return f"--{BOUNDARY}\r\nContent-Type: {kind}\r\n{more}\r\n".encode() + content + b"\r\n"


def _document(location: str, entity: str) -> str:
    """A PIDF-LO whose civic address is one text (LOC of RFC 5139 section 3.1)."""
    text = _escaped(_printable(location))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<presence xmlns="urn:ietf:params:xml:ns:pidf"'
        ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10"'
        ' xmlns:ca="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr"'
        f' entity="{_escaped(entity)}">\n'
        '<tuple id="location"><status><gp:geopriv><gp:location-info>'
        f"<ca:civicAddress><ca:LOC>{text}</ca:LOC></ca:civicAddress>"
        "</gp:location-info><gp:usage-rules/><gp:method>Manual</gp:method></gp:geopriv></status>"
        "</tuple></presence>\n"
    )


def _escaped(text: str) -> str:
    """The text as XML has it, also between quotation marks; without hyphens for the boundary."""
    for one, written in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(one, written)
    return text.replace("-", "&#45;")


def _printable(text: str) -> str:
    """Without characters that XML cannot hold."""
    return "".join(one if one.isprintable() else " " for one in text)
