"""The play of the demo: start the switch, register two phones, call, talk, hang up, and judge."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource
from rich.console import Console

from softswitch.app.application import Application
from softswitch.calls.leg.leg import Leg
from softswitch.demo.ladder import Ladder
from softswitch.demo.phone import Phone, PhoneRefuses
from softswitch.settings.load import Settings
from softswitch.settings.passwords import Passwords, collect
from softswitch.sip.events import Answered, Ended, Failed

ANNA, BEN = ("Anna", "1000", 440.0), ("Ben", "1001", 1000.0)
"Name, number and tone in Hz of the caller and of the callee."
RINGING = 0.4
"Seconds until Ben picks up."
TALK = 2.0
"Seconds of sound."
LAST_PACKETS = 0.1
"Seconds until the last packet has come."
LONGEST = 14.0
"Seconds that the demo may take."
NEAR = 1.0
"Hz by which a tone that was heard may differ from the one that was sent."


class _OwnSettings(Settings):
    """Settings that the environment does not change."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take nothing but what the demo says."""
        return (init_settings,)


def _settings(directory: Path) -> Settings:
    """The settings of the demo's switch: free ports of 127.0.0.1, files in its directory only."""
    return _OwnSettings.model_validate(
        {
            "sip": {"domain": "127.0.0.1", "listen": ["udp:127.0.0.1:0"]},
            "media": {"ports": "20000-29999", "workers": 1},
            "http": {"listen": "127.0.0.1:0"},
            "storage": {
                "url": f"sqlite:///{directory}/demo.db",
                "recordings": f"{directory}/recordings",
            },
            "trace": {"enabled": False},
            "shutdown": {"grace_time": 0},
            "extensions": [
                {"number": number, "type": "phone", "name": name} for name, number, _ in (ANNA, BEN)
            ],
        }
    )


async def show(console: Console) -> bool:
    """Play it all; whether each side heard the other's tone without a packet lost."""
    ladder = Ladder(console)
    try:
        with tempfile.TemporaryDirectory(prefix="softswitch-demo-") as directory:
            async with asyncio.timeout(LONGEST), AsyncExitStack() as cleanup:
                return await _play(Path(directory), ladder, cleanup)
    except TimeoutError:
        ladder.say(f"✘ It was not over after {LONGEST:g} seconds.", "bold red")
    except PhoneRefuses as error:
        ladder.say(f"✘ {error}.", "bold red")
    return False


async def _play(directory: Path, ladder: Ladder, cleanup: AsyncExitStack) -> bool:
    settings = _settings(directory)
    passwords = collect(settings)
    ladder.say("softswitch demo: two built-in phones talk through a switch of their own.")
    application = await Application.start(settings, passwords)
    cleanup.push_async_callback(application.stop)
    server = application.parts.signalling.driver.transports[0].local
    anna, ben = (_phone(who, passwords, server, ladder) for who in (ANNA, BEN))
    for phone in (anna, ben):
        await phone.open()
        cleanup.push_async_callback(phone.close)
    ladder.head(anna, ben, server)
    for phone in (anna, ben):
        await phone.register()
        ladder.space()
    await _talk(anna, ben, ladder)
    return _judge(anna, ben, ladder)


def _phone(
    who: tuple[str, str, float], passwords: Passwords, server: tuple[str, int], ladder: Ladder
) -> Phone:
    name, number, tone = who
    account = (number, passwords.phones[number])
    return Phone(name, account, server, tone=tone, watch=ladder.message)


async def _talk(anna: Phone, ben: Phone, ladder: Ladder) -> None:
    """Anna calls Ben, each sends its tone for a while, Ben hangs up."""
    outgoing = anna.call(ben.number)
    taken = asyncio.create_task(_pick_up(ben), name="Ben picks up")
    try:
        while not isinstance(event := await outgoing.event(), Answered):
            if isinstance(event, (Failed, Ended)):
                raise PhoneRefuses(f"{anna.name}'s call failed: {event.reason}")
        outgoing.acknowledge()
        anna.speak(event.sdp)
        incoming = await taken
        ladder.space()
        ladder.sound(anna.sound.frequency, rightward=True)
        ladder.sound(ben.sound.frequency, rightward=False)
        ladder.space()
        with ladder.talking():
            await asyncio.sleep(TALK)
        await asyncio.gather(anna.sound.stop(), ben.sound.stop())
        await asyncio.sleep(LAST_PACKETS)
        incoming.hangup()
        await asyncio.gather(incoming.ended, outgoing.ended)
        await asyncio.sleep(LAST_PACKETS)
        ladder.space()
    finally:
        taken.cancel()
        await asyncio.gather(taken, return_exceptions=True)


async def _pick_up(ben: Phone) -> Leg:
    """Ben's phone rings for a moment, then he answers and speaks."""
    leg = await ben.calls.get()
    leg.progress(180)
    await asyncio.sleep(RINGING)
    await leg.answer(ben.description())
    ben.speak(leg.request.body)
    return leg


def _judge(anna: Phone, ben: Phone, ladder: Ladder) -> bool:
    pairs = ((anna, ben), (ben, anna))
    heard = [(one, other, one.sound.heard_of(other.sound)) for one, other in pairs]
    ladder.verdict(heard)
    good = all(
        abs(what.frequency - speaker.sound.frequency) < NEAR and not what.lost
        for _, speaker, what in heard
    )
    if good:
        ladder.say("✔ Each side heard the other's tone, and nothing was lost.", "bold green")
    else:
        ladder.say("✘ Something is missing.", "bold red")
    return good
