"""What the docstring of `softswitch` promises to those who import it is there."""

from __future__ import annotations

import importlib
import re

import softswitch

PROMISED = re.findall(
    r"^    (softswitch\.[a-z_.]+) +((?:[A-Za-z]+(?:, )?)+)", softswitch.__doc__ or "", re.MULTILINE
)


def test_what_may_be_imported_is_there() -> None:
    assert len(PROMISED) == 7
    for module, names in PROMISED:
        for name in names.split(", "):
            assert hasattr(importlib.import_module(module), name), f"{module}.{name}"
