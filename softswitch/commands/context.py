"""What a running command acts on: its call, its parties and the rest of the house."""

from __future__ import annotations

from typing import Protocol


class Context(Protocol):
    """The door between commands and call control."""
