"""Refuses content that no connection could carry, before it is kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from softswitch.messaging.connections.connection import (
    LONGEST_ADDRESS,
    LONGEST_TEXT,
    MessageRefused,
)
from softswitch.store.messages import MessageContent
from softswitch.store.texts import no_text

LONGEST_ID = 64
"Characters of an id that a sender chooses."


def check_content(content: MessageContent) -> None:
    """Raises MessageRefused for what no connection could carry."""
    if len(content.text) > LONGEST_TEXT:
        raise MessageRefused(f"the text is longer than {LONGEST_TEXT} characters")
    if (found := no_text(content.text)) is not None:
        raise MessageRefused(f"the text holds {found}")
    for address in (content.to_address, content.from_address):
        if len(address) > LONGEST_ADDRESS:
            raise MessageRefused(f"an address is longer than {LONGEST_ADDRESS} characters")
    # Line breaks in them would forge headers.
    for line in (content.to_address, content.from_address, content.subject):
        if any(character < " " or character == "\x7f" for character in line):
            raise MessageRefused("an address or the subject holds control characters")
    for line in (content.to_address, content.from_address, content.subject, *_texts(content.tags)):
        if (found := no_text(line)) is not None:
            raise MessageRefused(f"an address, the subject or a tag holds {found}")


def _texts(tags: Mapping[str, str]) -> Iterator[str]:
    for name, value in tags.items():
        yield from (name, value)


def check_id(identity: str) -> None:
    """Raises MessageRefused for an id that a sender may not choose."""
    if not 0 < len(identity) <= LONGEST_ID or not identity.isascii() or not identity.isprintable():
        raise MessageRefused(f"expected an id of 1 to {LONGEST_ID} printable characters")
