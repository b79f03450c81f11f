"""Orders to a party: what its port is asked to do, and what a failure is called in the API."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from softswitch.calls.ports.under_way import Played, Playing
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.context import Sound
from softswitch.commands.base.order import LivePhone, PartyOrder
from softswitch.commands.orders.beep import BeepOrder
from softswitch.commands.orders.play import PlayOrder
from softswitch.commands.orders.send_dtmf import SendDtmfOrder
from softswitch.commands.orders.speak import SpeakOrder


class Port:
    """Stands where a media port stands: every sound ends at once, in the way it was told."""

    def __init__(self, played: Played) -> None:
        self.played = played
        self.asked: list[tuple[Any, ...]] = []

    def _play(self, *asked: Any) -> Playing:
        self.asked.append(asked)
        playing = Playing(lambda: None)
        playing.done.set_result(self.played)
        return playing

    def play_file(self, path: str, *, repeat: bool, longest: float | None) -> Playing:
        return self._play("play", path, repeat, longest)

    def speak(self, text: str, *, language: str | None, voice: str | None) -> Playing:
        return self._play("speak", text, language, voice)

    def beep(self, frequency: int, milliseconds: int) -> Playing:
        return self._play("beep", frequency, milliseconds)

    def send_keys(self, keys: str, *, way: str) -> Playing:
        return self._play("keys", keys, way)


def perform(order: PartyOrder[None], error: str = "", dtmf: str = "auto") -> list[tuple[Any, ...]]:
    """What the port was asked to do; raises what the order raises."""

    async def ordered() -> list[tuple[Any, ...]]:
        port = Port(Played(0, "error" if error else "finished", error))
        party = SimpleNamespace(audio=SimpleNamespace(port=port), leg=None, successor=None)
        await order.perform(LivePhone(party, dtmf))  # type: ignore[arg-type]
        return port.asked

    return asyncio.run(ordered())


@pytest.mark.parametrize(
    ("order", "asked"),
    [
        (PlayOrder(Sound("a.wav", "/s/a.wav"), True, 2.0), ("play", "/s/a.wav", True, 2.0)),
        (SpeakOrder("Hello", "en", None), ("speak", "Hello", "en", None)),
        (BeepOrder(1_000, 300), ("beep", 1_000, 300)),
        (SendDtmfOrder("1 2,a"), ("keys", "12,A", "auto")),
    ],
)
def test_what_a_port_is_asked_to_do(order: PartyOrder[None], asked: tuple[Any, ...]) -> None:
    assert perform(order) == [asked]


def test_keys_are_sent_in_the_way_of_the_settings() -> None:
    assert perform(SendDtmfOrder("1"), dtmf="inband") == [("keys", "1", "inband")]


@pytest.mark.parametrize(
    ("order", "error", "code", "parameter"),
    [
        (PlayOrder(Sound("a.wav", "/s/a.wav")), "/s/a.wav: no audio", 302, "'AudioFile'"),
        (PlayOrder(Sound("a.wav", "/s/a.wav")), "too many sounds wait", 303, "'Play'"),
        (SpeakOrder("Hi", None, "piper:eva"), "no voice 'eva'", 302, "'Voice'"),
        (SpeakOrder("Hi", "EN_us", None), "no language 'en-us'", 302, "'Language'"),
        (SpeakOrder("Hi"), "the text is too long", 302, "'Text'"),
        (SpeakOrder("Hi"), "the engine has gone", 303, "'Speak'"),
        (BeepOrder(1_000, 300), "too many sounds wait", 303, "'Beep'"),
        (SendDtmfOrder("12"), "'12' is too long", 302, "'Keys'"),
    ],
)
def test_a_failure_names_the_parameter_at_fault(
    order: PartyOrder[None], error: str, code: int, parameter: str
) -> None:
    with pytest.raises(CommandError) as caught:
        perform(order, error)
    assert caught.value.code == code
    assert parameter in caught.value.message


def test_a_file_is_named_as_the_command_named_it() -> None:
    with pytest.raises(CommandError) as caught:
        perform(PlayOrder(Sound("http://app.example/a.wav?key=secret", "/t/1")), "/t/1: no audio")
    assert caught.value.detail == "http://app.example/a.wav: no audio"


def test_a_party_without_a_port_cannot_be_ordered() -> None:
    party = SimpleNamespace(audio=SimpleNamespace(port=None), leg=None, successor=None)
    with pytest.raises(CommandError) as caught:
        asyncio.run(BeepOrder(1_000, 300).perform(LivePhone(party)))  # type: ignore[arg-type]
    assert caught.value.code is Code.INAPPROPRIATE_COMMAND
