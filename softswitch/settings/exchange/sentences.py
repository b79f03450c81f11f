"""The `[sentences]` of the settings: what the switch says by itself, to be said in other words.

Words in braces stand for what is told; a number comes digit by digit.
"""

from __future__ import annotations

from pathlib import Path
from string import Formatter
from typing import Annotated, Self

from pydantic import Field, model_validator

from softswitch.settings.exchange.announcements import is_sound
from softswitch.settings.values import Section

Said = Annotated[str, Field(min_length=1, max_length=1000)]
NO_SENTENCES = ("language", "voice")
"The keys beside the sentences."


class SentenceSettings(Section):
    """Each sentence as a text to speak, the path of an audio file, or `prompt:NAME`."""

    language: Annotated[str, Field(min_length=2, max_length=35)] | None = None
    "Of the texts that stand here, such as `de`; without the key, English."
    voice: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    "The voice that speaks them, as `softswitch voices` lists them."

    # -- what codes say ----------------------------------------------------------------------------

    own_number: Said = "This is extension {number}."
    not_kept: Said = "That could not be stored. Please try again later."
    no_extension: Said = "There is no such extension."
    leads_nowhere: Said = "That number leads nowhere."
    forward_always: Said = "All calls go to {number}."
    forward_busy: Said = "Calls while you are busy go to {number}."
    forward_no_answer: Said = "Calls that you do not answer go to {number}."
    forward_not_registered: Said = "Calls while your phone cannot be reached go to {number}."
    forward_always_off: Said = "All calls are no longer forwarded."
    forward_busy_off: Said = "Calls while you are busy are no longer forwarded."
    forward_no_answer_off: Said = "Calls that you do not answer are no longer forwarded."
    forward_not_registered_off: Said = (
        "Calls while your phone cannot be reached are no longer forwarded."
    )
    forwarding_off: Said = "No calls are forwarded any more."
    forwarding_none: Said = "No calls are forwarded."
    forwarding_not_set: Said = "No number was set."
    forwarding_not_allowed: Said = "You may not forward calls to that number."
    forwarding_itself: Said = "Calls cannot be forwarded to their own number."
    forwarding_time: Said = "That is no time to wait."
    do_not_disturb_on: Said = "You are not disturbed."
    do_not_disturb_off: Said = "You can be called again."
    call_waiting_on: Said = "Further calls come in while you talk."
    call_waiting_off: Said = "Further callers hear busy."
    callback_nobody: Said = "Nobody was busy."
    callback_cannot: Said = "That number cannot call you back."
    callback_free: Said = "{number} is free."
    callback: Said = "You are called when {number} is free."
    callback_cancelled: Said = "You are not called back."
    callback_none: Said = "Nothing was asked for."
    speed_dial_none: Said = "No number is stored under {slot}."
    speed_dial_stored: Said = "{number} is stored under {slot}."
    speed_dial_slots: Said = "Numbers are stored under one or two digits."
    last_caller_none: Said = "Nobody has called."
    last_caller_hidden: Said = "The last caller did not show a number."
    last_caller_false: Said = "The last caller did not show a number of its own."
    queue_always: Said = "You always belong to the queue {queue}."
    queue_stays: Said = "You always belong to that queue, and can pause."
    queue_not_allowed: Said = "You may not log in to that queue."
    queue_login: Said = "You are logged in to the queue {queue}."
    queue_logout: Said = "You are logged out of the queue {queue}."
    queue_none: Said = "There is no such queue."
    agent_pause: Said = "You are paused."
    agent_pause_reason: Said = "You are paused. {reason}"
    agent_resume: Said = "Queues call you again."
    agent_reason: Said = "There is no such reason."
    intercom_none: Said = "This extension has no intercom."
    intercom_no_phone: Said = "{number} is no phone."
    intercom_busy: Said = "{number} is busy."
    pick_up_none: Said = "There is no call to pick up."
    pick_up_none_at: Said = "There is no call to pick up at {number}."
    call_gone: Said = "That call is no longer there."
    schedule_none: Said = "That number is no schedule."
    schedule_not_allowed: Said = "You may not change that schedule."
    schedule_open: Said = "{number} is open until further notice."
    schedule_closed: Said = "{number} is closed until further notice."
    schedule_automatic_open: Said = "{number} follows its calendar, and is open now."
    schedule_automatic_closed: Said = "{number} follows its calendar, and is closed now."
    supervision_not_allowed: Said = "You may not supervise {number}."
    supervision_no_call: Said = "{number} is not in a call."
    voicemail_none: Said = "There is no voicemail here."
    mailbox_none: Said = "That extension has no mailbox."
    parked: Said = "Parked at {lot}."
    parking_full: Said = "All parking lots are taken."
    parking_nobody: Said = "Nobody is parked at {lot}."
    parking_bound: Said = "{number} has parked as many calls as it may."
    parking_busy: Said = "That call is just being connected."

    # -- what the voicemail says -------------------------------------------------------------------

    mailbox_leave: Said = (
        "Please leave a message after the tone. When you are done, hang up, or press the hash key."
    )
    mailbox_left: Said = "Your message has been left. Goodbye."
    mailbox_too_short: Said = "The message was too short, and was not kept. Goodbye."
    mailbox_not_kept: Said = "Your message could not be stored. Please call again later. Goodbye."
    mailbox_full: Said = "The mailbox is full. No message can be left. Goodbye."
    mailbox_disk_full: Said = "No message can be left at present. Please call again later. Goodbye."
    mailbox_ask_number: Said = "Please enter the number of your mailbox, followed by the hash key."
    mailbox_ask_pin: Said = "Please enter your PIN, followed by the hash key."
    mailbox_wrong: Said = "That is not right."
    mailbox_goodbye: Said = "Goodbye."
    mailbox_main: Said = (
        "For new messages, press 1. For old messages, press 2. For your greeting and your PIN,"
        " press 0. To hang up, press the hash key."
    )
    mailbox_message: Said = (
        "To hear it again, press 5. For the next message, press 6. To delete it, press 7. To "
        "send it on, press 8. To save it, press 9. To call back, press 3. For the one before, "
        "press 4. To go back, press star."
    )
    mailbox_no_new: Said = "You have no new messages."
    mailbox_no_old: Said = "You have no old messages."
    mailbox_last: Said = "There are no more messages."
    mailbox_deleted: Said = "The message is deleted."
    mailbox_saved: Said = "The message is saved."
    mailbox_not_done: Said = "That could not be stored. Please try again later."
    mailbox_no_sound: Said = "The recording is not there any more."
    mailbox_unknown_key: Said = "There is nothing on that key."
    mailbox_ask_target: Said = (
        "Enter the number of the mailbox that gets it, followed by the hash key."
    )
    mailbox_no_mailbox: Said = "There is no such mailbox."
    mailbox_target_full: Said = "That mailbox is full."
    mailbox_sent_on: Said = "The message is sent."
    mailbox_no_number: Said = "The caller has shown no number."
    mailbox_not_from_here: Said = "You can call back only from a phone of your extension."
    mailbox_calling: Said = "You are connected now."
    mailbox_not_reached: Said = "There is no answer."
    mailbox_options: Said = (
        "To record your greeting, press 1. To hear it, press 2. For the spoken greeting, press"
        " 3. To change your PIN, press 5. To go back, press star."
    )
    mailbox_record_greeting: Said = (
        "Speak your greeting after the tone. When you are done, press the hash key."
    )
    mailbox_keep_greeting: Said = (
        "To keep this greeting, press 1. To record it again, press 2. To go back, press star."
    )
    mailbox_greeting_kept: Said = "Your greeting is changed."
    mailbox_greeting_spoken: Said = "Callers hear the spoken greeting."
    mailbox_too_short_greeting: Said = "That was too short."
    mailbox_new_pin: Said = "Enter your new PIN of four or more digits, followed by the hash key."
    mailbox_new_pin_again: Said = "Enter it again."
    mailbox_pin_changed: Said = "Your PIN is changed."
    mailbox_pin_refused: Said = "A PIN has 4 to 16 digits."
    mailbox_pin_different: Said = "The two were different."
    mailbox_not_available: Said = "The person at extension {number} is not available."
    mailbox_how_many: Said = "You have {new} new messages and {old} old messages."
    mailbox_about: Said = (
        "Message {position}, from {caller}, on day {day} of month {month} at {hour} {minute}."
    )

    @model_validator(mode="after")
    def _words(self) -> Self:
        for name in sorted(self.model_fields_set.difference(NO_SENTENCES)):
            text, known = getattr(self, name), words_of(type(self).model_fields[name].default)
            try:
                used = set() if is_sound(text) else words_of(text)
            except ValueError:
                raise ValueError(f"{name}: expected braces around words only") from None
            if used - known:
                there = f"one of {', '.join(sorted(known))}" if known else "no words in braces"
                wrong = ", ".join(f"{{{word}}}" for word in sorted(used - known))
                raise ValueError(f"{name}: expected {there}, not {wrong}")
        return self

    def replaced(self) -> dict[str, str]:
        """The sentences that are said in other words, by name."""
        chosen = self.model_fields_set.difference(NO_SENTENCES)
        return {name: getattr(self, name) for name in sorted(chosen)}

    def sounds(self) -> dict[str, Path]:
        """The audio files and prompts among them, by key."""
        return {name: Path(text) for name, text in self.replaced().items() if is_sound(text)}


def words_of(text: str) -> set[str]:
    """The words in braces of a sentence. Raises ValueError for what is no such text."""
    found = set()
    for _, word, form, conversion in Formatter().parse(text):
        if word is not None and (form or conversion or not word.isidentifier()):
            raise ValueError(word)
        if word is not None:
            found.add(word)
    return found
