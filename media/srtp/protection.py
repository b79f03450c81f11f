"""The keys of each leg, and its packets on their way in and out (RFC 3711).

A leg that is protected never takes and never sends a packet in the clear, not even before its keys
are known. A key that is installed again goes on where it was: its rollover counters and the window
of what was there already stay (RFC 3711 section 3.3.1). Another key begins anew.
"""

from __future__ import annotations

import numpy as np

from media.control.security import SrtpKeys
from media.legs import Bad, Legs, Rows
from media.srtp.core import NO_KEYS, PLAIN, Integers, Octets, Places, SrtpCore, SrtpVerdict

BAD = {SrtpVerdict.FORGED: Bad.SRTP_AUTH, SrtpVerdict.REPEATED: Bad.SRTP_REPLAY}
"What a packet that came is counted as."

Key = tuple[str, bytes]
"A suite, and a master key with its salt."


class Protection:
    """The SRTP of all legs of a worker."""

    def __init__(self, legs: Legs, core: SrtpCore) -> None:
        self._legs, self._core = legs, core
        self._inward = _Direction(core, outbound=False)
        self._outward = _Direction(core, outbound=True)

    # ---- keys ----

    def install(self, row: int, keys: SrtpKeys) -> None:
        """Protect a row with these keys; nothing passes in a direction whose key is empty.

        Raises ValueError when they do not fit their suite.
        """
        legs = self._legs
        legs.srtp_in[row] = self._inward.install(row, (keys.suite, keys.theirs))
        legs.srtp_out[row] = self._outward.install(row, (keys.suite, keys.ours))

    def withhold(self, row: int) -> None:
        """Let nothing pass until keys are installed, be there others or not."""
        self._legs.srtp_in[row] = self._legs.srtp_out[row] = NO_KEYS

    def expose(self, row: int) -> None:
        """Let a row's packets pass in the clear; its keys are kept, should it return to them.

        A key that began anew would protect two packets by the same index.
        """
        self._legs.srtp_in[row] = self._legs.srtp_out[row] = PLAIN

    def forget(self, row: int) -> None:
        """Free the contexts of a row, whose leg ends."""
        self.expose(row)
        self._inward.forget(row)
        self._outward.forget(row)

    def is_secure(self, row: int) -> bool:
        """Whether nothing of a row may pass in the clear."""
        return bool(self._legs.srtp_in[row] != PLAIN or self._legs.srtp_out[row] != PLAIN)

    # ---- packets ----

    def unprotect(self, matrix: Octets, rows: Rows, lengths: Integers) -> dict[int, Bad]:
        """Check and decrypt the datagrams that came for these rows, in place.

        They are the first rows of the matrix, and `lengths` is changed in place. Return what is
        wrong with some of them, by index.
        """
        contexts = self._legs.srtp_in[rows]
        protected = np.count_nonzero(contexts)
        if not protected:
            return {}
        if protected == len(rows):
            which = np.arange(protected)
            verdicts = self._core.unprotect(contexts, matrix, which, lengths)
        else:
            which = np.flatnonzero(contexts)
            turned = lengths[which]
            verdicts = self._core.unprotect(contexts[which], matrix, which, turned)
            lengths[which] = turned
        if not np.count_nonzero(verdicts):
            return {}
        refused = zip(which.tolist(), verdicts.tolist(), strict=True)
        return {index: BAD[SrtpVerdict(verdict)] for index, verdict in refused if verdict}

    def protect(self, matrix: Octets, places: Places, to: Rows, lengths: Integers) -> Places | None:
        """Protect the packets that leave for the rows `to`, in place; `lengths` is changed, too.

        Return the indices of those that must not leave, or None when all may.
        """
        contexts = self._legs.srtp_out[to]
        protected = np.count_nonzero(contexts)
        if not protected:
            return None
        if protected == len(to):
            verdicts = self._core.protect(contexts, matrix, places, lengths)
            return np.flatnonzero(verdicts) if np.count_nonzero(verdicts) else None
        which = np.flatnonzero(contexts)
        turned = lengths[which]
        verdicts = self._core.protect(contexts[which], matrix, places[which], turned)
        lengths[which] = turned
        return which[np.flatnonzero(verdicts)] if np.count_nonzero(verdicts) else None

    def unprotect_rtcp(self, row: int, packet: bytes) -> bytes | Bad:
        """Return a compound RTCP packet as it was before, or what is wrong with it."""
        context = int(self._legs.srtp_in[row])
        if context == PLAIN:
            return packet
        compound = self._core.unprotect_rtcp(context, packet)
        return BAD[compound] if isinstance(compound, SrtpVerdict) else compound

    def protect_rtcp(self, row: int, packet: bytes) -> bytes | None:
        """Return a compound RTCP packet as it may leave; None when it may not."""
        context = int(self._legs.srtp_out[row])
        if context == PLAIN:
            return packet
        compound = self._core.protect_rtcp(context, packet)
        return None if isinstance(compound, SrtpVerdict) else compound


class _Direction:
    """The contexts of one direction, by row, with the keys that they were made of."""

    def __init__(self, core: SrtpCore, *, outbound: bool) -> None:
        self._core, self._outbound = core, outbound
        self._contexts: dict[int, tuple[Key, int]] = {}

    def install(self, row: int, key: Key) -> int:
        """Return the context of a row for this key: the one that it has, or a new one."""
        suite, master = key
        if not suite or not master:
            return NO_KEYS
        before = self._contexts.get(row)
        if before is not None and before[0] == key:
            return before[1]
        context = self._core.create(suite, master, outbound=self._outbound)
        self.forget(row)
        self._contexts[row] = key, context
        return context

    def forget(self, row: int) -> None:
        """Free the context of a row, if it has one."""
        before = self._contexts.pop(row, None)
        if before is not None:
            self._core.free(before[1])
