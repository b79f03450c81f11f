"""The rules of both message dialects of `/api` for a request, and the error for breaking them."""

from __future__ import annotations

from softswitch.guard.rights import User
from softswitch.messaging.queue.folders import FOLDERS

MOST_MESSAGES = 1_000
"Messages in one request, and in one answer."


class BadMessageRequest(Exception):
    """A request that is answered with an error; the sentence says what was expected."""


def require_own_sender(user: User, sender: str) -> None:
    """See that an application sends in the name of an extension of its own, or of none.

    Raises NotAllowed.
    """
    if sender:
        user.require_own(sender)


def folder_of(name: object) -> str:
    """The folder of that name, in any letter case. Raises BadMessageRequest."""
    folder = str(name).lower()
    if folder not in FOLDERS:
        raise BadMessageRequest(f"expected a folder, one of {', '.join(FOLDERS)}")
    return folder


def limit_of(text: str) -> int:
    """How many messages an answer may have. Raises BadMessageRequest."""
    limit = int(text) if text.isascii() and text.isdigit() and len(text) <= 6 else 0
    if not 0 < limit <= MOST_MESSAGES:
        raise BadMessageRequest(f"expected a limit of 1 to {MOST_MESSAGES}")
    return limit
