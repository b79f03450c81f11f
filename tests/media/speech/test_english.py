"""Numbers, dates, times and codes as English words."""

from __future__ import annotations

import random

import pytest

from media.speech.english import cardinal, digits, normalise, ordinal, year


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0, "zero"),
        (13, "thirteen"),
        (42, "forty-two"),
        (100, "one hundred"),
        (101, "one hundred and one"),
        (1001, "one thousand and one"),
        (1234, "one thousand two hundred and thirty-four"),
        (1_000_000, "one million"),
        (2_005_017, "two million five thousand and seventeen"),
        (-5, "minus five"),
    ],
)
def test_cardinals(value: int, words: str) -> None:
    assert cardinal(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1, "first"),
        (2, "second"),
        (12, "twelfth"),
        (20, "twentieth"),
        (23, "twenty-third"),
        (100, "one hundredth"),
    ],
)
def test_ordinals(value: int, words: str) -> None:
    assert ordinal(value) == words


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (1905, "nineteen oh five"),
        (1900, "nineteen hundred"),
        (1999, "nineteen ninety-nine"),
        (2000, "two thousand"),
        (2005, "two thousand and five"),
        (2026, "twenty twenty-six"),
    ],
)
def test_years(value: int, words: str) -> None:
    assert year(value) == words


def test_codes_are_spelled() -> None:
    assert digits("4B-2 x") == "four B two X"


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("You are number 3 in the queue.", "You are number three in the queue."),
        ("There are 1,250 people.", "There are one thousand two hundred and fifty people."),
        ("It costs $12.50.", "It costs twelve dollars and fifty cents."),
        ("It costs $1.", "It costs one dollar."),
        ("Only 99 EUR today", "Only ninety-nine euros today"),
        ("£0.01 or £2.50", "one penny or two pounds and fifty pence"),
        ("a $5 million deal", "a five million dollars deal"),
        ("Your balance is €1,000.00.", "Your balance is one thousand euros."),
        (
            "$2.5M, £10k or ¥300",
            "two point five million dollars, ten thousand pounds or three hundred yen",
        ),
        (
            "For sales press 1, for support press 2, or 0.",
            "For sales press one, for support press two, or zero.",
        ),
        ("press 1,2,3", "press one,two,three"),
        (
            "1,00,000 and 1,234.5",
            "one hundred thousand and one thousand two hundred and thirty-four point five",
        ),
        ("2025-03-04T17:05:00Z", "March fourth, twenty twenty-five at seventeen oh five"),
        ("at 10:05:30", "at ten oh five and thirty seconds"),
        ("at 10:00:01 am", "at ten and one second A M"),
        ("from 1995-2000", "from nineteen ninety-five to two thousand"),
        (
            "192.168.0.1",
            "one hundred and ninety-two point one hundred and sixty-eight point zero point one",
        ),
        ("v2.0.1 of 5kg", "v two point zero point one of five kilograms"),
        (".5 and 0.05", "point five and zero point zero five"),
        ("10x20", "ten x twenty"),
        ("at 14:05", "at fourteen oh five"),
        ("from 9:00 to 17:30", "from nine o'clock to seventeen thirty"),
        ("at 5 pm or 7:15 a.m.", "at five P M or seven fifteen A M"),
        ("at 0:00", "at midnight"),
        ("on 2026-11-23", "on November twenty-third, twenty twenty-six"),
        ("on 11/23/2026", "on November twenty-third, twenty twenty-six"),
        ("on 23.11.2026", "on November twenty-third, twenty twenty-six"),
        ("on Dec 1st", "on December first"),
        ("on 5 May 1999", "on May fifth, nineteen ninety-nine"),
        ("by 45/45/2026", None),
        (
            "Call +36 30 123 4567.",
            "Call plus three six, three zero, one two three, four five six seven.",
        ),
        ("Call 555-0142 now", "Call five five five, zero one four two now"),
        ("dial 06301234567", "dial zero six three zero one two three four five six seven"),
        ("Your code is 4821.", "Your code is four eight two one."),
        ("PIN 0042", "PIN zero zero four two"),
        ("extension 1001", "extension one zero zero one"),
        ("ticket AB12C is open", "ticket A B one two C is open"),
        ("Gate B7", "Gate B seven"),
        ("the 3rd floor", "the third floor"),
        ("in 1984", "in nineteen eighty-four"),
        ("pi is 3.14", "pi is three point one four"),
        ("it is -5 degrees", "it is minus five degrees"),
        ("up 12.5%", "up twelve point five percent"),
        ("Press # or *.", "Press pound or star."),
        ("mail joe@example.com", "mail joe at example.com"),
        ("bread & butter", "bread and butter"),
        ("room #7", "room number seven"),
        ("12345678901234567890", digits("12345678901234567890")),
        ("The meeting is at 10.", "The meeting is at ten."),
    ],
)
def test_what_stands_there_is_read_sensibly(text: str, spoken: str | None) -> None:
    if spoken is None:
        assert not any(character.isdigit() for character in normalise(text))
    else:
        assert normalise(text) == spoken


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Add 1/2 cup", "Add one half cup"),
        ("2 1/2 hours", "two and a half hours"),
        ("2½ hours, ¾ full", "two and a half hours, three quarters full"),
        ("We are open 24/7.", "We are open twenty-four seven."),
        ("at 50 km/h", "at fifty kilometers per hour"),
        ("1 kg or 5kg", "one kilogram or five kilograms"),
        ("-5°C outside", "minus five degrees Celsius outside"),
        ("score 7/10", "score seven slash ten"),
        ("on 1/2/2026", "on January second, twenty twenty-six"),
    ],
)
def test_fractions_and_measures(text: str, spoken: str) -> None:
    assert normalise(text) == spoken


def test_british_english_has_its_own_dates_and_hash() -> None:
    assert normalise("Press # on 03/04/2026", "en-gb") == (
        "Press hash on April third, twenty twenty-six"
    )


def test_words_stay_as_they_are() -> None:
    text = "Welcome to the company's hotline; please hold the line, we are happy to help you."
    assert normalise(text) == text


def test_no_digit_is_ever_left_and_nothing_raises() -> None:
    generator = random.Random(8)
    alphabet = "0123456789 .,:/-+()$€#%apmABthk½°C'\n"
    for _ in range(3000):
        text = "".join(generator.choices(alphabet, k=generator.randrange(1, 40)))
        assert not any("0" <= character <= "9" for character in normalise(text)), text


def test_long_hostile_text_takes_no_time() -> None:
    for text in ("1 " * 5000, "1-" * 5000, "+1 " * 3000, "A1" * 5000, "1," * 5000, "(" * 9999):
        normalise(text)
