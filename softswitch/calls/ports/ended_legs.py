"""Sums over the legs that have ended, for `/metrics`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from softswitch.calls.ports.media_port import Statistics
from softswitch.telemetry.metrics import Distribution, Metric

MOS_BOUNDS = (1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.3)
"Upper bounds of the classes of scores; G.711 at its best has 4.4."


class EndedLegs:
    """Sums over all legs, whatever calls they belonged to."""

    __slots__ = ("causes", "late", "lost", "mos_classes", "mos_sum")

    def __init__(self) -> None:
        self.mos_classes = [0] * (len(MOS_BOUNDS) + 1)
        "Legs by class, those beyond the last bound in the last."
        self.mos_sum = 0.0
        self.lost = 0
        "Packets that never came."
        self.late = 0
        "Packets that came too late to be played."
        self.causes: Counter[str] = Counter()
        "Legs by what was wrong with them."

    def count(self, counted: Statistics) -> None:
        """Take the statistics of a leg that has ended; one that was never heard has no score."""
        self.lost += max(0, counted.lost)
        self.late += counted.late
        if counted.cause is not None:
            self.causes[counted.cause] += 1
        if counted.mos is not None:
            self.mos_classes[sum(counted.mos > bound for bound in MOS_BOUNDS)] += 1
            self.mos_sum += counted.mos

    def metrics(self) -> Iterator[Metric]:
        """The scores and diagnoses of legs."""
        yield Metric(
            "leg_mos",
            "How legs that have ended sounded here, by the E-model",
            lambda: Distribution(MOS_BOUNDS, self.mos_classes, self.mos_sum),
        )
        yield Metric(
            "leg_packets_lost_total",
            "Packets that never came, of legs that have ended",
            lambda: self.lost,
        )
        yield Metric(
            "leg_packets_late_total",
            "Packets that came too late to be played, of legs that have ended",
            lambda: self.late,
        )
        yield Metric(
            "legs_diagnosed_total",
            "Legs that ended with something wrong with their sound, by what it was",
            lambda: dict(self.causes),
            "cause",
        )
