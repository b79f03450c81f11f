"""G.711: exact values, symmetry, and what the laws make of each other."""

from __future__ import annotations

import numpy as np
import pytest

from media.codecs import g711

CODES = np.arange(256, dtype=np.uint8)
SAMPLES = np.arange(-32768, 32768, dtype=np.int32).astype(np.int16)


@pytest.mark.parametrize(
    ("code", "sample"), [(0xFF, 0), (0x7F, 0), (0x80, 32124), (0x00, -32124), (0xF0, 120)]
)
def test_ulaw_values(code: int, sample: int) -> None:
    assert g711.ULAW_TO_LINEAR[code] == sample


@pytest.mark.parametrize(("code", "sample"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256)])
def test_alaw_values(code: int, sample: int) -> None:
    assert g711.ALAW_TO_LINEAR[code] == sample


def test_every_code_decodes_to_what_encodes_to_it() -> None:
    ulaw = g711.encode_ulaw(g711.decode_ulaw(CODES))
    assert [code for code in CODES if ulaw[code] != code] == [0x7F], "only the negative zero"
    assert (g711.encode_alaw(g711.decode_alaw(CODES)) == CODES).all()


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_an_encoded_sample_is_within_half_a_step(law: str) -> None:
    table = getattr(g711, f"{law.upper()}_TO_LINEAR").astype(int)
    decoded = table[getattr(g711, f"encode_{law}")(SAMPLES)]
    inside = np.abs(SAMPLES.astype(int)) <= 32124
    error = np.abs(decoded - SAMPLES)[inside]
    # a step is a sixteenth of the sample's octave, at least 8 (µ-law) or 16 (A-law)
    step = np.maximum(2.0 ** np.floor(np.log2(np.abs(SAMPLES.astype(float)) + 132)) / 16, 8.0)
    limit = np.maximum(step, 16.0) if law == "alaw" else step
    assert (error <= limit[inside] / 2 + 4).all()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_standard_library_agrees() -> None:
    audioop = pytest.importorskip("audioop")
    assert g711.encode_alaw(SAMPLES).tobytes() == audioop.lin2alaw(SAMPLES.tobytes(), 2)
    positive = SAMPLES[SAMPLES >= 0]
    assert g711.encode_ulaw(positive).tobytes() == audioop.lin2ulaw(positive.tobytes(), 2)
    octets = CODES.tobytes()
    assert g711.decode_ulaw(CODES).tobytes() == audioop.ulaw2lin(octets, 2)
    assert g711.decode_alaw(CODES).tobytes() == audioop.alaw2lin(octets, 2)


def test_conversion_of_the_laws_keeps_order_and_sign() -> None:
    for source, target, table in (
        (g711.ULAW_TO_LINEAR, g711.ALAW_TO_LINEAR, g711.ULAW_TO_ALAW),
        (g711.ALAW_TO_LINEAR, g711.ULAW_TO_LINEAR, g711.ALAW_TO_ULAW),
    ):
        order = np.argsort(source, kind="stable")
        assert (np.diff(target[table[order]].astype(int)) >= 0).all()
        assert (target[table].astype(int) * source.astype(int) >= 0).all()


def test_a_second_conversion_loses_nothing_more() -> None:
    once = g711.ALAW_TO_ULAW[g711.ULAW_TO_ALAW]
    again = g711.ALAW_TO_ULAW[g711.ULAW_TO_ALAW[once]]
    assert (once == again).all()
    assert np.count_nonzero(once != CODES) <= 20


def test_matrices_keep_their_shape() -> None:
    assert g711.decode_ulaw(np.zeros((3, 160), np.uint8)).shape == (3, 160)
    assert g711.encode_alaw(np.zeros((3, 160), np.int16)).shape == (3, 160)
