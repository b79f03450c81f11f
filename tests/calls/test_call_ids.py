"""Call ids: short, and unique over restarts."""

from __future__ import annotations

from softswitch.calls.call_ids import CallIds

NOW = 1_800_000_000.0


def test_an_id_is_eight_letters_and_digits() -> None:
    made = CallIds(lambda: NOW)()
    assert len(made) == 8
    assert made.isascii()
    assert made.isalnum()


def test_ids_differ_within_a_second_and_when_the_clock_goes_back() -> None:
    times = iter([NOW] * 70_000 + [NOW - 3600] * 1000)
    ids = CallIds(lambda: next(times))
    assert len({ids() for _ in range(71_000)}) == 71_000


def test_a_later_run_makes_other_ids() -> None:
    first = CallIds(lambda: NOW)
    second = CallIds(lambda: NOW + 1)
    assert not {first() for _ in range(10_000)} & {second() for _ in range(10_000)}


def test_a_run_that_begins_within_the_second_makes_other_ids() -> None:
    first, second = CallIds(lambda: NOW + 0.1), CallIds(lambda: NOW + 0.3)
    assert not {first() for _ in range(5_000)} & {second() for _ in range(5_000)}


def test_neighbours_look_different() -> None:
    ids = CallIds(lambda: NOW)
    assert len({ids()[:4] for _ in range(100)}) > 90
