"""Contact ID messages: digits, checksum, meaning, and what is no message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.contact_id.events import EVENTS, LISTEN_IN, UNKNOWN, Subject
from media.contact_id.message import (
    ContactIdError,
    ContactIdMessage,
    OtherFormatError,
    Qualifier,
    build_message,
    checksum,
    digits_of,
    keys_of,
    read_message,
)

DIGITS = "0123456789BCDEF"


def of_length(length: int) -> st.SearchStrategy[str]:
    return st.text(DIGITS, min_size=length, max_size=length)


def test_the_examples_of_the_reference() -> None:
    new = read_message("1234181131010158")
    assert new == ContactIdMessage("1234", "1", "131", "01", "015")
    assert new.qualifier == Qualifier.NEW
    assert new.meaning == ("Perimeter", Subject.ZONE)
    restored = read_message("1234183131010156")
    assert restored.qualifier == Qualifier.RESTORE
    assert restored.digits == "1234183131010156"
    with pytest.raises(ContactIdError, match="8 expected"):
        read_message("1234181131010159")


def test_an_account_of_letters_and_its_keys() -> None:
    message = build_message("BCDE", "130", group="01", number="001")
    assert message.digits == "BCDE18113001001E"
    assert message.keys == "*#AB18113001001B"
    assert read_message("*#AB18113001001B") == message


def test_a_zero_counts_ten_and_a_full_sum_gives_f() -> None:
    assert checksum("123418113101015") == "8"
    for body in ("111111111111111", "000000000000000", "123456789BCDEF0"):
        total = sum({"0": 10}.get(digit) or int(digit, 16) for digit in body + checksum(body))
        assert total % 15 == 0
    assert checksum("111111111111111") == "F"
    assert checksum("00000000000000B") == "E"
    assert checksum("222222211111111") == "8"


def test_a_checksum_of_ten_is_sent_as_zero() -> None:
    ten = build_message("1111", "111", group="11", number="178")
    assert ten.digits[-1] == "0"
    assert read_message(ten.keys) == ten


@given(of_length(4), of_length(1), of_length(3), of_length(2), of_length(3))
def test_what_is_built_is_read(
    account: str, qualifier: str, event: str, group: str, number: str
) -> None:
    message = build_message(account, event, qualifier=qualifier, group=group, number=number)
    assert len(message.keys) == 16
    assert digits_of(message.keys) == message.digits
    assert read_message(message.keys) == message


@given(of_length(4), of_length(3), st.integers(0, 15), st.sampled_from(DIGITS))
def test_one_wrong_digit_is_found(account: str, event: str, place: int, digit: str) -> None:
    digits = build_message(account, event).digits
    wrong = digits[:place] + digit + digits[place + 1 :]
    if wrong != digits:
        with pytest.raises(ContactIdError):
            read_message(keys_of(wrong))


def test_the_other_message_type_is_read_too() -> None:
    body = "123498113101015"
    message = read_message(keys_of(body + checksum(body)))
    assert message.message_type == "98"
    assert message.digits == body + checksum(body)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("123418113101015", "15 digits"),
        ("12341811310101588", "17 digits"),
        ("", "0 digits"),
        (keys_of("123419113101015" + checksum("123419113101015")), "message type 19"),
        ("D234181131010158", "key D"),
        ("12341811310101 8", "key  "),
    ],
)
def test_what_is_no_message(keys: str, complaint: str) -> None:
    with pytest.raises(ContactIdError, match=complaint):
        read_message(keys)


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ("12341731", "Ademco Express 4+1"),
        ("123427131", "Ademco Express 4+2"),
        ("1234551555555551", "Ademco High Speed"),
        ("12345615555555551", "Ademco Super Fast"),
    ],
)
def test_other_formats_are_recognised(keys: str, name: str) -> None:
    with pytest.raises(OtherFormatError, match="not received") as caught:
        read_message(keys)
    assert caught.value.format.name == name


def test_an_unknown_qualifier_is_kept() -> None:
    assert read_message(build_message("1234", "131", qualifier="5").keys).qualifier == "5"


@pytest.mark.parametrize(
    "fields",
    [
        {"account": "123"},
        {"account": "A234"},
        {"event": "13"},
        {"qualifier": ""},
        {"group": "1"},
        {"number": "1234"},
        {"number": "A00"},
    ],
)
def test_fields_that_cannot_be_sent(fields: dict[str, str]) -> None:
    whole = {"account": "1234", "event": "131"} | fields
    with pytest.raises(ContactIdError, match=next(iter(fields))):
        build_message(**whole)


def test_all_event_codes_have_a_name() -> None:
    assert len(EVENTS) == 231
    assert [code for code, event in EVENTS.items() if not event.name or len(event.name) > 60] == []
    assert list(EVENTS) == sorted(EVENTS)
    users = [code for code, event in EVENTS.items() if event.subject is Subject.USER]
    assert {121, 313, 401, 573, 607, 642, 911} <= set(users)
    assert EVENTS[LISTEN_IN].name == "Listen-in to follow"
    for code, name in ((110, "Fire"), (301, "AC loss"), (602, "Periodic test report")):
        assert EVENTS[code].name == name


@pytest.mark.parametrize("event", ["199", "000", "B31"])
def test_a_code_without_meaning_is_read_as_unknown(event: str) -> None:
    message = read_message(build_message("1234", event).keys)
    assert message.meaning == UNKNOWN
    assert message.event == event
