"""Variables of scripts: what a reference is, and what it becomes."""

from __future__ import annotations

import pytest

from softswitch.ozml.variables import MAX_LENGTH, VariableError, Variables


@pytest.fixture
def variables() -> Variables:
    variables = Variables({"name": "Eva", "item": "one"})
    variables.set("item.message", "hello.wav")
    variables.set("trick", "$name")
    variables.set_array("floors", ["ground", "roof"])
    return variables


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hello $name", "Hello Eva"),
        ("$name, hello", "Eva, hello"),
        ("$name.", "Eva."),
        ("$name.txt", "Eva.txt"),
        ("$item.message", "hello.wav"),
        ("$item.other", "one.other"),
        ("$NAME", "Eva"),
        ("$names", "$names"),
        ("$$name", "$name"),
        ("5$", "5$"),
        ("$5", "$5"),
        ("$floors[0] $floors[1]", "ground roof"),
        ("$floors[2]", "$floors[2]"),
        ("$floors.count", "2"),
        ("$floors", "ground, roof"),
        ("$name[0]", "Eva[0]"),
        ("$trick", "$name"),
    ],
)
def test_replacement(variables: Variables, text: str, expected: str) -> None:
    assert variables.replace(text) == expected


def test_an_unknown_name_is_told(variables: Variables) -> None:
    unknown: list[str] = []
    assert variables.replace("$nobody and $name", unknown.append) == "$nobody and Eva"
    assert unknown == ["nobody"]


def test_the_last_definition_wins(variables: Variables) -> None:
    variables.set_array("name", ["a"])
    assert variables.replace("$name[0]") == "a"
    variables.set("NAME", "Ada")
    assert variables.replace("$name") == "Ada"


def test_a_loop_variable_ends_with_its_loop(variables: Variables) -> None:
    with variables.loop("item") as assign:
        assign("two")
        assert variables.replace("$item") == "two"
    assert variables.replace("$item") == "one"
    with variables.loop("fresh") as assign:
        assign("x")
    assert variables.replace("$fresh") == "$fresh"


def test_a_script_cannot_double_a_text_endlessly(variables: Variables) -> None:
    variables.set("name", "x" * 60_000)
    with pytest.raises(VariableError, match=str(MAX_LENGTH)):
        variables.replace("$name$name")


def test_a_call_has_a_bounded_number_of_variables(variables: Variables) -> None:
    with pytest.raises(VariableError, match="more than"):
        for number in range(2_000):
            variables.set(f"v{number}", "")


def test_a_text_that_grows_too_long_is_refused_at_once() -> None:
    variables = Variables({"a": "x" * 1_000})
    with pytest.raises(VariableError, match="more than 100000 characters"):
        variables.replace("$a" * 400_000)
    assert len(variables.replace("$a" * 100)) == 100_000
