"""What the voicemail says."""

from __future__ import annotations

from datetime import datetime

from softswitch.calls.codes.service_code import spelled
from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.store.exchange.voicemails import Voicemail

LEAVE = "Please leave a message after the tone. When you are done, hang up, or press the hash key."
LEFT = "Your message has been left. Goodbye."
TOO_SHORT = "The message was too short, and was not kept. Goodbye."
NOT_KEPT = "Your message could not be stored. Please call again later. Goodbye."
FULL = "The mailbox is full. No message can be left. Goodbye."
DISK_FULL = "No message can be left at present. Please call again later. Goodbye."

ASK_NUMBER = "Please enter the number of your mailbox, followed by the hash key."
ASK_PIN = "Please enter your PIN, followed by the hash key."
WRONG = "That is not right."
GOODBYE = "Goodbye."

MAIN = (
    "For new messages, press 1. For old messages, press 2. For your greeting and your PIN, press 0."
    " To hang up, press the hash key."
)
MESSAGE = (
    "To hear it again, press 5. For the next message, press 6. To delete it, press 7."
    " To send it on, press 8. To save it, press 9. To call back, press 3."
    " For the one before, press 4. To go back, press star."
)
NO_NEW = "You have no new messages."
NO_OLD = "You have no old messages."
LAST = "There are no more messages."
DELETED = "The message is deleted."
SAVED = "The message is saved."
NOT_DONE = "That could not be stored. Please try again later."
NO_SOUND = "The recording is not there any more."
UNKNOWN_KEY = "There is nothing on that key."

ASK_TARGET = "Enter the number of the mailbox that gets it, followed by the hash key."
NO_MAILBOX = "There is no such mailbox."
TARGET_FULL = "That mailbox is full."
SENT_ON = "The message is sent."

NO_NUMBER = "The caller has shown no number."
NOT_FROM_HERE = "You can call back only from a phone of your extension."
CALLING = "You are connected now."
NOT_REACHED = "There is no answer."

OPTIONS = (
    "To record your greeting, press 1. To hear it, press 2. For the spoken greeting, press 3."
    " To change your PIN, press 5. To go back, press star."
)
RECORD_GREETING = "Speak your greeting after the tone. When you are done, press the hash key."
KEEP_GREETING = (
    "To keep this greeting, press 1. To record it again, press 2. To go back, press star."
)
GREETING_KEPT = "Your greeting is changed."
GREETING_SPOKEN = "Callers hear the spoken greeting."
TOO_SHORT_GREETING = "That was too short."
NEW_PIN = "Enter your new PIN of four or more digits, followed by the hash key."
NEW_PIN_AGAIN = "Enter it again."
PIN_CHANGED = "Your PIN is changed."
PIN_REFUSED = "A PIN has 4 to 16 digits."
PIN_DIFFERENT = "The two were different."


def not_available(number: str) -> str:
    """The greeting of a mailbox whose owner has recorded none."""
    return f"The person at extension {spelled(number)} is not available."


def how_many(counts: MessageCounts) -> str:
    """What is in the mailbox."""
    new = f"{counts.new or 'no'} new message{'' if counts.new == 1 else 's'}"
    old = f"{counts.old} old message{'' if counts.old == 1 else 's'}" if counts.old else ""
    return f"You have {new}{f' and {old}' if old else ''}."


def about(message: Voicemail, position: int, now: datetime) -> str:
    """Which message it is, from whom and when; `now` has the time zone of the owner."""
    at = datetime.fromtimestamp(message.arrived_at, now.tzinfo)
    said = [f"Message {position}", f"from {_who(message)}", f"{_day(at, now)} at {_time(at)}"]
    if message.sent_by:
        said.append(f"sent by extension {spelled(message.sent_by)}")
    return ", ".join(said) + "."


def _who(message: Voicemail) -> str:
    return spelled(message.caller) if message.caller else "an unknown number"


def _day(at: datetime, now: datetime) -> str:
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return ("today", "yesterday")[days]
    return f"{at:%A}" if 1 < days < 7 else f"on {at:%B} {at.day}"


def _time(at: datetime) -> str:
    return f"{at.hour} {'hundred' if at.minute == 0 else f'{at.minute:02d}'}"
