"""Several listen to one leg: claims of the worker are shared, silences counted, nothing is left."""

from __future__ import annotations

import asyncio

from media.control.session import Request
from media.control.sound import Listen, SoundRecognised
from softswitch.calls.ports.listening import SHORTEST
from softswitch.calls.ports.port_sound import PortSound
from tests.calls.virtual_time import run


class Port(PortSound):
    """A port whose worker is the test."""

    def __init__(self) -> None:
        super().__init__(1)
        self.claimed: set[str] = set()
        self.is_open = True

    @property
    def _is_open(self) -> bool:
        return self.is_open

    def _tell(self, request: Request) -> None:
        if not self._is_open:
            return
        assert isinstance(request, Listen)
        assert request.wanted == (request.what not in self.claimed), "claimed or withdrawn twice"
        assert request.seconds == (SHORTEST if request.what == "silence" else None)
        (self.claimed.add if request.wanted else self.claimed.remove)(request.what)

    def tell(self, what: str, name: str) -> None:
        self._heard(SoundRecognised(leg=1, what=what, name=name))

    def close(self) -> None:
        self.is_open = False
        self.claimed.clear()
        self._stop_playing()

    async def say(self, *sounds: tuple[float, str, str]) -> None:
        """Let the worker hear sounds at their times; those that nobody claimed it does not."""
        loop = asyncio.get_running_loop()
        for at, what, name in sounds:
            await asyncio.sleep(at - loop.time())
            if what in self.claimed:
                self.tell(what, name)


def test_what_is_heard_first_wins_and_nothing_stays_claimed() -> None:
    async def story() -> None:
        port = Port()
        hearing = port.hear("tones", "network", "silence")
        assert port.claimed == {"tones", "network", "silence"}
        port.tell("silence", "silence")
        port.tell("network", "busy")
        port.tell("tones", "beep")
        assert await hearing.done == "busy"
        assert port.claimed == set()
        await asyncio.sleep(10)
        assert hearing.done.result() == "busy"

    run(story())


def test_two_who_listen_for_the_same_do_not_disturb_each_other() -> None:
    async def story() -> None:
        port = Port()
        first, second = port.hear("tones"), port.hear("tones", "answer")
        first.stop()
        assert first.done.result() == ""
        assert port.claimed == {"tones", "answer"}
        third = port.hear("answer")
        port.tell("answer", "human")
        assert (await second.done, await third.done) == ("human", "human")
        assert port.claimed == set()
        fourth = port.hear("answer")
        assert port.claimed == {"answer"}
        fourth.stop()
        fourth.stop()

    run(story())


def test_each_counts_silence_for_itself() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        port, ended = Port(), {}

        async def listen(begin: float, seconds: float) -> None:
            await asyncio.sleep(begin)
            heard = await port.hear("silence", seconds=seconds).done
            ended[begin, seconds] = (heard, round(loop.time(), 3))

        listeners = [
            asyncio.ensure_future(listen(*each)) for each in ((0, 2), (0, 5), (1, 0.05), (1, 3))
        ]
        await port.say(
            (0.1, "silence", "silence"),
            (1.5, "silence", "sound"),
            (2.6, "silence", "silence"),
        )
        await asyncio.gather(*listeners)
        assert ended == {
            (0, 2): ("silence", 4.5),
            (0, 5): ("silence", 7.5),
            (1, 0.05): ("silence", 1.05),
            (1, 3): ("silence", 5.5),
        }
        assert port.claimed == set()
        late = port.hear("silence", seconds=1)
        await asyncio.sleep(2)
        assert not late.done.done(), "the silence of an earlier claim was counted"
        late.stop()

    run(story())


def test_a_port_that_closes_ends_the_listening() -> None:
    async def story() -> None:
        port = Port()
        hearing = port.hear("silence", "tones")
        port.tell("silence", "silence")
        port.close()
        assert await hearing.done == ""
        await asyncio.sleep(10)
        assert await port.hear("tones").done == ""
        assert port.claimed == set()

    run(story())
