"""The directory of extensions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from softswitch.calls.kinds import extension_of
from softswitch.calls.kinds.echo import ECHO
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.directory import Block, Directory, block
from softswitch.settings.extensions.phone import PhoneExtension
from tests.calls.extensions import extension, ivr

RECEPTION = extension("1000", name="Reception", ring_time=30)
DESKS = extension_of(PhoneExtension(range="2000-2999", name="Desk {number}"))


def directory() -> Directory:
    return Directory(
        [RECEPTION, extension("600", ECHO), ivr("2500")],
        [block("2000-2999", DESKS), block("0010-0012", RECEPTION)],
    )


def test_a_number_is_found_as_it_is_written() -> None:
    assert directory().find("1000") is RECEPTION
    assert directory().find("01000") is None
    assert directory().find("") is None


def test_a_block_makes_its_numbers_when_they_are_asked_for() -> None:
    found = directory().find("2041")
    assert found == replace(DESKS, number="2041", name="Desk 2041")
    assert directory().find("3000") is None


def test_a_block_keeps_leading_zeros() -> None:
    assert directory().find("0011") == replace(RECEPTION, number="0011")
    assert directory().find("11") is None


@pytest.mark.parametrize("number", ["２０４１", "+2041", " 2041", "2041\n", "20_41"])
def test_only_plain_digits_are_in_a_block(number: str) -> None:
    assert directory().find(number) is None


def test_a_single_number_wins_over_a_block() -> None:
    found = directory().find("2500")
    assert found is not None
    assert found.kind is IVR
    numbers = [extension.number for extension in directory()]
    assert len(numbers) == len(set(numbers)) == 3 + 999 + 3


def test_a_part_of_the_extensions_of_some_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    singles = [ivr("2000"), ivr("2003"), ivr("2004"), ivr("2999"), ivr("9000"), extension("1000")]
    whole = Directory(singles, [block("2000-2999", DESKS), block("0010-0012", RECEPTION)])
    phones = whole.of_kinds(lambda kind: kind is DESKS.kind)
    every = ["1000", *(f"{n}" for n in range(2000, 3000) if n not in (2000, 2003, 2004, 2999))]
    every += ["0010", "0011", "0012"]
    assert len(phones) == len(every)
    assert [each.number for each in phones] == every
    made: list[int] = []
    make = Block.__getitem__
    monkeypatch.setattr(Block, "__getitem__", lambda *asked: made.append(asked[1]) or make(*asked))
    assert [each.number for each in phones[500:503]] == every[500:503]
    assert [each.number for each in phones[995:2000]] == every[995:]
    assert len(made) == 3 + len(every) - 995, "no more are made than are looked at"
    with pytest.raises(IndexError):
        phones[len(every)]
    assert len(Directory().of_kinds(lambda _: True)) == 0


@pytest.mark.parametrize("numbers", ["2000", "2000-", "a-b", "2999-2000", "999-1000", "1_0-2_0"])
def test_what_is_no_range_is_refused(numbers: str) -> None:
    with pytest.raises(ValueError, match="a range"):
        block(numbers, DESKS)
