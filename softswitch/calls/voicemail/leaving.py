"""A caller leaves a message: greeting, beep, recording.

What was recorded is kept also when the caller hangs up, which is how most messages end.
"""

from __future__ import annotations

import asyncio
from enum import Enum

from softswitch.calls.voicemail import prompts
from softswitch.calls.voicemail.line import Dialogue
from softswitch.calls.voicemail.mailboxes import (
    AllMailboxes,
    Deposit,
    DiskFull,
    LeftBy,
    MailboxFull,
    NotOnDisk,
)

SKIP, LOG_IN = "#", "*"
"Keys during the greeting: on to the beep; the owner wants in."


class Left(Enum):
    """What has become of the caller."""

    DONE = "everything was said"
    WANTS_IN = "it has pressed the key of the owner"


async def leave(line: Dialogue, mailboxes: AllMailboxes, number: str, caller: LeftBy) -> Left:
    """Take a message for a mailbox, and say what has become of it."""
    try:
        deposit = await mailboxes.begin(number, caller)
    except (MailboxFull, DiskFull) as error:
        await line.say(prompts.FULL if isinstance(error, MailboxFull) else prompts.DISK_FULL)
        return Left.DONE
    try:
        greeting = mailboxes.first_greeting(number) or prompts.not_available(number)
        key = await line.ask(greeting, prompts.LEAVE, seconds=0)
        if key == LOG_IN:
            mailboxes.give_up(deposit)
            return Left.WANTS_IN
        await line.beep()
    except BaseException:
        mailboxes.give_up(deposit)
        raise
    await line.say(await _recorded(line, mailboxes, deposit))
    return Left.DONE


async def _recorded(line: Dialogue, mailboxes: AllMailboxes, deposit: Deposit) -> str:
    """Record, and keep what was recorded; what the caller is told of it."""
    terms = mailboxes.terms
    recording = line.record(deposit.path, longest=terms.longest, silence=terms.silence)
    keeping = mailboxes.keep(deposit, recording)
    try:
        message = await asyncio.shield(keeping)
    except NotOnDisk:
        return prompts.NOT_KEPT
    return prompts.TOO_SHORT if message is None else prompts.LEFT
