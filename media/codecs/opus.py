"""Opus (RFC 6716) in RTP (RFC 7587), through libopus; one encoder and decoder a row.

The RTP clock is always 48,000 Hz, whatever the rate of the rows. Stereo that a peer sends is mixed
down by the decoder, lost frames are concealed by it. libopus is a library of the system (Debian:
libopus0); without it `why_absent` says so, and Opus is not offered.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int16]
Octets = NDArray[np.uint8]
Index = NDArray[np.integer]

RTP_CLOCK = 48_000

BITRATE = 24_000
"Bits a second where the peer sets no lower limit: good wide-band speech."

COMPLEXITY = 5
"Of 10; the step to 10 costs twice the time and is not heard on speech."

EXPECTED_LOSS_PERCENT = 5
"How much the redundancy of in-band FEC is built for."

MAX_OCTETS = 400
"Longest payload that we send: 60 ms of 24 kbit/s need 180 octets."

LONGEST_MS = 120
"RFC 6716 section 3.2: a packet holds at most 120 ms."

FRAME_MS = np.array([10, 20, 40, 60] * 3 + [10, 20] * 2 + [2.5, 5, 10, 20] * 4, dtype=np.float64)
"Milliseconds of a frame by the configuration number in the TOC octet (RFC 6716 table 2)."


@cache
def _api() -> Any:
    """Import the binding, which looks for libopus as it is imported; raises Exception without."""
    import opuslib_next.api.ctl  # noqa: PLC0415
    import opuslib_next.api.decoder  # noqa: PLC0415
    import opuslib_next.api.encoder  # noqa: PLC0415

    return opuslib_next


@cache
def why_absent() -> str | None:
    """Return why Opus cannot be used here, or None when it can."""
    try:
        _api()
    except Exception:  # the binding raises a bare Exception
        return "Opus needs the system library libopus (Debian: apt install libopus0)"
    return None


def durations_ms(payloads: Octets, lengths: Index) -> NDArray[np.float64]:
    """Return how much audio each packet holds, 0 for a packet that RFC 6716 section 3 forbids."""
    if not payloads.size:
        return np.zeros(len(payloads))
    toc = payloads[:, 0]
    code = toc & 3
    second = payloads[:, 1] if payloads.shape[1] > 1 else np.zeros_like(toc)
    frames = np.where(code == 0, 1, np.where(code == 3, second & 0x3F, 2))
    frames = np.where((lengths < 1) | ((code == 3) & (lengths < 2)), 0, frames)
    total: NDArray[np.float64] = frames * FRAME_MS[toc >> 3]
    return np.where(total <= LONGEST_MS, total, 0.0)


def parameters(fmtp: str) -> dict[str, int]:
    """Read what the peer wishes to receive (RFC 7587 section 6.1); skip the unreadable parts."""
    pairs = (part.strip().partition("=") for part in fmtp.lower().split(";"))
    return {
        name.strip(): int(value)
        for name, _, value in pairs
        if value.strip().isascii() and value.strip().isdigit() and len(value) < 10
    }


class OpusCodec:
    """The Opus streams of all rows at one sample rate, 8000 or 16,000 Hz."""

    def __init__(self, rate: int) -> None:
        absent = why_absent()
        if absent:
            raise RuntimeError(absent)
        self.rate = rate
        self.undecodable = 0
        "Packets that libopus refused and that were concealed."
        self._decoders: dict[int, Any] = {}
        self._encoders: dict[int, Any] = {}
        self._packet = ctypes.create_string_buffer(MAX_OCTETS)

    def open_row(self, row: int, fmtp: str = "") -> None:
        """Begin both streams of a row anew; `fmtp` is what the peer wishes to receive."""
        self.close_row(row)
        api, wish = _api(), parameters(fmtp)
        self._decoders[row] = api.api.decoder.create_state(self.rate, 1)
        encoder = api.api.encoder.create_state(self.rate, 1, api.APPLICATION_VOIP)
        self._encoders[row] = encoder
        control = api.api.ctl
        settings = (
            (control.set_bitrate, max(6000, min(BITRATE, wish.get("maxaveragebitrate", BITRATE)))),
            (control.set_complexity, COMPLEXITY),
            (control.set_signal, api.SIGNAL_VOICE),
            (control.set_vbr, 0 if wish.get("cbr") else 1),
            (control.set_inband_fec, 1 if wish.get("useinbandfec") else 0),
            (control.set_packet_loss_perc, EXPECTED_LOSS_PERCENT),
        )
        for setter, value in settings:
            api.api.encoder.encoder_ctl(encoder, setter, value)

    def close_row(self, row: int) -> None:
        """Free what libopus holds for a row."""
        decoder, encoder = self._decoders.pop(row, None), self._encoders.pop(row, None)
        if decoder is not None:
            _api().api.decoder.destroy(decoder)
        if encoder is not None:
            _api().api.encoder.destroy(encoder)

    def samples(self, payloads: Octets, lengths: Index) -> Index:
        """Return how many samples each payload decodes to; 0: it is no Opus packet."""
        return (durations_ms(payloads, lengths) * (self.rate // 1000)).astype(np.intp)

    def decode(self, rows: Index, payloads: Octets, lengths: Index, samples: int) -> Rows:
        """Return (n, samples) for payloads that all hold that many samples.

        A packet that libopus refuses is counted, and concealed like a lost one.
        """
        out = np.zeros((len(rows), samples), dtype=np.int16)
        for index, row in enumerate(rows.tolist()):
            packet = payloads[index, : lengths[index]].tobytes()
            if self._decode(row, packet, out[index]) < 0:
                self.undecodable += 1
                self._decode(row, None, out[index])
        return out

    def conceal(self, rows: Index, samples: int) -> Rows:
        """Return what libopus makes up for lost frames, shape (n, samples)."""
        out = np.zeros((len(rows), samples), dtype=np.int16)
        for index, row in enumerate(rows.tolist()):
            self._decode(row, None, out[index])
        return out

    def recover(self, rows: Index, following: Octets, lengths: Index, samples: int) -> Rows:
        """Return lost frames from the redundancy in the packets that follow them (in-band FEC)."""
        out = np.zeros((len(rows), samples), dtype=np.int16)
        for index, row in enumerate(rows.tolist()):
            packet = following[index, : lengths[index]].tobytes()
            if self._decode(row, packet, out[index], fec=1) < 0:
                self._decode(row, None, out[index])
        return out

    def encode(self, rows: Index, frames: Rows) -> tuple[Octets, Index]:
        """Return the payloads of (n, samples) of 10, 20, 40 or 60 ms, and their lengths."""
        frames = np.ascontiguousarray(frames)
        payloads = np.zeros((len(rows), MAX_OCTETS), dtype=np.uint8)
        lengths = np.zeros(len(rows), dtype=np.intp)
        encode, as_samples = _api().api.encoder.libopus_encode, _api().api.c_int16_pointer
        for index, row in enumerate(rows.tolist()):
            pointer = ctypes.cast(frames[index].ctypes.data, as_samples)
            state = self._encoders[row]
            size = encode(state, pointer, frames.shape[1], self._packet, MAX_OCTETS)
            if size < 0:
                raise ValueError(
                    f"libopus does not encode {frames.shape[1]} samples at {self.rate}"
                )
            payloads[index, :size] = np.frombuffer(self._packet.raw[:size], np.uint8)
            lengths[index] = size
        return payloads[:, : max(1, int(lengths.max(initial=0)))], lengths

    def _decode(self, row: int, packet: bytes | None, into: Rows, fec: int = 0) -> int:
        """Decode into a row of a matrix; negative: refused. No packet: conceal."""
        pointer = ctypes.cast(into.ctypes.data, _api().api.c_int16_pointer)
        length = len(packet) if packet is not None else 0
        return int(
            _api().api.decoder.libopus_decode(
                self._decoders[row], packet, length, pointer, len(into), fec
            )
        )
