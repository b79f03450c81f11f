"""The score of a leg, a mean opinion score by the E-model (ITU-T G.107, G.113), simplified.

R = 93.2 - Id - Ie_eff: 93.2 is a perfect narrow-band connection, Id what delay takes away (the
approximation of Cole and Rosenbluth, 2001), Ie_eff what the codec and the lost packets take away.
Echo, noise and the advantage factor are left out. All functions take numbers or arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

BEST_R = 93.2
"R of a connection without delay, loss or coding."

DELAY_KNEE_MS = 177.3
"One-way delay beyond which talkers begin to interrupt each other."


class Impairment(NamedTuple):
    """The impairment of a codec (G.113 appendix I)."""

    ie: float
    "Equipment impairment without loss."
    bpl: float
    "Packet-loss robustness; the greater, the less a lost packet is heard."


CODECS: dict[str, Impairment] = {
    "PCMU": Impairment(0.0, 25.1),
    "PCMA": Impairment(0.0, 25.1),
    "L16": Impairment(0.0, 25.1),
    "G729": Impairment(11.0, 19.0),
    "G723": Impairment(15.0, 16.1),
    # G.113 gives no narrow-band values for these two; they are taken as G.711 with concealment.
    "G722": Impairment(0.0, 25.1),
    "OPUS": Impairment(0.0, 25.1),
}
"By encoding name in capitals; G.711 with the concealment of lost packets that we do."

WITHOUT_CONCEALMENT = Impairment(0.0, 4.3)
"G.711 whose holes are silence: a relayed leg whose far end does not conceal."


def delay_impairment(delay_ms: ArrayLike) -> NDArray[np.float64]:
    """Return Id for a one-way mouth-to-ear delay: network, jitter buffer and packetisation."""
    delay = np.asarray(delay_ms, dtype=np.float64)
    return 0.024 * delay + 0.11 * np.maximum(delay - DELAY_KNEE_MS, 0.0)


def loss_impairment(
    loss_percent: ArrayLike,
    ie: ArrayLike = 0.0,
    bpl: ArrayLike = 25.1,
    burst_ratio: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return Ie_eff for loss after the jitter buffer (lost and discarded packets).

    `burst_ratio` is 1 for random loss and greater when packets are lost in groups.
    """
    loss = np.clip(np.asarray(loss_percent, dtype=np.float64), 0.0, 100.0)
    coding = np.asarray(ie, dtype=np.float64)
    robustness = loss / np.asarray(burst_ratio) + np.asarray(bpl, dtype=np.float64)
    impairment: NDArray[np.float64] = coding + (95.0 - coding) * loss / robustness
    return impairment


def r_factor(
    delay_ms: ArrayLike,
    loss_percent: ArrayLike,
    ie: ArrayLike = 0.0,
    bpl: ArrayLike = 25.1,
    burst_ratio: ArrayLike = 1.0,
) -> NDArray[np.float64]:
    """Return R, at most 93.2; it may be negative."""
    lost = loss_impairment(loss_percent, ie, bpl, burst_ratio)
    return BEST_R - delay_impairment(delay_ms) - lost


def mean_opinion_score(r: ArrayLike) -> NDArray[np.float64]:
    """Return the MOS, 1.0 to 4.5, that listeners would give (G.107 annex B)."""
    r = np.clip(np.asarray(r, dtype=np.float64), 0.0, 100.0)
    # Just above R = 0 the polynomial dips below 1; nobody can answer less than 1.
    return np.maximum(1.0 + 0.035 * r + r * (r - 60.0) * (100.0 - r) * 7e-6, 1.0)


def mos(codec: str, delay_ms: float, loss_percent: float, burst_ratio: float = 1.0) -> float:
    """Return the MOS of one leg; an unknown codec is judged as G.711."""
    impairment = CODECS.get(codec.upper(), CODECS["PCMA"])
    r = r_factor(delay_ms, loss_percent, impairment.ie, impairment.bpl, burst_ratio)
    return float(mean_opinion_score(r))
