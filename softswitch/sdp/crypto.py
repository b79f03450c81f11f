"""`a=crypto`: keys of SRTP in descriptions (SDES, RFC 4568; suites of RFC 3711 and RFC 7714).

A line holds the key that its sender encrypts with. Which lines can be used at all is decided here;
a description may hold others beside them, which are passed over.
"""

from __future__ import annotations

import binascii
import re

import msgspec

from softswitch.sdp.description import Attribute, Media

SUITES = {
    "AEAD_AES_128_GCM": 28,
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
}
"""The suites that are spoken, in the order in which they are offered, with the octets of master key
and salt (RFC 7714 section 14.1, RFC 4568 section 6.2)."""

MOST_PACKETS = 2**48
"The longest lifetime of a key (RFC 3711 section 9.2)."
FEWEST_PACKETS = 2**20
"A key that may serve fewer packets, six hours of speech, would have to be replaced in a call."

_LINE = re.compile(
    r"""(?P<tag>0|[1-9][0-9]{0,8})[ ]+
        (?P<suite>[A-Za-z0-9_]{1,64})[ ]+
        (?P<key>[^ ]+)
        (?P<parameters>(?:[ ]+[^ ]+)*)""",
    re.ASCII | re.VERBOSE,
)
_KEY = re.compile(
    r"""inline:(?P<octets>[A-Za-z0-9+/]+={0,2})
        (?:\|(?P<lifetime>2\^[0-9]{1,3}|[0-9]{1,20}))?
        (?P<mki>\|[0-9]{1,40}:[0-9]{1,3})?""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)
_HARMLESS = re.compile(r"-.+|KDR=0|WSH=[0-9]{1,9}", re.ASCII | re.IGNORECASE)
"""Session parameters that ask for nothing that we do not do: optional ones, no derivation of
further keys, a size for our window of replays (section 6.3)."""


class CryptoLine(msgspec.Struct, frozen=True):
    """A usable line. Its key is never shown."""

    tag: int
    "Its number among the lines of its stream, up to nine digits."
    suite: str
    "A key of `SUITES`."
    key: bytes
    "Master key and salt, as long as the suite says."

    def __repr__(self) -> str:
        return f"<crypto {self.tag} {self.suite}>"

    @property
    def attribute(self) -> Attribute:
        """The line as it is written: without lifetime, MKI and session parameters."""
        key = binascii.b2a_base64(self.key, newline=False).decode()
        return Attribute("crypto", f"{self.tag} {self.suite} inline:{key}")


def read_crypto(media: Media) -> tuple[CryptoLine, ...]:
    """Return the usable lines of a stream, in its order, which is that of its preference.

    Passed over are malformed lines, other suites, keys of a wrong length, lifetimes that are
    impossible or too short, MKIs (they would lengthen every packet), several keys in one line,
    session parameters that we do not obey, and all lines whose tag is there twice: an answer to
    one of those would not say which is meant.
    """
    values = media.values("crypto")
    tags = [value.split(" ", 1)[0] for value in values]
    lines = (_read_line(value) for value in values)
    return tuple(line for line in lines if line is not None and tags.count(str(line.tag)) == 1)


def _read_line(value: str) -> CryptoLine | None:
    line = _LINE.fullmatch(value)
    if line is None or line["suite"].upper() not in SUITES:
        return None
    suite = line["suite"].upper()
    if any(_HARMLESS.fullmatch(word) is None for word in line["parameters"].split()):
        return None
    key = _KEY.fullmatch(line["key"])
    if key is None or key["mki"] is not None or not _lasts(key["lifetime"]):
        return None
    octets = _octets(key["octets"])
    if len(octets) != SUITES[suite]:
        return None
    return CryptoLine(int(line["tag"]), suite, octets)


def _lasts(lifetime: str | None) -> bool:
    if lifetime is None:
        return True
    power = lifetime.startswith("2^")
    packets = 2 ** int(lifetime[2:]) if power else int(lifetime)
    return FEWEST_PACKETS <= packets <= MOST_PACKETS


def _octets(text: str) -> bytes:
    """Decode base64, whose padding some phones leave off; empty when it is none."""
    text = text.rstrip("=")
    try:
        return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)
    except binascii.Error:
        return b""
