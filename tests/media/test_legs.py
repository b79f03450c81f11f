"""The table of legs: rows taken and given back."""

from __future__ import annotations

import numpy as np
import pytest

from media.legs import FREE, Legs, NoRelay


def test_rows_are_taken_found_and_given_back() -> None:
    legs = Legs(2)
    rows = {legs.take_row(7), legs.take_row(9)}
    assert rows == {0, 1}
    assert legs.row(7) != legs.row(9)
    assert len(legs) == 2
    legs.free_row(legs.row(7))
    assert list(legs.in_use()) == [legs.row(9)]
    assert legs.take_row(8) not in list(legs.in_use())[:1]


def test_wrong_numbers_are_refused() -> None:
    legs = Legs(1)
    legs.take_row(1)
    with pytest.raises(KeyError, match="leg 1 is open already"):
        legs.take_row(1)
    with pytest.raises(KeyError, match="no row free"):
        legs.take_row(2)
    with pytest.raises(KeyError, match="no leg 2"):
        legs.row(2)


def test_a_row_that_was_given_back_is_as_new() -> None:
    legs, fresh = Legs(1), Legs(1)
    row = legs.take_row(1)
    columns = [name for name, value in vars(legs).items() if isinstance(value, np.ndarray)]
    for name in columns:
        getattr(legs, name)[row] = 1
    legs.free_row(row)
    for name in columns:
        assert (getattr(legs, name) == getattr(fresh, name)).all(), name
    assert legs.leg[row] == FREE
    assert (legs.route[row] == NoRelay.UNKNOWN).all()
