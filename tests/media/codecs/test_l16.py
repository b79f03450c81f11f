"""L16: samples in network byte order, there and back (RFC 3551 section 4.5.11)."""

from __future__ import annotations

import numpy as np

from media.codecs import l16


def test_network_order() -> None:
    assert l16.encode(np.array([[1, -2]], dtype=np.int16)).tolist() == [[0, 1, 0xFF, 0xFE]]


def test_there_and_back_is_exact() -> None:
    frames = np.random.default_rng(0).integers(-32768, 32768, (3, 160)).astype(np.int16)
    assert np.array_equal(l16.decode(l16.encode(frames)), frames)


def test_an_odd_octet_is_left_out() -> None:
    assert l16.decode(np.array([[0, 5, 9]], dtype=np.uint8)).tolist() == [[5]]
