"""The session description in a message's body (RFC 3261 section 7.4, RFC 2046 section 5.1)."""

from __future__ import annotations

import re

from softswitch.sip.message.message import Message

SDP = "application/sdp"
DTMF_RELAY, DTMF = "application/dtmf-relay", "application/dtmf"
EVENT, DIGITS = "audio/telephone-event", "application/vnd.nortelnetworks.digits"
USUAL_KEY_INFO = (DTMF_RELAY, DTMF)
KEY_INFO = (*USUAL_KEY_INFO, EVENT, DIGITS)
"Bodies of INFO that report keys: no standard, but what phones send (RFC 6086 appendix A)."
PARTS = 16
"More parts of a multipart body than this are not looked at."

_BOUNDARY = re.compile(r'boundary[ \t]*=[ \t]*(?:"([^"]{1,70})"|([^\s;,"]{1,70}))', re.IGNORECASE)
_SDP_PART = re.compile(rb"^content-type[ \t]*:[ \t]*application/sdp\b", re.I | re.M)


def sdp_of(message: Message) -> bytes | None:
    """Return the session description, None when the message has none.

    A body without Content-Type is taken for one; of a multipart body it is the first part that
    says it is one.
    """
    body = message.body
    if not body:
        return None
    value = message.headers.get("Content-Type")
    if value is None:
        return body
    kind = value.partition(";")[0].strip(" \t").lower()
    if kind == SDP:
        return body
    if kind.startswith("multipart/"):
        return _sdp_part(body, value)
    return None


def _sdp_part(body: bytes, content_type: str) -> bytes | None:
    match = _BOUNDARY.search(content_type)
    if match is None:
        return None
    boundary = b"--" + (match.group(1) or match.group(2)).encode()
    for part in body.split(boundary, PARTS)[1:]:
        head, separator, content = part.partition(b"\r\n\r\n")
        if separator and _SDP_PART.search(head):
            return content.removesuffix(b"\r\n")
    return None
