"""Prompts, from the settings: what is played for each name, and the files of uploaded ones."""

from __future__ import annotations

from pathlib import Path

from softswitch.calls.ports.prompts import PromptSound
from softswitch.settings.exchange.announcements import is_sound
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.load import Settings


def prompt_sounds(settings: Settings) -> dict[str, PromptSound]:
    """What is played for every name."""
    return {
        each.name: PromptSound(
            path="" if each.file is None else source_of(each.file),
            text=each.text or "",
            language=each.language or "",
            voice=each.voice,
        )
        for each in settings.prompts
    }


def sentence_sounds(settings: Settings) -> dict[str, PromptSound]:
    """What is said in place of sentences of the switch, by their names."""
    entry = settings.sentences
    return {
        name: PromptSound(path=source_of(text))
        if is_sound(text)
        else PromptSound(text=text, language=entry.language or "", voice=entry.voice)
        for name, text in entry.replaced().items()
    }


def prompt_files(settings: Settings) -> set[Path]:
    """The files that prompts name, each by its one whole path; asks the disk."""
    return {each.file.resolve() for each in settings.prompts if each.file is not None}
