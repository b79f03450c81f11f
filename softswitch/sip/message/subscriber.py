"""The number that a URI names: `telephone-subscriber` in a user part (RFC 3966, RFC 3261 19.1.6).

Phones and carriers write `sip:+49-30-123;phone-context=example.com@host;user=phone` where others
write `sip:+4930123@host`. The parameters tell where a number comes from and how it was ported; what
is dialled stands before them. No extension and no route has a semicolon in its number.
"""

from __future__ import annotations

import re

from softswitch.sip.message.uri import OtherUri, SipUri, TelUri, Uri

_SEPARATORS = re.compile(r"[\-.() ]")
_TELEPHONE = re.compile(r"\+?[0-9A-Fa-f*#\-.() ]*[0-9*#][0-9A-Fa-f*#\-.() ]*")
"A telephone number as people write it; `anna.b` is none."


def written_number(uri: Uri) -> str:
    """What stands before the parameters in the user part, as it was written; may be empty."""
    if isinstance(uri, OtherUri):
        return ""
    text = uri.number if isinstance(uri, TelUri) else uri.user or ""
    return text.partition(";")[0]


def number_of(uri: Uri) -> str:
    """The number that a URI names, without parameters and visual separators; may be empty.

    A SIP URI names a telephone number if it says so with `user=phone`, or if its user part begins
    with a plus; any other user part is a name, in which every character counts.
    """
    text = written_number(uri)
    if isinstance(uri, SipUri) and not _is_telephone(uri, text):
        return text
    return _SEPARATORS.sub("", text)


def _is_telephone(uri: SipUri, text: str) -> bool:
    says_so = (uri.parameters.get("user") or "").lower() == "phone" or text.startswith("+")
    return says_so and _TELEPHONE.fullmatch(text) is not None
