"""What the voicemail says."""

from __future__ import annotations

from datetime import datetime

from softswitch.calls.codes.service_code import spelled
from softswitch.calls.lamps.message_summary import MessageCounts
from softswitch.calls.prompts.sentences import Sentence, said
from softswitch.store.exchange.voicemails import Voicemail

LEAVE = said("mailbox_leave")
LEFT = said("mailbox_left")
TOO_SHORT = said("mailbox_too_short")
NOT_KEPT = said("mailbox_not_kept")
FULL = said("mailbox_full")
DISK_FULL = said("mailbox_disk_full")

ASK_NUMBER = said("mailbox_ask_number")
ASK_PIN = said("mailbox_ask_pin")
WRONG = said("mailbox_wrong")
GOODBYE = said("mailbox_goodbye")

MAIN = said("mailbox_main")
MESSAGE = said("mailbox_message")
NO_NEW = said("mailbox_no_new")
NO_OLD = said("mailbox_no_old")
LAST = said("mailbox_last")
DELETED = said("mailbox_deleted")
SAVED = said("mailbox_saved")
NOT_DONE = said("mailbox_not_done")
NO_SOUND = said("mailbox_no_sound")
UNKNOWN_KEY = said("mailbox_unknown_key")

ASK_TARGET = said("mailbox_ask_target")
NO_MAILBOX = said("mailbox_no_mailbox")
TARGET_FULL = said("mailbox_target_full")
SENT_ON = said("mailbox_sent_on")

NO_NUMBER = said("mailbox_no_number")
NOT_FROM_HERE = said("mailbox_not_from_here")
CALLING = said("mailbox_calling")
NOT_REACHED = said("mailbox_not_reached")

OPTIONS = said("mailbox_options")
RECORD_GREETING = said("mailbox_record_greeting")
KEEP_GREETING = said("mailbox_keep_greeting")
GREETING_KEPT = said("mailbox_greeting_kept")
GREETING_SPOKEN = said("mailbox_greeting_spoken")
TOO_SHORT_GREETING = said("mailbox_too_short_greeting")
NEW_PIN = said("mailbox_new_pin")
NEW_PIN_AGAIN = said("mailbox_new_pin_again")
PIN_CHANGED = said("mailbox_pin_changed")
PIN_REFUSED = said("mailbox_pin_refused")
PIN_DIFFERENT = said("mailbox_pin_different")


def not_available(number: str) -> str:
    """The greeting of a mailbox whose owner has recorded none."""
    return said("mailbox_not_available", number=spelled(number))


def how_many(counts: MessageCounts) -> str:
    """What is in the mailbox."""
    new = f"{counts.new or 'no'} new message{'' if counts.new == 1 else 's'}"
    old = f"{counts.old} old message{'' if counts.old == 1 else 's'}" if counts.old else ""
    english = f"You have {new}{f' and {old}' if old else ''}."
    return Sentence(english, "mailbox_how_many", {"new": str(counts.new), "old": str(counts.old)})


def about(message: Voicemail, position: int, now: datetime) -> str:
    """Which message it is, from whom and when; `now` has the time zone of the owner."""
    at = datetime.fromtimestamp(message.arrived_at, now.tzinfo)
    told = [f"Message {position}", f"from {_who(message)}", f"{_day(at, now)} at {_time(at)}"]
    if message.sent_by:
        told.append(f"sent by extension {spelled(message.sent_by)}")
    fields = {
        "position": str(position),
        "caller": spelled(message.caller),
        "day": str(at.day),
        "month": str(at.month),
        "hour": str(at.hour),
        "minute": f"{at.minute:02d}",
    }
    return Sentence(", ".join(told) + ".", "mailbox_about", fields)


def _who(message: Voicemail) -> str:
    return spelled(message.caller) if message.caller else "an unknown number"


def _day(at: datetime, now: datetime) -> str:
    days = (now.date() - at.date()).days
    if days in (0, 1):
        return ("today", "yesterday")[days]
    return f"{at:%A}" if 1 < days < 7 else f"on {at:%B} {at.day}"


def _time(at: datetime) -> str:
    return f"{at.hour} {'hundred' if at.minute == 0 else f'{at.minute:02d}'}"
