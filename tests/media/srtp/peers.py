"""Far ends that protect and check packets by themselves, and keys for them."""

from __future__ import annotations

import pylibsrtp
from pylibsrtp import Policy

from media.control.security import SrtpKeys
from media.fast.srtp import NativeSrtp
from media.srtp.core import SrtpCore
from media.srtp.libsrtp import PROFILES, Libsrtp
from media.srtp.suites import SUITES

CM_80, CM_32, GCM = "AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32", "AEAD_AES_128_GCM"

CORES: list[type[SrtpCore]] = [Libsrtp, NativeSrtp] if NativeSrtp.is_there() else [Libsrtp]
"Those that are installed."


def master(suite: str, seed: int) -> bytes:
    """Return a key with its salt for a suite."""
    return bytes((seed + 7 * index) & 0xFF for index in range(SUITES[suite].master))


def keys(suite: str = CM_80, ours: int = 1, theirs: int = 101) -> SrtpKeys:
    """Return the keys of a leg, made of two numbers."""
    return SrtpKeys(suite, master(suite, ours), master(suite, theirs))


class SecurePeer:
    """The far end of a leg that has these keys."""

    def __init__(self, leg: SrtpKeys) -> None:
        self._out = _session(leg.suite, leg.theirs, Policy.SSRC_ANY_OUTBOUND)
        self._in = _session(leg.suite, leg.ours, Policy.SSRC_ANY_INBOUND)

    def protect(self, packet: bytes) -> bytes:
        return self._out.protect(packet)

    def unprotect(self, packet: bytes) -> bytes:
        """Return a packet of the switch in the clear; raises `pylibsrtp.Error`."""
        return self._in.unprotect(packet)

    def protect_rtcp(self, packet: bytes) -> bytes:
        return self._out.protect_rtcp(packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes:
        return self._in.unprotect_rtcp(packet)


def _session(suite: str, key: bytes, sources: int) -> pylibsrtp.Session:
    return pylibsrtp.Session(Policy(key=key, ssrc_type=sources, srtp_profile=PROFILES[suite]))
