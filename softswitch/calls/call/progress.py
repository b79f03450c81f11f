"""What happens while a call rings and is no state of the API: `Request` has scripts for it."""

from __future__ import annotations

from enum import Enum


class Progress(Enum):
    """Where a call is on its way to an answer."""

    QUEUED = "the callee is busy, and has put the call into its queue (182)"
    EARLY_MEDIA = "the callee, or its network, is heard before the answer"
    FORWARDING = "somebody else is to be rung instead"
    FORWARDED = "the one who is rung instead rings"
