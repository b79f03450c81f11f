"""The base of everything that travels between the signalling process and a media worker."""

from __future__ import annotations

import msgspec

TICKETLESS = 0
"The ticket of messages whose answer nobody waits for."


class ControlMessage(
    msgspec.Struct, frozen=True, kw_only=True, tag=True, forbid_unknown_fields=True
):
    """The class's name is its tag on the wire."""
