"""Contact ID messages: sixteen DTMF digits `ACCT MT Q EEE GG CCC S` (SIA DC-05-1999.09)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from media.contact_id.events import EVENTS, UNKNOWN, ContactIdEvent

LENGTH = 16
"Digits of a message."

MESSAGE_TYPES = ("18", "98")
"The message types of this format, behind the account; 18 is preferred."

_DIGITS = "0123456789BCDEF"
_KEYS = "0123456789*#ABC"
KEY_OF_DIGIT = dict(zip(_DIGITS, _KEYS, strict=True))
"The key that carries each digit; there is no digit A, and key D carries none."
DIGIT_OF_KEY = dict(zip(_KEYS, _DIGITS, strict=True))

VALUE = {digit: 10 if digit == "0" else int(digit, 16) for digit in _DIGITS}
"The value of each digit in the checksum: 0 counts ten."

DIGIT_OF_VALUE = {value: digit for digit, value in VALUE.items()}


class Qualifier(StrEnum):
    """Whether something begins, ends or goes on."""

    NEW = "1"
    "New event, or opening."
    RESTORE = "3"
    "Restore, or closing."
    STATUS = "6"
    "Condition still present, reported before."


class ContactIdFormat(NamedTuple):
    """Another format that panels send after the same handshake."""

    name: str
    digits: int
    "Length of its messages; 0 when it varies."


OTHER_FORMATS = {
    "17": ContactIdFormat("Ademco Express 4+1", 8),
    "27": ContactIdFormat("Ademco Express 4+2", 9),
    "55": ContactIdFormat("Ademco High Speed", 0),
    "56": ContactIdFormat("Ademco Super Fast", 0),
}
"By message type; they are recognised, and not acknowledged."


class ContactIdError(ValueError):
    """Keys that are no good message; the panel hears nothing and repeats it."""


class OtherFormatError(ContactIdError):
    """A message of a format that is known and not received here."""

    def __init__(self, other: ContactIdFormat) -> None:
        super().__init__(f"{other.name} is not received here")
        self.format = other


@dataclass(frozen=True, slots=True)
class ContactIdMessage:
    """What a panel reports; every field keeps its digits, 0 to 9 and B to F."""

    account: str
    "Four digits."
    qualifier: str
    "One digit: a `Qualifier`, or one that the standard does not know, which is kept."
    event: str
    "Three digits, see `meaning`."
    group: str
    "Two digits: the partition or group, `00` for none."
    number: str
    "Three digits: the zone or the user, `000` for none."
    message_type: str = MESSAGE_TYPES[0]

    @property
    def meaning(self) -> ContactIdEvent:
        """Name of the event and what `number` numbers; `UNKNOWN` for a code without meaning."""
        return EVENTS.get(int(self.event), UNKNOWN) if self.event.isdigit() else UNKNOWN

    @property
    def digits(self) -> str:
        """All sixteen digits, the checksum too."""
        body = "".join(
            (
                self.account,
                self.message_type,
                self.qualifier,
                self.event,
                self.group,
                self.number,
            )
        )
        return body + checksum(body)

    @property
    def keys(self) -> str:
        """The keys to send."""
        return keys_of(self.digits)


def checksum(body: str) -> str:
    """The digit that makes the sum of all digits' values a multiple of 15."""
    return DIGIT_OF_VALUE[15 - sum(VALUE[digit] for digit in body) % 15]


def keys_of(digits: str) -> str:
    """The keys that carry digits; raises ContactIdError for any other character."""
    try:
        return "".join(KEY_OF_DIGIT[digit] for digit in digits.upper())
    except KeyError as error:
        raise ContactIdError(f"{error.args[0]} is no digit of Contact ID") from None


def digits_of(keys: str) -> str:
    """The digits that keys carry; raises ContactIdError for key D."""
    try:
        return "".join(DIGIT_OF_KEY[key] for key in keys.upper())
    except KeyError as error:
        raise ContactIdError(f"key {error.args[0]} carries no digit of Contact ID") from None


def build_message(
    account: str, event: str, *, qualifier: str = "1", group: str = "00", number: str = "000"
) -> ContactIdMessage:
    """Make a message to send; raises ContactIdError for fields of wrong length or digits."""
    fields = (
        ("account", account, 4),
        ("qualifier", qualifier, 1),
        ("event", event, 3),
        ("group", group, 2),
        ("number", number, 3),
    )
    for name, value, length in fields:
        if len(value) != length or not set(value.upper()) <= set(_DIGITS):
            raise ContactIdError(f"{name} {value!r}: {length} of the digits 0-9 and B-F expected")
    return ContactIdMessage(
        account.upper(), qualifier, event.upper(), group.upper(), number.upper()
    )


def read_message(keys: str) -> ContactIdMessage:
    """Read a message from the keys that were heard.

    Raises OtherFormatError, or ContactIdError that says what is wrong.
    """
    digits = digits_of(keys)
    message_type = digits[4:6]
    if message_type in OTHER_FORMATS and OTHER_FORMATS[message_type].digits in (0, len(digits)):
        raise OtherFormatError(OTHER_FORMATS[message_type])
    if len(digits) != LENGTH:
        raise ContactIdError(f"{len(digits)} digits, {LENGTH} expected: {digits}")
    if message_type not in MESSAGE_TYPES:
        raise ContactIdError(f"message type {message_type} in {digits}")
    if sum(VALUE[digit] for digit in digits) % 15:
        raise ContactIdError(f"checksum of {digits}: {checksum(digits[:-1])} expected")
    return ContactIdMessage(
        account=digits[:4],
        message_type=message_type,
        qualifier=digits[6],
        event=digits[7:10],
        group=digits[10:12],
        number=digits[12:15],
    )
