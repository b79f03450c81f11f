"""What the switch says by itself: English sentences with names, which the settings may replace."""

from __future__ import annotations

from collections.abc import Mapping

from softswitch.settings.exchange.sentences import SentenceSettings


class Sentence(str):
    """A sentence in English, which knows its name and the words that were put into it."""

    __slots__ = ("fields", "name")

    fields: Mapping[str, str]
    name: str

    def __new__(cls, text: str, name: str, fields: Mapping[str, str]) -> Sentence:
        """`name` is its key in `[sentences]`."""
        made = super().__new__(cls, text)
        made.name, made.fields = name, fields
        return made


def said(name: str, /, **fields: str) -> Sentence:
    """The sentence of that name, with these words in place of those in braces."""
    default: str = SentenceSettings.model_fields[name].default
    return Sentence(default.format_map(fields), name, fields)
