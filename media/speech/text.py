"""A text is checked (length, control characters) and cut into sentences."""

from __future__ import annotations

import re
import unicodedata

from media.speech.engine import SpeechError

LONGEST_TEXT = 10_000
"Characters; about ten minutes of speech."

LONGEST_SENTENCE = 300
"Characters that are synthesised at once; longer sentences are cut where it is heard least."

_SENTENCE_END = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|\n\s*|(?<=[。！？])")
_TITLES = frozenset(
    ["Mr", "Mrs", "Ms", "Dr", "Prof", "St", "Jr", "Sr", "No", "vs", "etc", "ca", "Hr", "Fr", "z.B"]
)
_CLAUSE_END = re.compile(r"(?<=[,;:–—])\s+")


def check(text: str) -> str:
    """Return the text without invisible characters; raises `SpeechError`."""
    if len(text) > LONGEST_TEXT:
        raise SpeechError(f"the text has {len(text)} characters, at most {LONGEST_TEXT} are spoken")
    kept = []
    for position, character in enumerate(text):
        category = unicodedata.category(character)
        if category in ("Cc", "Cs") and character not in "\t\n\r":
            raise SpeechError(
                f"the text holds the control character U+{ord(character):04X} "
                f"at position {position + 1}"
            )
        if category not in ("Cf", "Co", "Cn"):
            kept.append(character)
    clean = "".join(kept)
    if not any(character.isalnum() or character in "#*+@&%$€£" for character in clean):
        raise SpeechError("the text holds nothing that can be spoken")
    return clean


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, each at most `LONGEST_SENTENCE` characters long, none empty."""
    found, begin = [], 0
    for end in _SENTENCE_END.finditer(text):
        before, after = text[begin : end.start()], text[end.end() : end.end() + 1]
        if "\n" in end.group() or not _is_abbreviation(before, after):
            found.append(text[begin : end.end()])
            begin = end.end()
    found.append(text[begin:])
    pieces = [piece for sentence in found for piece in _short_enough(" ".join(sentence.split()))]
    spoken = [piece for piece in pieces if any(character.isalnum() for character in piece)]
    return spoken or pieces


def _is_abbreviation(before: str, following: str) -> bool:
    """Return whether a full stop belongs to `Dr.` or `J.`, or is followed by a small letter."""
    if not before.endswith("."):
        return False
    word = before[:-1].rsplit(None, 1)[-1].lstrip("(\"'“") if before[:-1].split() else ""
    return following.islower() or word in _TITLES or (len(word) == 1 and word.isupper())


def _short_enough(sentence: str) -> list[str]:
    """Cut a long sentence at clauses, then at spaces, then anywhere."""
    if len(sentence) <= LONGEST_SENTENCE:
        return [sentence] if sentence else []
    for separator in (_CLAUSE_END, re.compile(r"\s+")):
        parts = separator.split(sentence)
        if len(parts) > 1:
            pieces = _packed(parts)
            return [short for piece in pieces for short in _short_enough(piece)]
    return [
        sentence[at : at + LONGEST_SENTENCE] for at in range(0, len(sentence), LONGEST_SENTENCE)
    ]


def _packed(parts: list[str]) -> list[str]:
    """Join parts as long as they are short enough together."""
    packed: list[str] = []
    for part in parts:
        if packed and len(packed[-1]) + 1 + len(part) <= LONGEST_SENTENCE:
            packed[-1] += " " + part
        else:
            packed.append(part)
    return packed
