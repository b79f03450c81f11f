"""What is wrong with a JSON body is said in words of ours, and a secret is not."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

import msgspec
import pytest
from msgspec import Meta

from softswitch.http.v1 import faults
from softswitch.http.v1.faults import FaultyBody, decoded


class Colour(StrEnum):
    RED = "red"
    GREEN = "green"


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    number: str
    delay: Annotated[int, Meta(ge=0, le=600)] | None = None


class Body(msgspec.Struct, forbid_unknown_fields=True):
    colour: Colour
    pin: str | None = None
    on: bool = False
    way: Literal["in", "out"] = "in"
    inner: list[Inner] = []
    one: Inner | None = None
    names: dict[str, int] = {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, ["colour: missing, expected one of red, green"]),
        (
            {"colour": "gren"},
            ["colour: expected one of red, green, not 'gren', did you mean green?"],
        ),
        ({"colour": "red", "way": 5}, ["way: expected one of in, out, not a number"]),
        ({"colour": "red", "pin": 97531}, ["pin: expected a text or null, not a number"]),
        ({"colour": "red", "pin": {"a": 1}}, ["pin: expected a text or null, not an object"]),
        ({"colour": "red", "on": "yes"}, ["on: expected true or false, not 'yes'"]),
        ({"colour": "red", "colr": 1}, ["colr: unknown field, did you mean colour?"]),
        (
            {"colour": "red", "xyz": 1},
            ["xyz: unknown field, expected one of colour, pin, on, way, inner, one, names"],
        ),
        (
            {"colour": "red", "inner": [{"number": "1"}, {"delay": 601}, 3]},
            [
                "inner[1].delay: expected a whole number from 0 to 600 or null, not 601",
                "inner[1].number: missing, expected a text",
                "inner[2]: expected an object, not a number",
            ],
        ),
        ({"colour": "red", "one": {"numer": "1", "number": "2"}}, ["one.numer: unknown field, "]),
        ({"colour": "red", "names": {"a": "x"}}, ["names.a: expected a whole number, not 'x'"]),
        ([], ["expected an object, not a list"]),
    ],
)
def test_each_fault_names_field_value_and_what_was_expected(body: Any, said: list[str]) -> None:
    with pytest.raises(FaultyBody) as refused:
        decoded(msgspec.json.encode(body), Body)
    found = [str(each) for each in refused.value.faults]
    assert len(found) == len(said)
    assert all(each.startswith(start) for each, start in zip(found, said, strict=True)), found


def test_what_is_right_is_a_value_and_what_is_no_json_is_said_by_the_reader() -> None:
    assert decoded(b'{"colour": "red"}', Body) == Body(Colour.RED)
    with pytest.raises(msgspec.DecodeError):
        decoded(b"{", Body)


def test_faults_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "MOST", 3)
    with pytest.raises(FaultyBody) as refused:
        decoded(msgspec.json.encode({"colour": "red", "inner": [0] * 9}), Body)
    assert len(refused.value.faults) == 3
