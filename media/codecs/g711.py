"""G.711 as tables (ITU-T G.711; RFC 3551 section 4.5.14): decode, encode, and one law to the other.

Every function takes an array of any shape, so a whole matrix of frames is one expression.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Octets = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.int16]

ULAW_SILENCE = 0xFF
ALAW_SILENCE = 0xD5


def _decode_ulaw(code: int) -> int:
    """Return the sample of a µ-law code: sign, 3 bits of segment, 4 of step; all bits inverted."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 0x84) << (code >> 4 & 7)) - 0x84
    return -magnitude if code & 0x80 else magnitude


def _decode_alaw(code: int) -> int:
    """Return the sample of an A-law code: sign 1 is positive, even bits inverted."""
    code ^= 0x55
    segment, step = code >> 4 & 7, (code & 0x0F) << 4
    magnitude = step + 8 if segment == 0 else (step + 0x108) << segment - 1
    return magnitude if code & 0x80 else -magnitude


def _encode_ulaw(samples: npt.NDArray[np.int32]) -> Octets:
    """Return the codes of 16-bit samples: the bias (33 of 14 bits) makes segments octaves."""
    magnitude = np.minimum(np.abs(samples), 32635) + 0x84
    segment = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    code = segment << 4 | magnitude >> segment + 3 & 0x0F
    return np.asarray(~np.where(samples < 0, code | 0x80, code) & 0xFF, np.uint8)


def _encode_alaw(samples: npt.NDArray[np.int32]) -> Octets:
    """Return the codes of 16-bit samples: 13 bits count, the two lowest segments have one step."""
    magnitude = np.where(samples < 0, ~samples, samples) >> 3
    segment = np.maximum(np.floor(np.log2(np.maximum(magnitude, 1))).astype(np.int32) - 4, 0)
    code = segment << 4 | magnitude >> np.maximum(segment, 1) & 0x0F
    return np.asarray(np.where(samples < 0, code, code | 0x80) ^ 0x55, np.uint8)


# Every 16-bit sample, in the order of its bits as an unsigned number: the index of the tables.
_EVERY_SAMPLE = np.arange(65536, dtype=np.uint16).view(np.int16).astype(np.int32)

ULAW_TO_LINEAR: Samples = np.array([_decode_ulaw(code) for code in range(256)], np.int16)
ALAW_TO_LINEAR: Samples = np.array([_decode_alaw(code) for code in range(256)], np.int16)
LINEAR_TO_ULAW: Octets = _encode_ulaw(_EVERY_SAMPLE)
LINEAR_TO_ALAW: Octets = _encode_alaw(_EVERY_SAMPLE)

# Each code becomes the code of the other law whose interval holds its value; the negative zero of
# µ-law keeps its sign and becomes the smallest negative value of A-law.
ULAW_TO_ALAW: Octets = LINEAR_TO_ALAW[ULAW_TO_LINEAR.view(np.uint16)]
ULAW_TO_ALAW[0x7F] = ALAW_SILENCE ^ 0x80
ALAW_TO_ULAW: Octets = LINEAR_TO_ULAW[ALAW_TO_LINEAR.view(np.uint16)]


def decode_ulaw(codes: Octets) -> Samples:
    """Return the 16-bit samples of µ-law codes."""
    return ULAW_TO_LINEAR.take(codes)


def decode_alaw(codes: Octets) -> Samples:
    """Return the 16-bit samples of A-law codes."""
    return ALAW_TO_LINEAR.take(codes)


def encode_ulaw(samples: Samples) -> Octets:
    """Return the µ-law codes of 16-bit samples."""
    return LINEAR_TO_ULAW.take(samples.view(np.uint16))


def encode_alaw(samples: Samples) -> Octets:
    """Return the A-law codes of 16-bit samples."""
    return LINEAR_TO_ALAW.take(samples.view(np.uint16))
