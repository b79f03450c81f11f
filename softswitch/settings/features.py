"""What the settings say about the features of a phone, until somebody changes them by a code or
the web API."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from softswitch.settings.values import Count, Number, Seconds, Section, read_secret

FORWARDS = ("forward_always", "forward_busy", "forward_no_answer", "forward_not_registered")
"The keys that name numbers to forward calls to."

Slot = Annotated[str, Field(pattern=r"^[0-9]{1,2}$")]
"What is dialled for a number that was stored: one or two digits."

CallCode = Literal["record", "transfer", "park", "invite"]
"Something that is done by keys in a call; a key of `[call_codes]`."


class FeatureSettings(Section):
    """What becomes of the calls to an extension."""

    forward_always: Number | None = None
    "A number to which all calls go; its phones do not ring."
    forward_busy: Number | None = None
    "A number to which calls go when the extension is busy or does not want to be disturbed."
    forward_no_answer: Number | None = None
    "A number to which calls go that nobody answers within `forward_after`."
    forward_not_registered: Number | None = None
    """A number to which calls go when no phone can be reached; without it, `forward_no_answer`."""
    forward_after: Annotated[Seconds, Field(le=600)] = 20
    "Seconds that it rings before `forward_no_answer`."
    forward_outside: bool = False
    """Whether its calls may be forwarded to numbers that a trunk reaches, and its phones' users may
    choose such numbers; it is this extension whose rights count, whoever calls."""
    do_not_disturb: bool = False
    "Whether its phones do not ring; callers hear busy."
    max_calls: Count | None = None
    "Calls at a time, above which callers hear busy; 1 is no call waiting. Default: no bound."
    speed_dials: dict[Slot, Number] = Field(default_factory=dict)
    'Numbers by one or two digits, which `[codes]` dials: `{ 1 = "1002", 12 = "+4930123456" }`.'


class MailboxSettings(Section):
    """The mailbox of an extension."""

    mailbox: bool = False
    "Whether callers whom nobody answers may leave a message."
    mailbox_pin: str | None = Field(default=None, repr=False)
    """Keys that open the mailbox, 4 to 16 digits, until its owner chooses others; without it, only
    the phones of the extension itself open it."""
    mailbox_pin_file: Path | None = None
    "A file whose first line is the PIN."
    mailbox_email: (
        Annotated[str, Field(pattern=r"^[^\s@<>,;]{1,64}@[A-Za-z0-9.-]{1,255}$")] | None
    ) = None
    "Where new messages are sent to, with the recording; `voicemail.mail_by` carries them."

    mailbox_greeting: Path | None = None
    "An audio file that callers hear until the owner has recorded a greeting; else it is spoken."

    @model_validator(mode="after")
    def _read_mailbox_pin(self) -> Self:
        pin = read_secret("mailbox_pin", self.mailbox_pin, self.mailbox_pin_file)
        if pin is not None and re.fullmatch(r"[0-9]{4,16}", pin, re.ASCII) is None:
            raise ValueError("expected a mailbox_pin of 4 to 16 digits")
        object.__setattr__(self, "mailbox_pin", pin)
        others = (pin, self.mailbox_email, self.mailbox_greeting)
        if not self.mailbox and any(each is not None for each in others):
            raise ValueError("expected mailbox = true beside the other keys of the mailbox")
        return self
