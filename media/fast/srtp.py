"""The fast core of SRTP: packets of a whole batch in one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from media.srtp.core import Contexts, Integers, Octets, Places, SrtpVerdict
from media.srtp.suites import MOST_ADDED_TO_RTCP, SUITES

try:
    from softswitch_fast import ffi, lib
except ImportError:
    ffi = lib = None

MOST_RTCP = 2048
"Octets of a compound packet, with what protects it."

Turn = Callable[[int, object, object], int]


class NativeSrtp:
    """All contexts of a worker. Make one only where `is_there` says so."""

    name: Final = "softswitch-fast"

    def __init__(self) -> None:
        self._contexts: set[int] = set()
        self._octets = ffi.new("uint8_t[]", MOST_RTCP)
        self._length = ffi.new("int *")

    def __len__(self) -> int:
        return len(self._contexts)

    @staticmethod
    def is_there() -> bool:
        """Whether the distribution is installed."""
        return lib is not None

    def create(self, suite: str, master: bytes, *, outbound: bool) -> int:
        """Make a context of one direction."""
        known = SUITES.get(suite)
        made = known and lib.context_new("GCM" in suite, known.key, known.tag, master, len(master))
        if not made:
            raise ValueError(f"no key for {suite}")
        number = int(ffi.cast("uintptr_t", made))
        self._contexts.add(number)
        return number

    def free(self, context: int) -> None:
        """Forget a context; its keys are wiped."""
        self._contexts.remove(context)
        lib.context_free(ffi.cast("context *", context))

    def protect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Protect one packet a context."""
        return _turn_batch(lib.protect_batch, contexts, matrix, places, lengths)

    def unprotect(
        self, contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
    ) -> Integers:
        """Check and decrypt one packet a context."""
        return _turn_batch(lib.unprotect_batch, contexts, matrix, places, lengths)

    def protect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Protect a compound RTCP packet."""
        if len(packet) + MOST_ADDED_TO_RTCP > MOST_RTCP:
            return SrtpVerdict.FORGED
        return self._turn_rtcp(lib.protect_rtcp, context, packet)

    def unprotect_rtcp(self, context: int, packet: bytes) -> bytes | SrtpVerdict:
        """Check and decrypt a compound RTCP packet."""
        if len(packet) > MOST_RTCP:
            return SrtpVerdict.FORGED
        return self._turn_rtcp(lib.unprotect_rtcp, context, packet)

    def _turn_rtcp(self, turn: Turn, context: int, packet: bytes) -> bytes | SrtpVerdict:
        ffi.memmove(self._octets, packet, len(packet))
        self._length[0] = len(packet)
        if verdict := turn(context, self._octets, self._length):
            return SrtpVerdict(verdict)
        return bytes(ffi.buffer(self._octets, self._length[0]))


def _turn_batch(
    turn: Callable[..., None], contexts: Contexts, matrix: Octets, places: Places, lengths: Integers
) -> Integers:
    verdicts = np.empty(len(places), np.int64)
    of = ffi.from_buffer
    turn(
        of("uint64_t[]", contexts),
        of("uint8_t[]", matrix),
        matrix.shape[1],
        of("int64_t[]", places),
        of("int64_t[]", lengths),
        of("int64_t[]", verdicts),
        len(places),
    )
    return verdicts
