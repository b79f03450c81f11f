"""Call-progress tones of 22 countries and special tones (ITU-T E.180 Supplement 2, E.182, T.30)."""

from __future__ import annotations

from dataclasses import dataclass

from media.signals.dtmf_keys import FREQUENCIES

LEVEL = -13.0
"dBm0 of each frequency where a specification says nothing else."


@dataclass(frozen=True, slots=True)
class Burst:
    """One piece of a tone: the same sound, or silence, for some time."""

    partials: tuple[tuple[float, float], ...]
    "Frequency in Hz (kept to 0.1 Hz) and level in dBm0 of each sine; none is silence."
    milliseconds: float | None = None
    "How long; None is for ever and stands only in the last burst."
    modulation: float = 0.0
    "Frequency in Hz that modulates the amplitude fully; 0 is none."


@dataclass(frozen=True, slots=True)
class Tone:
    """Bursts played in order."""

    bursts: tuple[Burst, ...]
    again_from: int | None = 0
    "After the last burst go on with this one; None ends the tone."


@dataclass(frozen=True, slots=True)
class Country:
    """The tones of one country."""

    dial: Tone
    ringback: Tone
    busy: Tone
    congestion: Tone


def tone(sound: str, *cadence: float, level: float = LEVEL) -> Tone:
    """Tone for ever, from the notation of the national tables.

    `sound` is `425`, `350+440` (mixed) or `400*25` (modulated), `cadence` on, off, on, off ... in
    milliseconds; none is a continuous tone.
    """
    carrier, _, modulation = sound.partition("*")
    partials = tuple((float(frequency), level) for frequency in carrier.split("+"))
    modulated = float(modulation or 0)
    if not cadence:
        return Tone((Burst(partials, None, modulated),))
    return Tone(
        tuple(
            Burst((), length) if place % 2 else Burst(partials, length, modulated)
            for place, length in enumerate(cadence)
        )
    )


def beep(frequency: float, milliseconds: float, level: float = LEVEL) -> Tone:
    """One burst of one frequency (Hz) and level (dBm0).

    For minutes rather take `tone(...)`, which is short as samples, and end it by its length.
    """
    return Tone((Burst(((frequency, level),), milliseconds),), None)


def dtmf_burst(
    key: str, milliseconds: float | None, low: float = -9.0, high: float = -7.0
) -> Burst:
    """The sound of one key; `low` and `high` are the levels of the two groups in dBm0."""
    row, column = FREQUENCIES[key.upper()]
    return Burst(((row, low), (column, high)), milliseconds)


def dtmf(
    keys: str,
    tone_ms: float = 100.0,
    pause_ms: float = 100.0,
    low: float = -9.0,
    high: float = -7.0,
) -> Tone:
    """Keys one after the other, each with its pause behind it; KeyError for what is no key."""
    bursts: list[Burst] = []
    for key in keys:
        bursts += (dtmf_burst(key, tone_ms, low, high), Burst((), pause_ms))
    return Tone(tuple(bursts), None)


def _special_information() -> Tone:
    """Three rising frequencies and a second of silence (ITU-T E.180)."""
    rising = tuple(Burst(((frequency, LEVEL),), 330.0) for frequency in (950.0, 1400.0, 1800.0))
    return Tone((*rising, Burst((), 1000.0)))


def _alternating(frequency: float, milliseconds: float, difference: float) -> Tone:
    """Equal bursts and pauses, every second burst `difference` dB lower (Australia)."""
    loud = Burst(((frequency, LEVEL),), milliseconds)
    soft = Burst(((frequency, LEVEL - difference),), milliseconds)
    pause = Burst((), milliseconds)
    return Tone((loud, pause, soft, pause))


def _stutter(sound: Tone) -> Tone:
    """Ten short bursts, then the dial tone: messages are waiting."""
    steady = sound.bursts[0]
    bursts = (Burst(steady.partials, 100.0, steady.modulation), Burst((), 100.0)) * 10
    return Tone((*bursts, *sound.bursts), len(bursts))


def _european(
    ringback: tuple[float, ...] = (1000, 4000),
    busy: tuple[float, ...] = (500, 500),
    congestion: tuple[float, ...] = (250, 250),
    sound: str = "425",
    dial: tuple[float, ...] = (),
) -> Country:
    """A country where one frequency serves for everything."""
    return Country(
        tone(sound, *dial), tone(sound, *ringback), tone(sound, *busy), tone(sound, *congestion)
    )


NORTH_AMERICA = Country(
    dial=tone("350+440"),
    ringback=tone("440+480", 2000, 4000, level=-19.0),
    busy=tone("480+620", 500, 500, level=-24.0),
    congestion=tone("480+620", 250, 250, level=-24.0),
)

COUNTRIES: dict[str, Country] = {
    "us": NORTH_AMERICA,
    "uk": Country(
        dial=tone("350+440"),
        ringback=tone("400+450", 400, 200, 400, 2000),
        busy=tone("400", 375, 375),
        congestion=tone("400", 400, 350, 225, 525),
    ),
    "de": _european(busy=(480, 480), congestion=(240, 240)),
    "fr": _european(ringback=(1500, 3500), sound="440"),
    "eu": _european(congestion=(200, 200)),
    "hu": _european(ringback=(1250, 3750), busy=(300, 300), congestion=(300, 300)),
    "at": _european(ringback=(1000, 5000), busy=(400, 400), congestion=(200, 200), sound="420"),
    "ch": _european(congestion=(200, 200)),
    "it": _european(congestion=(200, 200), dial=(200, 200, 600, 1000)),
    "es": _european(
        ringback=(1500, 3000), busy=(200, 200), congestion=(200, 200, 200, 200, 200, 600)
    ),
    "nl": _european(),
    "se": _european(ringback=(1000, 5000), busy=(250, 250), congestion=(250, 750)),
    "pl": _european(congestion=(500, 500)),
    "ru": _european(busy=(350, 350), congestion=(175, 175)),
    "jp": Country(
        dial=tone("400"),
        ringback=tone("400*16", 1000, 2000),
        busy=tone("400", 500, 500),
        congestion=tone("400", 500, 500),
    ),
    "au": Country(
        dial=tone("413+438"),
        ringback=tone("413+438", 400, 200, 400, 2000),
        busy=tone("425", 375, 375),
        congestion=_alternating(425.0, 375.0, 10.0),
    ),
    "nz": Country(
        dial=tone("400"),
        ringback=tone("400+450", 400, 200, 400, 2000),
        busy=tone("400", 500, 500),
        congestion=tone("400", 250, 250),
    ),
    "in": Country(
        dial=tone("400*25"),
        ringback=tone("400*25", 400, 200, 400, 2000),
        busy=tone("400", 750, 750),
        congestion=tone("400", 250, 250),
    ),
    "br": _european(busy=(250, 250), congestion=(250, 250, 750, 250)),
    "mx": _european(busy=(250, 250)),
    "cn": _european(busy=(350, 350), congestion=(700, 700), sound="450"),
    "za": Country(
        dial=tone("400*33"),
        ringback=tone("400*33", 400, 200, 400, 2000),
        busy=tone("400", 500, 500),
        congestion=tone("400", 250, 250),
    ),
}
"ISO country code (`uk`, `eu` and `us` as they are spoken; Canada is `us`) to its four tones."

SPECIAL: dict[str, Tone] = {
    "sit": _special_information(),
    "call waiting us": tone("440", 300, 10000),
    "call waiting uk": tone("400", 100, 4000),
    "call waiting de": tone("425", 200, 200, 200, 5000),
    "number unobtainable uk": tone("400"),
    "record warning": tone("1400", 500, 14500),
    "cng": tone("1100", 500, 3000),
    "ced": beep(2100.0, 2600.0),
    **{f"stutter {name}": _stutter(country.dial) for name, country in COUNTRIES.items()},
}
"Tones that are not a country's four: special information, call waiting, stutter dial, fax."


def named_tone(name: str) -> Tone:
    """The tone of a name: `dial us`, `busy de`, `sit`, `call waiting uk` ...; KeyError if none."""
    kind, _, country = name.lower().partition(" ")
    if kind in Country.__dataclass_fields__ and country in COUNTRIES:
        sound: Tone = getattr(COUNTRIES[country], kind)
        return sound
    return SPECIAL[name.lower()]
