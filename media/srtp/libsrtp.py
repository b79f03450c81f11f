"""The core that every worker has: libsrtp, by the functions below pylibsrtp's own classes.

Those classes copy each packet twice. The functions are not documented, so nothing but this file
uses them, and a test checks that they are there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import pylibsrtp
from pylibsrtp import Policy
from pylibsrtp._binding import ffi, lib

from media.srtp.core import (
    MAX_SOURCES,
    NO_KEYS,
    Contexts,
    Integers,
    Octets,
    Places,
    SrtpVerdict,
)
from media.srtp.suites import MOST_ADDED, MOST_ADDED_TO_RTCP, SUITES

PROFILES: dict[str, int] = {
    "AEAD_AES_128_GCM": Policy.SRTP_PROFILE_AEAD_AES_128_GCM,
    "AEAD_AES_256_GCM": Policy.SRTP_PROFILE_AEAD_AES_256_GCM,
    "AES_CM_128_HMAC_SHA1_80": Policy.SRTP_PROFILE_AES128_CM_SHA1_80,
    "AES_CM_128_HMAC_SHA1_32": Policy.SRTP_PROFILE_AES128_CM_SHA1_32,
}

REPEATED = {9, 10, 26}
"Codes of libsrtp: a bad index of two kinds, and one too old to be looked at."

SSRC = slice(8, 12)
"Where the SSRC stands in an RTP packet."
RTCP_SSRC = slice(4, 8)
"Where it stands in an RTCP packet."
LEAST_RTCP = 8
"Octets of the header of a compound packet."

CData = object
"A value of cffi."
Turn = Callable[[CData, CData, CData], int]


class _Context:
    """A context of libsrtp."""

    __slots__ = ("_sources", "_use", "handle", "ssrc")

    def __init__(self, use: pylibsrtp.Session | None) -> None:
        self._use = use
        self.handle: CData | None = None if use is None else use._srtp[0]
        "As the functions of libsrtp take it; None where there are no keys."
        self.ssrc = -1
        "The source of the last packet that passed."
        self._sources: set[int] = set()

    def admits(self, ssrc: int) -> bool:
        """Whether packets of a source may be looked at: a known one, or one of not too many."""
        return self.handle is not None and (
            ssrc in self._sources or len(self._sources) < MAX_SOURCES
        )

    def note(self, ssrc: int) -> None:
        """Note that a packet of this source has passed."""
        self.ssrc = ssrc
        self._sources.add(ssrc)


class Libsrtp:
    """All contexts of a worker."""

    name: Final = f"libsrtp of pylibsrtp {pylibsrtp.__version__}"

    def __init__(self) -> None:
        self._contexts = {NO_KEYS: _Context(None)}
        self._octets = ffi.new("char[]", 2048)
        self._length = ffi.new("int *")

    def __len__(self) -> int:
        return len(self._contexts) - 1

    def create(self, suite: str, master: bytes, *, outbound: bool) -> int:
        """Make a context of one direction."""
        if suite not in SUITES or len(master) != SUITES[suite].master:
            raise ValueError(f"no key for {suite}")
        any_source = Policy.SSRC_ANY_OUTBOUND if outbound else Policy.SSRC_ANY_INBOUND
        policy = Policy(key=master, ssrc_type=any_source, srtp_profile=PROFILES[suite])
        context = _Context(pylibsrtp.Session(policy))
        number = int(ffi.cast("uintptr_t", context.handle))
        self._contexts[number] = context
        return number

    def free(self, context: int) -> None:
        """Forget a context; libsrtp wipes its keys."""
        del self._contexts[context]

    def protect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Protect one packet a context."""
        verdicts = np.zeros(len(places), np.int64)
        sizes = lengths.astype(np.int32)
        # libsrtp does not know where a row ends
        too_long = lengths > matrix.shape[1] - MOST_ADDED
        if np.count_nonzero(too_long):
            contexts = np.where(too_long, NO_KEYS, contexts)
        known, protect = self._contexts, lib.srtp_protect
        octets, size = ffi.from_buffer("char[]", matrix), ffi.from_buffer("int[]", sizes)
        for index, (number, begin) in enumerate(
            zip(contexts.tolist(), (places * matrix.shape[1]).tolist(), strict=True)
        ):
            handle = known[number].handle
            if handle is None:
                verdicts[index] = SrtpVerdict.FORGED
            elif code := protect(handle, octets + begin, size + index):
                verdicts[index] = _verdict(code)
        lengths[:] = sizes
        return verdicts

    def unprotect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Check and decrypt one packet a context."""
        verdicts = np.zeros(len(places), np.int64)
        sizes = lengths.astype(np.int32)
        known, unprotect = self._contexts, lib.srtp_unprotect
        octets, size = ffi.from_buffer("char[]", matrix), ffi.from_buffer("int[]", sizes)
        ssrcs = matrix[places, SSRC].view(">u4")[:, 0].tolist()
        for index, (number, begin, ssrc) in enumerate(
            zip(contexts.tolist(), (places * matrix.shape[1]).tolist(), ssrcs, strict=True)
        ):
            context = known[number]
            if ssrc != context.ssrc and not context.admits(ssrc):
                verdicts[index] = SrtpVerdict.FORGED
            elif code := unprotect(context.handle, octets + begin, size + index):
                verdicts[index] = _verdict(code)
            elif ssrc != context.ssrc:
                context.note(ssrc)
        lengths[:] = sizes
        return verdicts

    def protect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Protect a compound RTCP packet."""
        if len(packet) + MOST_ADDED_TO_RTCP > len(self._octets):
            return SrtpVerdict.FORGED
        return self._turn_rtcp(lib.srtp_protect_rtcp, context, packet)

    def unprotect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Check and decrypt a compound RTCP packet."""
        ssrc = int.from_bytes(packet[RTCP_SSRC], "big")
        known = self._contexts[context]
        if not LEAST_RTCP < len(packet) <= len(self._octets) or not known.admits(ssrc):
            return SrtpVerdict.FORGED
        compound = self._turn_rtcp(lib.srtp_unprotect_rtcp, context, packet)
        if isinstance(compound, bytes):
            known.note(ssrc)
        return compound

    def _turn_rtcp(self, turn: Turn, context: int, packet: bytes) -> bytes | SrtpVerdict:
        handle = self._contexts[context].handle
        if handle is None:
            return SrtpVerdict.FORGED
        ffi.memmove(self._octets, packet, len(packet))
        self._length[0] = len(packet)
        if code := turn(handle, self._octets, self._length):
            return _verdict(code)
        return bytes(ffi.buffer(self._octets, self._length[0]))


def _verdict(code: int) -> SrtpVerdict:
    return SrtpVerdict.REPEATED if code in REPEATED else SrtpVerdict.FORGED
