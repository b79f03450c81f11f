"""What a MESSAGE of a phone holds: its text, its type, until when it is valid (RFC 3428)."""

from __future__ import annotations

from softswitch.sip.message.message import Request


def text_of(request: Request) -> str:
    """The body as text. Raises UnicodeDecodeError and LookupError where it cannot be read."""
    charset = "utf-8"
    for parameter in (request.headers.get("Content-Type") or "").split(";")[1:]:
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip('"') or charset
    return request.body.decode(charset)


def content_type_tags(request: Request) -> dict[str, str]:
    """The tags that keep its type, where that is not plain text."""
    kind = (request.content_type or "").lower()
    return {} if kind == "text/plain" else {"content_type": f"{kind};charset=UTF-8"}


def expiry(request: Request, now: float) -> float | None:
    """Seconds since 1970 of its Expires (RFC 3428 section 5); None where it has none."""
    return None if request.expires is None else now + max(request.expires, 1)
