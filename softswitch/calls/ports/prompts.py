"""The prompts as ports play them: `prompt:NAME` becomes the file, or the text, that it is now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from softswitch.calls.prompts.sentences import Sentence
from softswitch.settings.exchange.prompts import prompt_of


class PromptSound(NamedTuple):
    """What is played for a name: a file, or else a text that is spoken."""

    path: str = ""
    text: str = ""
    language: str = ""
    voice: str | None = None


class NoSuchPrompt(LookupError):
    """There is no prompt of that name; the sentence says so."""


class Prompts:
    """All prompts by name; what is played already goes on when they change."""

    def __init__(
        self,
        sounds: Mapping[str, PromptSound] | None = None,
        sentences: Mapping[str, PromptSound] | None = None,
    ) -> None:
        """`sentences` are said in place of those of the switch, by the names of these."""
        self._sounds: Mapping[str, PromptSound] = sounds or {}
        self._sentences: Mapping[str, PromptSound] = sentences or {}

    def exchange(
        self, sounds: Mapping[str, PromptSound], sentences: Mapping[str, PromptSound]
    ) -> None:
        """Take those of changed settings."""
        self._sounds, self._sentences = sounds, sentences

    def in_other_words(self, sentence: str) -> PromptSound:
        """What is said for a sentence of the switch: as the settings have it, else as it is."""
        if isinstance(sentence, Sentence) and (found := self._sentences.get(sentence.name)):
            return found._replace(text=found.text.format_map(sentence.fields))
        return PromptSound(text=str(sentence))

    def find(self, source: str) -> PromptSound:
        """What is played for a path or `prompt:NAME`. Raises NoSuchPrompt."""
        name = prompt_of(source)
        if name is None:
            return PromptSound(path=source)
        try:
            return self._sounds[name]
        except KeyError:
            raise NoSuchPrompt(f"there is no prompt {name[:64]!r}") from None
