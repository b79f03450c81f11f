"""Compares the keys that were pressed so far with a code as the settings write it."""

from __future__ import annotations

import re
from enum import Enum

LONGEST_WORD = 32
"Digits that stand for a word in braces."
_PARTS = re.compile(r"\{[a-z]+\}|.")


class KeyStage(Enum):
    """How far keys have got in a code."""

    NO = "they are none of it"
    BEGUN = "more must come"
    MAY_END = "they are the code unless more comes"
    ENDS = "they are the code"


def follow(written: str, keys: str) -> tuple[KeyStage, str]:
    """How far the keys have got in `##{number}#`, and the digits in place of its last word."""
    parts, at, word = _PARTS.findall(written), 0, ""
    for index, part in enumerate(parts):
        if at == len(keys):
            return KeyStage.BEGUN, ""
        if part[0] != "{":
            if keys[at] != part:
                return KeyStage.NO, ""
            at += 1
            continue
        digits = re.match(r"[0-9]+", keys[at:])
        if digits is None or len(digits[0]) > LONGEST_WORD:
            return KeyStage.NO, ""
        word = digits[0]
        at += len(word)
        if at == len(keys) and index == len(parts) - 1:
            return KeyStage.MAY_END, word
    return (KeyStage.ENDS if at == len(keys) else KeyStage.NO), word
