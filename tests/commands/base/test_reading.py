"""Reading commands: names, texts, defaults, aliases and the sentences of what is refused."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.elements import Block, Part
from softswitch.commands.base.parameters import children, parameter, shape_of, text
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.reading import CommandMistake, Fault, Written
from softswitch.commands.base.values import Parties, Seconds, Url
from softswitch.commands.list_call_history import ListCallHistory
from softswitch.ozml.document import XmlElement


@dataclass(frozen=True, kw_only=True)
class Sing(Command):
    contexts = HTTP | SCRIPT

    song: str = text(aliases=("Songg",))
    "What to sing."
    party: Parties = Parties.ALL
    timeout: Seconds | None = None
    repeat: bool = False
    verses: int = 1
    finished_url: Url | None = parameter(default=None, name="FinishedURL")
    words: str | None = parameter(default=None, keep_empty=True)


@dataclass(frozen=True, kw_only=True)
class Choir(Command):
    contexts = SCRIPT

    inside: Block = children()


@dataclass(frozen=True, kw_only=True)
class Ballad(Command):
    contexts = SCRIPT
    parts = (
        Part("Verse"),
        Part("Refrains", parts=(Part("Refrain", required={"Key": "keys"}),)),
    )

    inside: Block = children()


def refusal(values: dict[str, str], **more: object) -> CommandError:
    with pytest.raises(CommandError) as caught:
        Sing.parse(values, **more)  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"Song": "la"}, Sing(song="la")),
        ({"sONG": "la", "TIMEOUT": "2.5"}, Sing(song="la", timeout=2.5)),
        ({"Songg": "la", "Repeat": "TRUE"}, Sing(song="la", repeat=True)),
        ({"Song": "la", "Timeout": "", "Party": " "}, Sing(song="la")),
        ({"Song": "la", "Party": "Caller"}, Sing(song="la", party=Parties.CALLER)),
        ({"Song": "la", "Words": ""}, Sing(song="la", words="")),
        ({"Song": "la", "Timeout": "1,5"}, Sing(song="la", timeout=1.5)),
        (
            {"Song": "la", "FinishedURL": " http://app.example/my song?a=b c "},
            Sing(song="la", finished_url="http://app.example/my%20song?a=b%20c"),
        ),
        (
            {"Song": "la", "FinishedUrl": "http://app.example/x?y=1"},
            Sing(song="la", finished_url="http://app.example/x?y=1"),
        ),
    ],
)
def test_reads(values: dict[str, str], expected: Sing) -> None:
    assert Sing.parse(values) == expected


def test_the_text_between_the_tags_is_the_designated_parameter() -> None:
    assert Sing.parse({}, text="  la la ") == Sing(song="la la")


@pytest.mark.parametrize(
    ("values", "end"),
    [
        ({}, "Sing: Song is missing, expected text"),
        ({"Song": "  "}, "Sing: Song is missing, expected text"),
        ({"Song": "a", "Tiemout": "1"}, "FinishedURL, Words"),
        (
            {"Song": "a", "Timeout": "-1"},
            "Timeout cannot be '-1', expected seconds from 0 to 86400",
        ),
        ({"Song": "a", "Timeout": "86401"}, "expected seconds from 0 to 86400"),
        ({"Song": "a", "Timeout": "٣"}, "expected seconds from 0 to 86400"),
        ({"Song": "a", "Verses": "1_0"}, "expected a whole number from 0 to 999999999"),
        ({"Song": "a", "Repeat": "maybe"}, "Repeat cannot be 'maybe', expected true or false"),
        ({"Song": "a", "Party": "both"}, "expected one of caller, callee, all"),
        ({"Song": "a", "FinishedURL": "file:///etc/passwd"}, "expected an http or https URL"),
        ({"Song": "a", "FinishedURL": "http://[::1"}, "expected an http or https URL"),
        ({"Song": "a", "FinishedURL": "http://h:99999/"}, "expected an http or https URL"),
    ],
)
def test_refuses_and_names_command_and_parameter(values: dict[str, str], end: str) -> None:
    error = refusal(values)
    assert error.code is Code.INVALID_PARAMETER
    assert error.message.endswith(end)
    assert error.message.startswith("Missing or invalid parameter '")


def test_a_mistake_names_the_parameter_as_the_user_does() -> None:
    def sentence(name: str) -> str:
        return next(iter(ListCallHistory.read(Written({name: "zwei"})).mistakes)).error.message

    expected = "expected a whole number from 1 to 1000"
    for sent, named in (("Limit", "Limit"), ("limit", "limit"), ("rowsperpage", "RowsPerPage")):
        start = f"Missing or invalid parameter '{named}' for command 'ListCallHistory'. "
        assert sentence(sent) == f"{start}ListCallHistory: {named} cannot be 'zwei', {expected}"


def test_refuses_a_parameter_that_stands_twice() -> None:
    assert "stands twice, as 'a' and as 'b'" in refusal({"Song": "a"}, text="b").message
    sentence = "Song and Songg are the same parameter, and stand as 'a' and as 'b'"
    assert sentence in refusal({"Song": "a", "Songg": "b"}).message
    assert "Sing: Song and Songg are the same" in refusal({"Song": "a", "Songg": "a"}).message
    assert refusal({"Song": "a"}, text=" a ").message.endswith("Sing: Song stands twice")
    assert refusal({"Song": "a"}, again=(("SONG", "a"),)).message.endswith("Song stands twice")


def test_what_can_be_skipped_is_told_and_the_command_runs() -> None:
    told: list[CommandMistake] = []
    values = {"Song": "a", "_": "123", "Tune": "low"}
    assert Sing.parse(values, again=(("song", "a"),), skipped=told.append) == Sing(song="a")
    assert [mistake.fault for mistake in told] == [Fault.UNKNOWN, Fault.UNKNOWN, Fault.MISPLACED]


def test_a_misspelt_name_is_told_with_what_is_missing() -> None:
    error = refusal({"Sonk": "a"}, skipped=lambda _: None)
    assert error.message.startswith("Missing or invalid parameter 'Song' for command 'Sing'. ")
    assert (
        "Song is missing, expected text; Sing: unknown parameter 'Sonk', did you" in error.message
    )


def test_refuses_text_and_elements_where_none_belong() -> None:
    element = XmlElement("Beep", {}, "", (), 1, 1)
    assert "takes no elements" in refusal({"Song": "a"}, inside=(element,)).message
    with pytest.raises(CommandError, match="takes no text"):
        Choir.parse({}, text="hello")
    assert Choir.parse({}, inside=(element,)).inside == (element,)


def test_names_of_the_request_are_passed_over() -> None:
    assert Sing.parse({"Song": "a", "Username": "x"}, ignored=frozenset({"username"})).song == "a"


def test_the_shape_names_parameters_as_the_api_does() -> None:
    names = [parameter.name for parameter in shape_of(Sing).parameters]
    assert names == ["Song", "Party", "Timeout", "Repeat", "Verses", "FinishedURL", "Words"]


def faults(written: Written) -> list[tuple[Fault, str]]:
    return [(mistake.fault, mistake.error.detail) for mistake in Sing.read(written).mistakes]


def test_every_mistake_is_told_with_its_class() -> None:
    element = XmlElement("Beep", {}, "", (), 1, 1)
    written = Written({"Timeout": "soon", "Tone": "1", "Verses": "x"}, "", (element,))
    assert faults(written) == [
        (Fault.INVALID, "Sing: Timeout cannot be 'soon', expected seconds from 0 to 86400"),
        (
            Fault.UNKNOWN,
            "Sing: unknown parameter 'Tone', expected one of Song, Party, Timeout, Repeat, Verses, "
            "FinishedURL, Words",
        ),
        (Fault.INVALID, "Sing: Verses cannot be 'x', expected a whole number from 0 to 999999999"),
        (Fault.MISPLACED, "Sing takes no elements between its tags"),
        (Fault.MISSING, "Sing: Song is missing, expected text"),
    ]


def test_what_is_superfluous_leaves_a_command() -> None:
    reading = Sing.read(Written({"Song": "la", "Tone": "1"}))
    assert reading.command == Sing(song="la")
    assert [mistake.fault for mistake in reading.mistakes] == [Fault.UNKNOWN]


def test_a_text_with_a_variable_is_not_judged_before_it_is_replaced() -> None:
    for written in (
        Written({"Timeout": "$t"}, "$song", replaced=False),
        Written({"Song": "$song", "Timeout": "$t"}, "", replaced=False),
    ):
        reading = Sing.read(written)
        assert (reading.command, reading.mistakes) == (None, ())
    assert faults(Written({"Song": "$", "Timeout": "$t"}))[0][0] is Fault.INVALID


def test_a_text_that_variables_have_emptied_is_a_text() -> None:
    assert Sing.parse({"Song": ""}, emptied=frozenset({"song"})) == Sing(song="")
    assert Sing.parse({}, emptied=frozenset({""})) == Sing(song="")
    assert refusal({}, emptied=frozenset({"timeout"})).message.endswith(
        "Song is missing, expected text"
    )


def test_parts_are_found_missing_and_misplaced_at_their_places() -> None:
    inside = (
        XmlElement("VERSE", {}, "", (XmlElement("Beep", {}, "", (), 2, 9),), 2, 1),
        XmlElement("Refrains", {}, "", (XmlElement("Refrain", {}, "", (), 3, 9),), 3, 1),
        XmlElement("Coda", {}, "", (), 4, 1),
    )
    mistakes = Ballad.read(Written({}, "", inside)).mistakes
    assert [(m.place, m.fault, m.error.detail) for m in mistakes] == [
        ((3, 9), Fault.MISSING, "Refrain: Key is missing, expected keys"),
        (
            (4, 1),
            Fault.MISPLACED,
            "Ballad: <Coda> is not known here, expected <Verse> or <Refrains>",
        ),
    ]
    assert [[node.name for node in block] for block in Ballad.blocks(inside)] == [["Beep"], [], []]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("CallerHungUp", "CallerHangUp"),
        ("callerhangup", "callerhangup"),
        ("CALLEEHANGUP", "CalleeHungUp"),
        (" TransferCompleted ", "TransferCompleted"),
    ],
)
def test_states_of_the_history_are_read_in_both_spellings(written: str, read: str) -> None:
    assert ListCallHistory.parse({"State": written}).state == read
