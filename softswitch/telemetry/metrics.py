"""The value types of `/metrics`: a metric is a name, a text for people, and how to read its value.

A part counts what it does in plain integers and yields its `Metric`s by a method or function called
`metrics`; the values are read when somebody scrapes. So metrics cost nothing while nobody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Distribution(NamedTuple):
    """The value of a histogram."""

    bounds: Sequence[float]
    "The upper bounds of the classes, ascending; values beyond the last bound have one more class."
    counts: Sequence[int]
    "How many values are in each class, one class more than there are bounds."
    total: float
    "The sum of all values."


class Metric(NamedTuple):
    """One metric: what it is, and where its value comes from."""

    name: str
    "Without the prefix `softswitch_`; a name that ends in `_total` is a counter."
    text: str
    "What people read beside the name."
    read: Callable[[], float | Mapping[str, float] | Distribution]
    "The value, one value for each value of the label, or a histogram."
    label: str | None = None
    "The name of the label, where `read` returns several values."
