"""The keys of each leg, and its packets on their way in and out (RFC 3711).

A leg that is protected never takes and never sends a packet in the clear, not even before its keys
are known. A key that is installed again goes on where it was: its rollover counters and the window
of what was there already stay (RFC 3711 section 3.3.1). Another key begins anew; where its far end
does not, `rollover` finds out where it is.
"""

from __future__ import annotations

import numpy as np

from media.control.security import SrtpKeys
from media.legs import Bad, Legs, Rows
from media.srtp.core import NO_KEYS, PLAIN, Integers, Octets, Places, SrtpCore, SrtpVerdict
from media.srtp.rollover import Key, context_for

BAD = {SrtpVerdict.FORGED: Bad.SRTP_AUTH, SrtpVerdict.REPEATED: Bad.SRTP_REPLAY}
"What a packet that came is counted as."


class Protection:
    """The SRTP of all legs of a worker."""

    def __init__(self, legs: Legs, core: SrtpCore) -> None:
        self._legs, self._core = legs, core
        self._inward = _Direction(core, outbound=False)
        self._outward = _Direction(core, outbound=True)
        self._inward_rtcp = _Direction(core, outbound=False)
        self._outward_rtcp = _Direction(core, outbound=True)
        "Those of rows whose RTCP has keys of its own."
        self._unopened: dict[int, tuple[int, int]] = {}
        """By row whose key has opened nothing yet, as far as we know: the packets that had come
        before it did, and how many it has not opened."""
        self._to_try: set[int] = set()
        "Those rows with whose next packet other rollover counters are tried."

    # ---- keys ----

    def install(self, row: int, keys: SrtpKeys) -> None:
        """Protect a row with these keys; nothing passes in a direction whose key is empty.

        Raises ValueError when they do not fit their suite.
        """
        legs, before = self._legs, self._inward.context(row)
        legs.srtp_in[row] = self._inward.install(row, (keys.suite, keys.theirs))
        if self._inward.context(row) != before:
            self._unopened[row] = int(legs.packets_in[row]), 0
        legs.srtp_out[row] = self._outward.install(row, (keys.suite, keys.ours))

    def install_rtcp(self, row: int, keys: SrtpKeys) -> None:
        """Protect the RTCP of a row with keys of its own."""
        self._inward_rtcp.install(row, (keys.suite, keys.theirs))
        self._outward_rtcp.install(row, (keys.suite, keys.ours))

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
        self._unopened.pop(row, None)
        self._to_try.discard(row)
        self._inward.forget(row)
        self._outward.forget(row)
        self.forget_rtcp(row)

    def forget_rtcp(self, row: int) -> None:
        """Free the keys that the RTCP of a row had for itself."""
        self._inward_rtcp.forget(row)
        self._outward_rtcp.forget(row)

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
        if self._to_try:
            self._try_counters(matrix, rows, lengths)
            contexts = self._legs.srtp_in[rows]
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
        for row in rows[which[verdicts == SrtpVerdict.FORGED]].tolist():
            self._note_forged(row)
        refused = zip(which.tolist(), verdicts.tolist(), strict=True)
        return {index: BAD[SrtpVerdict(verdict)] for index, verdict in refused if verdict}

    def _note_forged(self, row: int) -> None:
        """Try other counters with the next packet, if nothing of this key has come.

        That is done after 1, 2, 4, 8 … packets: whoever sends rubbish costs us little.
        """
        if self._legs.srtp_in[row] == NO_KEYS:
            return
        before, refused = self._unopened.get(row, (-1, 0))
        if before != self._legs.packets_in[row]:
            self._unopened.pop(row, None)
            return
        refused += 1
        self._unopened[row] = before, refused
        if refused & (refused - 1) == 0:
            self._to_try.add(row)

    def _try_counters(self, matrix: Octets, rows: Rows, lengths: Integers) -> None:
        for index, row in enumerate(rows.tolist()):
            if row not in self._to_try:
                continue
            self._to_try.discard(row)
            key = self._inward.key(row)
            if key is None or self._legs.srtp_in[row] != self._inward.context(row):
                continue
            found = context_for(self._core, key, matrix[index, : lengths[index]].tobytes())
            if found is not None:
                self._legs.srtp_in[row] = self._inward.take(row, key, found)

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
        context = self._inward_rtcp.instead_of(int(self._legs.srtp_in[row]), row)
        if context == PLAIN:
            return packet
        compound = self._core.unprotect_rtcp(context, packet)
        return BAD[compound] if isinstance(compound, SrtpVerdict) else compound

    def protect_rtcp(self, row: int, packet: bytes) -> bytes | None:
        """Return a compound RTCP packet as it may leave; None when it may not."""
        context = self._outward_rtcp.instead_of(int(self._legs.srtp_out[row]), row)
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
        return self.take(row, key, self._core.create(suite, master, outbound=self._outbound))

    def take(self, row: int, key: Key, context: int) -> int:
        """Give a row this context of this key in place of the one that it has."""
        self.forget(row)
        self._contexts[row] = key, context
        return context

    def context(self, row: int) -> int:
        """Return the context of a row; `NO_KEYS` where it has none."""
        before = self._contexts.get(row)
        return NO_KEYS if before is None else before[1]

    def instead_of(self, context: int, row: int) -> int:
        """Return the context of a row, if it has one, in place of one that it has for RTP."""
        if context in (PLAIN, NO_KEYS) or row not in self._contexts:
            return context
        return self.context(row)

    def key(self, row: int) -> Key | None:
        """Return the key of that context."""
        before = self._contexts.get(row)
        return None if before is None else before[0]

    def forget(self, row: int) -> None:
        """Free the context of a row, if it has one."""
        before = self._contexts.pop(row, None)
        if before is not None:
            self._core.free(before[1])
