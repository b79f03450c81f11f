"""How long messages are tried and kept, and whose inbox is the default one."""

from __future__ import annotations

from dataclasses import dataclass, field

from softswitch.messaging.delivery.backoff import BackOff


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The numbers of `[messages]`; times in seconds."""

    valid_for: float = 172_800.0
    "How long a message is tried."
    keep: float = 90 * 86_400.0
    "How long messages stay in the folders."
    backoff: BackOff = field(default_factory=BackOff)
    user: str = "admin"
    "The user whose inbox gets messages that are for no other user."
