"""The suites of SRTP: how long their keys and tags are (RFC 3711 section 5, RFC 4568, RFC 7714)."""

from __future__ import annotations

from typing import NamedTuple

from media.control.security import SrtpKeys


class Suite(NamedTuple):
    """One suite; all lengths in octets."""

    key: int
    salt: int
    tag: int
    "What an RTP packet grows by."
    rtcp_tag: int
    "What an RTCP packet grows by besides its index of four octets."

    @property
    def master(self) -> int:
        """Master key and master salt together, as `inline:` and the DTLS exporter give them."""
        return self.key + self.salt


SUITES: dict[str, Suite] = {
    "AEAD_AES_128_GCM": Suite(16, 12, 16, 16),
    "AEAD_AES_256_GCM": Suite(32, 12, 16, 16),
    "AES_CM_128_HMAC_SHA1_80": Suite(16, 14, 10, 10),
    # the short tag is for RTP only: RFC 4568 section 6.2.2
    "AES_CM_128_HMAC_SHA1_32": Suite(16, 14, 4, 10),
}
"By the name that `a=crypto` has for them."

MOST_ADDED = max(suite.tag for suite in SUITES.values())
"Octets that an RTP packet can grow by."
MOST_ADDED_TO_RTCP = 4 + max(suite.rtcp_tag for suite in SUITES.values())


def why_unusable(keys: SrtpKeys) -> str | None:
    """Say what is wrong with keys, showing none of them; None when nothing is.

    Keys that are not known yet are empty, and nothing is wrong with that.
    """
    if not keys.suite:
        return None if not (keys.ours or keys.theirs) else "keys without a suite"
    suite = SUITES.get(keys.suite)
    if suite is None:
        return f"no suite {keys.suite!r}; there are {', '.join(SUITES)}"
    for whose, key in (("our", keys.ours), ("their", keys.theirs)):
        if key and len(key) != suite.master:
            return (
                f"{whose} key for {keys.suite} has {len(key)} octets; it must have {suite.master}"
            )
    return None
