"""Far ends that had counted on before their key came here (RFC 3711 section 3.3.1).

A packet carries 16 bits of its index. The others are the rollover counter, which both sides count
and none tells. A phone that keeps its key while its leg moves to another worker, or that takes a
new key in the midst of its count, is ahead of us. So the counters that it may have are tried.
"""

from __future__ import annotations

import numpy as np

from media.srtp.core import Integers, Octets, SrtpCore
from media.srtp.suites import MOST_ADDED

MOST = 64
"Rollovers that are tried: those of a day with a packet each 20 ms."
HEADER = 12
ROUND = (0x5555, 0x5555, 0x5556)
"Steps of 2^16 packets together; a receiver follows none of more than 2^15."

Key = tuple[str, bytes]
"A suite, and a master key with its salt."


def context_for(core: SrtpCore, key: Key, packet: bytes) -> int | None:
    """Return an inbound context that takes this packet next; None where no counter fits it.

    No context lets its counter be set. But we have the key, so we make the packets that bring it
    there; they never leave. Takes 2 ms where nothing fits.
    """
    if len(packet) <= HEADER:
        return None
    sealed, lengths = _steps(core, key, packet)
    reader = core.create(*key, outbound=False)
    try:
        _take(core, reader, sealed[:1], lengths[:1])
        for rounds in range(1, MOST + 1):
            until = len(ROUND) * rounds + 1
            latest = slice(until - len(ROUND), until)
            _take(core, reader, sealed[latest], lengths[latest])
            if _fits(core, reader, packet):
                ready = core.create(*key, outbound=False)
                _take(core, ready, sealed[:until], lengths[:until])
                return ready
    finally:
        core.free(reader)
    return None


def _steps(core: SrtpCore, key: Key, packet: bytes) -> tuple[Octets, Integers]:
    """Make protected packets of the same source that come up to this one, round after round."""
    ahead = np.concatenate(([0], np.cumsum(np.tile(ROUND, MOST))))
    sequence = (int.from_bytes(packet[2:4], "big") - 1 + ahead) & 0xFFFF
    matrix = np.zeros((len(ahead), HEADER + MOST_ADDED), np.uint8)
    matrix[:, 0] = 0x80
    matrix[:, 2], matrix[:, 3] = sequence >> 8, sequence & 0xFF
    matrix[:, 8:12] = np.frombuffer(packet[8:12], np.uint8)
    lengths = np.full(len(ahead), HEADER)
    writer = core.create(*key, outbound=True)
    contexts = np.full(len(ahead), writer, np.uint64)
    core.protect(contexts, matrix, np.arange(len(ahead)), lengths)
    core.free(writer)
    return matrix, lengths


def _take(core: SrtpCore, reader: int, sealed: Octets, lengths: Integers) -> bool:
    """Let a context take copies of packets; return whether all of them pass."""
    contexts = np.full(len(sealed), reader, np.uint64)
    places = np.arange(len(sealed))
    return not core.unprotect(contexts, sealed.copy(), places, lengths.copy()).any()


def _fits(core: SrtpCore, reader: int, packet: bytes) -> bool:
    row = np.frombuffer(packet, np.uint8)[np.newaxis]
    return _take(core, reader, row, np.array([len(packet)]))
