"""A port plays what the name of a prompt stands for at that moment."""

from __future__ import annotations

import pytest

from media.control.sound import PlayFile, PlaySpeech
from softswitch.calls.ports.prompts import NoSuchPrompt, Prompts, PromptSound
from tests.calls.ports.test_media_hosts import Worker, port_on
from tests.calls.virtual_time import run


def test_a_name_stands_for_a_file_or_a_text() -> None:
    prompts = Prompts({"hello": PromptSound(text="Hello", language="de", voice="piper:thorsten")})
    assert prompts.find("/music/prompt:hello") == PromptSound(path="/music/prompt:hello")
    assert prompts.find("prompt:hello").text == "Hello"
    with pytest.raises(NoSuchPrompt, match="there is no prompt 'bye'"):
        prompts.find("prompt:bye")
    prompts.exchange({"bye": PromptSound(path="/bye.wav")}, {})
    assert prompts.find("prompt:bye").path == "/bye.wav"


def test_a_port_repeats_texts_as_it_repeats_files() -> None:
    async def story() -> None:
        worker = Worker()
        sounds = {"text": PromptSound(text="Hello"), "file": PromptSound(path="/a.wav")}
        port = port_on(worker, prompts=Prompts(sounds))
        spoken = port.play_file("prompt:text", repeat=True, beneath=True)
        assert spoken.endless
        port.play_file("prompt:file", longest=3)
        missing = port.play_file("prompt:nothing")
        assert (missing.done.result().why, missing.done.result().error) == (
            "error", "there is no prompt 'nothing'",
        )  # fmt: skip
        speech, file = worker.told[-2:]
        assert isinstance(speech, PlaySpeech)
        assert (speech.text, speech.repeat, speech.beneath) == ("Hello", True, True)
        assert isinstance(file, PlayFile)
        assert (file.path, file.longest) == ("/a.wav", 3)

    run(story())
