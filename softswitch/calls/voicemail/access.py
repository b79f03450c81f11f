"""Who may open which mailbox: a phone of the extension, and who knows number and PIN.

Wrong PINs are counted as those of conferences are (`guard/pins.py`). A number without a mailbox is
asked for its PIN like any other, so that nobody finds out by it which numbers have one.
"""

from __future__ import annotations

from typing import NamedTuple

import structlog

from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.line import Dialogue
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.guard.pins import Pins

log = structlog.get_logger("softswitch.voicemail")

TRIES = 3
LONGEST_NUMBER, LONGEST_PIN = 32, 16


class Visitor(NamedTuple):
    """Who calls."""

    number: str
    "Its extension, or the number that it shows."
    extension: str
    "Empty for a caller from outside."
    trunk: str


async def open_mailbox(
    line: Dialogue, mailboxes: AllMailboxes, pins: Pins, visitor: Visitor, wanted: str = ""
) -> str | None:
    """The number of the mailbox that the visitor has opened; None when it has not.

    `wanted` is the mailbox, where it is known already; else that of the phone, else it is asked.
    """
    own = visitor.extension if mailboxes.settings(visitor.extension) is not None else ""
    if not wanted and own and not mailboxes.has_pin(own):
        return own
    for _ in range(TRIES):
        number = wanted or own or await line.digits(prompts.ASK_NUMBER, most=LONGEST_NUMBER)
        entered = await line.secret_digits(prompts.ASK_PIN, most=LONGEST_PIN)
        if not entered and not wanted and own:
            own = ""  # the hash key alone: it wants another mailbox
            continue
        caller = (visitor.number, visitor.trunk, number)
        # Asked only now: several calls may try at once, and a right PIN must not stand out.
        fits = await mailboxes.opens(number, entered)
        if not pins.refuses(*caller):
            if fits:
                pins.right(*caller)
                return number
            if entered:
                pins.wrong(*caller)
                log.warning("wrong PIN", mailbox=number, caller=visitor.number)
        await line.say(prompts.WRONG)
    return None
