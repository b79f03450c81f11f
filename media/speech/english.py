"""English numbers, money, dates, times, codes and symbols as words, for engines that read words.

Engines differ in what they make of `0042`, `14:05` or `#`; on the telephone it must be right, so it
is written out here. The rules run in the order of `RULES`, each over the whole text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_MONTHS = "January February March April May June July August September October November December"
ONES = _BELOW_TWENTY.split()
TENS = ["", "", *_TENS.split()]
SCALES = ["", "thousand", "million", "billion", "trillion", "quadrillion"]
ORDINALS = {
    "one": "first",
    "two": "second",
    "three": "third",
    "five": "fifth",
    "eight": "eighth",
    "nine": "ninth",
    "twelve": "twelfth",
}
MONTHS = _MONTHS.split()
MONTH = "|".join([*MONTHS, *(f"{month[:3]}\\.?" for month in MONTHS), "Sept\\.?"])
"A month, long or short."

CURRENCIES = {
    "$": ("dollar", "cent"),
    "€": ("euro", "cent"),
    "£": ("pound", "penny"),
    "¥": ("yen", "sen"),
    "USD": ("dollar", "cent"),
    "EUR": ("euro", "cent"),
    "GBP": ("pound", "penny"),
}
PLURALS = {"penny": "pence", "yen": "yen", "sen": "sen"}
LETTERS_OF_SCALES = {"k": "thousand", "m": "million", "b": "billion", "bn": "billion"}

FRACTIONS = {
    "1/2": "half",
    "1/3": "third",
    "2/3": "two thirds",
    "1/4": "quarter",
    "3/4": "three quarters",
}
SIGNS_OF_FRACTIONS = {"½": "1/2", "⅓": "1/3", "⅔": "2/3", "¼": "1/4", "¾": "3/4"}

UNITS = {
    "km/h": ("kilometer per hour", "kilometers per hour"),
    "m/s": ("meter per second", "meters per second"),
    "mph": ("mile per hour", "miles per hour"),
    "kg": ("kilogram", "kilograms"),
    "mg": ("milligram", "milligrams"),
    "km": ("kilometer", "kilometers"),
    "cm": ("centimeter", "centimeters"),
    "mm": ("millimeter", "millimeters"),
    "ml": ("milliliter", "milliliters"),
    "kWh": ("kilowatt hour", "kilowatt hours"),
    "kW": ("kilowatt", "kilowatts"),
    "GB": ("gigabyte", "gigabytes"),
    "MB": ("megabyte", "megabytes"),
    "kHz": ("kilohertz", "kilohertz"),
    "Hz": ("hertz", "hertz"),
    "°C": ("degree Celsius", "degrees Celsius"),
    "°F": ("degree Fahrenheit", "degrees Fahrenheit"),
}
"Behind a number, in these letter cases: one of it, and several."

SYMBOLS = {
    "&": "and",
    "@": "at",
    "#": "pound",
    "*": "star",
    "+": "plus",
    "=": "equals",
    "%": "percent",
    "°": "degrees",
    "/": "slash",
    "\\": "backslash",
    "_": "underscore",
    "<": "less than",
    ">": "greater than",
    "€": "euro",
    "$": "dollar",
    "£": "pounds",
    "¥": "yen",
    "~": "",
    "|": "",
    "^": "",
    "{": "",
    "}": "",
    "[": "",
    "]": "",
}
BRITISH_SYMBOLS = {"#": "hash"}

NAMES_OF_NUMBERS = (
    "account|card|case|code|confirmation|customer|extension|flight|id|invoice|member|number|order|"
    "passcode|password|phone|pin|policy|reference|serial|telephone|ticket|tracking|zip"
)
"Words before a number that is read digit by digit."


def cardinal(number: int) -> str:
    """Return a number in words: `one thousand two hundred and thirty-four`."""
    if number < 0:
        return "minus " + cardinal(-number)
    if number < 20:
        return ONES[number]
    if number < 100:
        return TENS[number // 10] + (f"-{ONES[number % 10]}" if number % 10 else "")
    if number < 1000:
        rest = number % 100
        return f"{ONES[number // 100]} hundred" + (f" and {cardinal(rest)}" if rest else "")
    groups, scale = [], 0
    while number and scale < len(SCALES):
        number, part = divmod(number, 1000)
        if part:
            joint = "and " if scale == 0 and part < 100 else ""
            groups.append(f"{joint}{cardinal(part)} {SCALES[scale]}".strip())
        scale += 1
    return " ".join(reversed(groups))


def ordinal(number: int) -> str:
    """Return `twenty-third` for 23."""
    words = cardinal(number)
    last = re.split(r"[ -]", words)[-1]
    changed = ORDINALS.get(last) or (last[:-1] + "ieth" if last.endswith("y") else last + "th")
    return words[: -len(last)] + changed


def year(number: int) -> str:
    """Return `nineteen oh five` for 1905 and `two thousand and five` for 2005."""
    high, low = divmod(number, 100)
    if high % 10 == 0 and low < 10:
        return cardinal(number)
    if low == 0:
        return f"{cardinal(high)} hundred"
    return f"{cardinal(high)} {'oh ' if low < 10 else ''}{cardinal(low)}"


def digits(text: str) -> str:
    """Return the digits and letters of a code one by one: `four two, B`."""
    return " ".join(
        ONES[int(character)] if character in "0123456789" else character.upper()
        for character in text
        if character.isalnum()
    )


def number(text: str) -> str:
    """Return `1,250.5` as words; a number too long to be counted is read digit by digit."""
    whole, _, fraction = text.replace(",", "").partition(".")
    if (len(whole) > 1 and whole.startswith("0")) or len(whole) > 15:
        words = digits(whole)
    else:
        words = cardinal(int(whole or "0"))
    return f"{words} point {digits(fraction)}" if fraction else words


def _amount(count: int, unit: str) -> str:
    plural = PLURALS.get(unit, unit + "s")
    return f"{cardinal(count)} {unit if count == 1 else plural}"


def _money(match: re.Match[str]) -> str:
    currency, amount = match["before"] or match["after"], match["amount"] or match["amount2"]
    unit, part = CURRENCIES[currency.upper()]
    scale = match["scale"] or LETTERS_OF_SCALES.get((match["letter"] or "").lower())
    if scale:
        return f"{number(amount)} {scale.lower()} {PLURALS.get(unit, unit + 's')}"
    whole, _, fraction = amount.replace(",", "").partition(".")
    if fraction and len(fraction) != 2:
        return f"{number(amount)} {PLURALS.get(unit, unit + 's')}"
    cents = int(fraction or "0")
    if not cents:
        return _amount(int(whole), unit)
    if not int(whole):
        return _amount(cents, part)
    return f"{_amount(int(whole), unit)} and {_amount(cents, part)}"


def _date(day: int, month: int, in_year: str | None, original: str) -> str:
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return original
    full = f"20{in_year}" if in_year and len(in_year) == 2 else in_year
    return f"{MONTHS[month - 1]} {ordinal(day)}" + (f", {year(int(full))}" if full else "")


def _iso_date(match: re.Match[str]) -> str:
    return _date(int(match[3]), int(match[2]), match[1], match[0]) + (" at " if match[4] else "")


def _years(match: re.Match[str]) -> str:
    return f"{year(int(match[1]))} to {year(int(match[2]))}"


def _slashed_date(match: re.Match[str], day_first: bool) -> str:
    first, second = int(match[1]), int(match[2])
    day, month = (first, second) if day_first or first > 12 else (second, first)
    return _date(day, month, match[3], match[0])


def _dotted_date(match: re.Match[str]) -> str:
    return _date(int(match[1]), int(match[2]), match[3], match[0])


def _month_day(match: re.Match[str]) -> str:
    name = match["month"] or match["month2"]
    month = next(n for n, long in enumerate(MONTHS, 1) if long[:3].lower() == name[:3].lower())
    return _date(
        int(match["day"] or match["day2"]), month, match["year"] or match["year2"], match[0]
    )


def _time(match: re.Match[str]) -> str:
    hour, minute, second = (int(match[part] or "0") for part in ("hour", "minute", "second"))
    if hour > 24 or minute > 59 or second > 59:
        return match[0]
    half = (match["half"] or "").upper().replace(".", "")
    suffix = f" {half[0]} {half[1]}" if half else ""
    if minute == 0:
        words = cardinal(hour) + ("" if suffix else " o'clock")
        words = "midnight" if hour in (0, 24) else words
    else:
        words = f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"
    if second:
        words += f" and {_amount(second, 'second')}"
    return words + suffix


def _phone(match: re.Match[str]) -> str:
    groups = re.findall(r"\d+", match[0])
    plus = "plus " if match[0].startswith("+") else ""
    return plus + ", ".join(digits(group) for group in groups)


def _named_number(match: re.Match[str]) -> str:
    return f"{match[1]}{digits(match[2])}"


def _code(match: re.Match[str]) -> str:
    text = match[0]
    mixed = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    return digits(text) if mixed else text


def _long_number(match: re.Match[str]) -> str:
    return digits(match[0])


def _year(match: re.Match[str]) -> str:
    return f"{match[1]}{year(int(match[2]))}"


def _ordinal(match: re.Match[str]) -> str:
    return ordinal(int(match[1]))


def _fraction(match: re.Match[str]) -> str:
    """Read `3/4`, `½`, and `2 1/2` as two and a half."""
    name = FRACTIONS[SIGNS_OF_FRACTIONS.get(match["part"], match["part"])]
    if match["whole"]:
        return f"{cardinal(int(match['whole']))} and {name if ' ' in name else f'a {name}'}"
    return name if " " in name else f"one {name}"


def _measure(match: re.Match[str]) -> str:
    one, several = UNITS[match["unit"]]
    minus = "minus " if match["sign"] else ""
    return f"{minus}{number(match['amount'])} {one if match['amount'] == '1' else several}"


def _negative(match: re.Match[str]) -> str:
    return f"minus {number(match[1])}"


def _number(match: re.Match[str]) -> str:
    return _apart(match, number(match[0]))


def _dotted(match: re.Match[str]) -> str:
    """Read a version or an address: each part by itself."""
    return _apart(match, " point ".join(number(part) for part in match[0].split(".")))


def _apart(match: re.Match[str], words: str) -> str:
    """Keep words apart from letters that the digits touched: 5kg, v2; not from a plural's."""
    before, after = match.string[: match.start()][-1:], match.string[match.end() :][:2]
    touches = after[:1].isalpha() and not re.fullmatch(r"s\W?", after)
    return f"{' ' * before.isalpha()}{words}{' ' * touches}"


AMOUNT = r"(?:\d{1,3}(?:,\d{2,3})*,\d{3}(?!\d)|\d+)(?:\.\d+)?"
"A comma belongs to a number only where digits that it groups follow."

LATE_YEAR = r"(?:19|20)\d\d"

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]


def _rules(british: bool) -> list[Rule]:
    symbols = SYMBOLS | (BRITISH_SYMBOLS if british else {})
    return [
        (
            re.compile(
                rf"(?:(?P<before>[$€£¥]|\b(?:USD|EUR|GBP)\b)\s?(?P<amount>{AMOUNT})"
                rf"|(?<![\w.,])(?P<amount2>{AMOUNT})\s?(?P<after>[$€£¥]|(?:USD|EUR|GBP)\b))"
                r"(?:\s?(?P<scale>thousand|million|billion|trillion)\b|(?P<letter>k|m|bn|b)\b)?",
                re.IGNORECASE,
            ),
            _money,
        ),
        (re.compile(r"\b(\d{4})-(\d{2})-(\d{2})(?:(T)(?=\d{2}:\d{2})|\b)"), _iso_date),
        (re.compile(rf"\b({LATE_YEAR})\s?[-–]\s?({LATE_YEAR})\b(?!-)"), _years),
        (
            re.compile(r"(?<![\w/])(\d{1,2})/(\d{1,2})/(\d{4}|\d{2})(?![\w/])"),
            partial(_slashed_date, day_first=british),
        ),
        (re.compile(r"(?<![\w.])(\d{1,2})\.(\d{1,2})\.(\d{4})(?![\w.]*\d)"), _dotted_date),
        (
            re.compile(
                rf"\b(?P<month>{MONTH}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?![:\d])"
                r"(?:,? (?P<year>\d{4})\b)?"
                rf"|\b(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month2>{MONTH})\b"
                r"(?:,? (?P<year2>\d{4})\b)?"
            ),
            _month_day,
        ),
        (
            re.compile(
                r"(?<![\w:.])(?P<hour>\d{1,2})(?::(?P<minute>\d{2}))"
                r"(?::(?P<second>\d{2})(?:\.\d+)?)?Z?(?:\s?(?P<half>[ap]\.?m)\b\.?)?(?![:\d])",
                re.IGNORECASE,
            ),
            _time,
        ),
        (
            re.compile(
                r"(?<![\w:.])(?P<hour>\d{1,2})(?P<minute>)(?P<second>)\s?(?P<half>[ap]\.?m)\b\.?",
                re.IGNORECASE,
            ),
            _time,
        ),
        (re.compile(r"(?<![\w/.,])24/7(?![\w/])"), lambda _: "twenty-four seven"),
        (
            re.compile(
                r"(?<![\w/.,])(?:(?P<whole>\d{1,3})(?: (?=\d)| ?(?=[½⅓⅔¼¾])))?"
                rf"(?P<part>{'|'.join(FRACTIONS)}|[{''.join(SIGNS_OF_FRACTIONS)}])(?![\w/])"
            ),
            _fraction,
        ),
        (
            re.compile(
                rf"(?<![\w.,])(?P<sign>[-−])?(?P<amount>{AMOUNT})\s?"
                rf"(?P<unit>{'|'.join(UNITS)})(?![\w/²³])"
            ),
            _measure,
        ),
        (re.compile(r"\+\d[\d ()/-]{5,20}\d\b"), _phone),
        (re.compile(r"(?<![\w.,-])\(?\d{2,4}\)?(?:[ -]\d{2,5}){1,4}(?![\w-]|[.,]\d)"), _phone),
        (
            re.compile(
                rf"(\b(?:{NAMES_OF_NUMBERS})(?:\s(?:is|of|no\.?|number))*:?\s#?)([A-Z]*\d[\dA-Z]*)\b",
                re.IGNORECASE,
            ),
            _named_number,
        ),
        (re.compile(r"(?<![\w.,])(\d{1,4})(?:st|nd|rd|th)\b"), _ordinal),
        (re.compile(r"\b(?=[A-Z\d]*[A-Z])(?=[A-Z\d]*\d)[A-Z\d]{2,12}\b"), _code),
        (re.compile(r"(\b(?:in|since|until|year|of|by) )(1[1-9]\d\d|20\d\d)\b(?![.,]?\d)"), _year),
        (re.compile(r"(?<![\w.,])(?:0\d+|\d{7,})(?![\w]|[.,]\d)"), _long_number),
        (re.compile(rf"(?<![\w.,)])[-−]({AMOUNT})"), _negative),
        (re.compile(r"#(?=\d)"), lambda _: "number "),
        (re.compile(r"(?<![.,\d])\d+(?:\.\d+){2,}(?!\d)"), _dotted),
        (re.compile(r"(?<![\w.,])\.(\d+)"), lambda match: f"point {digits(match[1])}"),
        (re.compile(AMOUNT), _number),
        (
            re.compile("|".join(re.escape(symbol) for symbol in symbols)),
            lambda match: f" {symbols[match[0]]} ",
        ),
        (re.compile(r"\s+"), lambda _: " "),
        (re.compile(r" (?=[.,;:!?])"), lambda _: ""),
    ]


AMERICAN, BRITISH = _rules(british=False), _rules(british=True)


def normalise(text: str, language: str = "en-us") -> str:
    """Return the text with everything that is not a word written out as words."""
    for pattern, written in BRITISH if language in ("en-gb", "en-uk") else AMERICAN:
        text = pattern.sub(written, text)
    return text.strip()
