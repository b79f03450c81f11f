"""Codecs as RTP payload formats: the static types, `a=rtpmap` and `a=fmtp` (RFC 3551, RFC 8866)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

import msgspec

from softswitch.sdp.description import Attribute, Media

TELEPHONE_EVENT = "telephone-event"
RTCP_TYPES = range(64, 96)
"Payload types that cannot be told from RTCP on one port (RFC 5761 section 4)."
DYNAMIC = range(96, 128)
"Payload types without a meaning of their own (RFC 3551 section 6)."

_NO_VOICE = frozenset((TELEPHONE_EVENT, "cn", "red"))
_MISWRITTEN = {
    ("g722", 16_000, 1): (8000, 1),
    ("opus", 48_000, 1): (48_000, 2),
}
"""Name, clock and channels as some phones write them, and what is meant: G722 is sampled at 16 kHz
but its clock is 8000 (RFC 3551 section 4.5.2), and Opus always says 2 (RFC 7587 section 7)."""
_TYPE = re.compile(r"[0-9]{1,3}", re.ASCII)
_RTPMAP = re.compile(r"([!-.0-~]{1,64})/([0-9]{1,7})(?:/([0-9]{1,2}))?", re.ASCII)


Encoding = tuple[str, int, int]
"Name in lower case, clock, channels: what makes two codecs the same whatever their numbers."


class SdpCodec(msgspec.Struct, frozen=True):
    """A payload format with the payload type that stands for it in one party's description."""

    name: str
    "As it was written; compared without regard to case."
    clock: int
    "RTP clock in Hz."
    channels: int
    payload_type: int
    fmtp: str = ""
    "Parameters of `a=fmtp`, as they stand."

    @property
    def encoding(self) -> Encoding:
        """What it is, whatever its number."""
        return self.name.lower(), self.clock, self.channels

    @property
    def is_event(self) -> bool:
        """Whether it carries keys (RFC 4733)."""
        return self.name.lower() == TELEPHONE_EVENT

    @property
    def is_voice(self) -> bool:
        """Whether it carries sound: not the events and the noise beside it."""
        return self.name.lower() not in _NO_VOICE


STATIC_TYPES: dict[int, SdpCodec] = {
    payload_type: SdpCodec(name, clock, channels, payload_type)
    for payload_type, name, clock, channels in (
        (0, "PCMU", 8000, 1),
        (3, "GSM", 8000, 1),
        (4, "G723", 8000, 1),
        (5, "DVI4", 8000, 1),
        (6, "DVI4", 16000, 1),
        (7, "LPC", 8000, 1),
        (8, "PCMA", 8000, 1),
        (9, "G722", 8000, 1),
        (10, "L16", 44100, 2),
        (11, "L16", 44100, 1),
        (12, "QCELP", 8000, 1),
        (13, "CN", 8000, 1),
        (14, "MPA", 90000, 1),
        (15, "G728", 8000, 1),
        (16, "DVI4", 11025, 1),
        (17, "DVI4", 22050, 1),
        (18, "G729", 8000, 1),
    )
}
"RFC 3551 table 4, audio; 1, 2 and 19 are reserved."

_STATIC_NUMBERS = {codec.encoding: n for n, codec in STATIC_TYPES.items()}

PCMU = STATIC_TYPES[0]
PCMA = STATIC_TYPES[8]
G722 = STATIC_TYPES[9]
OPUS = SdpCodec("opus", 48000, 2, 111, "useinbandfec=1")
"RFC 7587; two channels are always written, also for speech."
EVENTS = SdpCodec(TELEPHONE_EVENT, 8000, 1, 101, "0-16")

G711 = (PCMU, PCMA)
"Each is turned into the other by a table, at no loss worth the name."

SPOKEN = (*G711, G722, OPUS)
"What the switch itself can speak; each can be turned into each."

UNDERSTOOD = (SdpCodec("L16", 16_000, 1, 96), SdpCodec("L16", 8000, 1, 97))
"""What it turns into those and back where a phone speaks nothing else, and never offers: plain
samples take two and four times the bits of G.711."""


def with_events(spoken: Sequence[SdpCodec]) -> list[SdpCodec]:
    """Return what the switch offers by itself: voices, and events at each of their clocks.

    Events share the timestamps of the audio (RFC 4733 section 2.1), so Opus needs its own.
    """
    return [*spoken, *_events_at(dict.fromkeys(codec.clock for codec in spoken))]


def _events_at(clocks: Iterable[int]) -> list[SdpCodec]:
    return [
        msgspec.structs.replace(EVENTS, clock=clock, payload_type=EVENTS.payload_type + n)
        for n, clock in enumerate(clocks)
    ]


def named(names: Iterable[str]) -> tuple[SdpCodec, ...]:
    """Return the codecs of `SPOKEN` with these names, in their order; raises KeyError."""
    by_name = {codec.name.lower(): codec for codec in SPOKEN}
    return tuple(by_name[name.lower()] for name in names)


def read_codecs(media: Media, offered: Sequence[SdpCodec] = ()) -> tuple[SdpCodec, ...]:
    """Return what an `m=` line offers, in its order; of an answer, what it takes of `offered`.

    Left out, as the other formats may still do: numbers that are none, dynamic types without an
    rtpmap, malformed rtpmaps, and repetitions. In an answer, such a type is that of the offer.
    """
    return _read(
        media.formats,
        tuple(media.values("rtpmap")),
        tuple(media.values("fmtp")),
        tuple(offered),
    )


# Phones of one make send the same list in every call.
@lru_cache(maxsize=256)
def _read(
    formats: tuple[str, ...],
    rtpmap: tuple[str, ...],
    fmtp: tuple[str, ...],
    offered: tuple[SdpCodec, ...],
) -> tuple[SdpCodec, ...]:
    maps, parameters = _by_type(rtpmap), _by_type(fmtp)
    unmapped = STATIC_TYPES | {codec.payload_type: codec for codec in offered}
    codecs: list[SdpCodec] = []
    seen: set[object] = set()
    for text in formats:
        codec = _read_codec(text, maps, parameters, unmapped)
        if codec is None:
            continue
        if codec.payload_type not in seen and (codec.encoding, codec.fmtp) not in seen:
            codecs.append(codec)
        seen |= {codec.payload_type, (codec.encoding, codec.fmtp)}
    return tuple(codecs)


def _read_codec(
    text: str,
    maps: dict[int, str],
    parameters: dict[int, str],
    unmapped: dict[int, SdpCodec],
) -> SdpCodec | None:
    if _TYPE.fullmatch(text) is None or int(text) > 127:
        return None
    payload_type = int(text)
    fmtp = parameters.get(payload_type, "")
    mapped = maps.get(payload_type)
    if mapped is None:
        meant = unmapped.get(payload_type)
        return meant and msgspec.structs.replace(meant, fmtp=fmtp)
    match = _RTPMAP.fullmatch(mapped.strip())
    if match is None or not int(match.group(2)):
        return None
    name, clock, channels = match[1], int(match[2]), int(match[3] or 1) or 1
    clock, channels = _MISWRITTEN.get((name.lower(), clock, channels), (clock, channels))
    return SdpCodec(name, clock, channels, payload_type, fmtp)


def _by_type(values: Iterable[str]) -> dict[int, str]:
    """Return the values of `a=rtpmap:T value` by their T; the first of a type counts."""
    found: dict[int, str] = {}
    for value in values:
        payload_type, _, rest = value.partition(" ")
        if _TYPE.fullmatch(payload_type) is not None and "\0" not in rest:
            found.setdefault(int(payload_type), rest.strip())
    return found


def codec_attributes(codecs: Sequence[SdpCodec]) -> list[Attribute]:
    """Return `a=rtpmap` and `a=fmtp` of each, also for static types."""
    attributes: list[Attribute] = []
    for codec in codecs:
        channels = f"/{codec.channels}" if codec.channels > 1 else ""
        attributes.append(
            Attribute("rtpmap", f"{codec.payload_type} {codec.name}/{codec.clock}{channels}")
        )
        if codec.fmtp:
            attributes.append(Attribute("fmtp", f"{codec.payload_type} {codec.fmtp}"))
    return attributes


def pair(ones: Sequence[SdpCodec], others: Sequence[SdpCodec]) -> list[tuple[SdpCodec, SdpCodec]]:
    """Match two lists of the same codecs, each codec once, in the order of `ones`.

    Numbers may differ between two parties; where an encoding is there several times, the same
    number decides, then the same fmtp.
    """
    partners: dict[int, SdpCodec] = {}
    left = list(others)
    for key in (_exactly, _alike, _loosely):
        waiting: dict[tuple[object, ...], list[SdpCodec]] = {}
        for other in left:
            waiting.setdefault(key(other), []).append(other)
        for index, one in enumerate(ones):
            if index not in partners and (found := waiting.get(key(one))):
                partners[index] = found.pop(0)
                left.remove(partners[index])
        if not left:
            break
    return [(one, partners[index]) for index, one in enumerate(ones) if index in partners]


def _exactly(codec: SdpCodec) -> tuple[object, ...]:
    return *codec.encoding, codec.payload_type


def _alike(codec: SdpCodec) -> tuple[object, ...]:
    return *codec.encoding, codec.fmtp


def _loosely(codec: SdpCodec) -> tuple[object, ...]:
    return codec.encoding


def renumber(codecs: Sequence[SdpCodec], taken: Mapping[int, Encoding]) -> list[SdpCodec]:
    """Return the codecs with numbers that do not contradict those given out before.

    `taken` maps payload types to the encodings that they stood for earlier in the session; they
    may never mean something else (RFC 3264 section 8.3.2), and a codec that had one keeps it. A
    codec for which no number is left is dropped.
    """
    used: set[int] = set()
    out: list[SdpCodec] = []
    for codec in codecs:
        encoding, own = codec.encoding, codec.payload_type
        kept = [n for n, other in taken.items() if other == encoding]
        if own in kept:
            kept.insert(0, own)
        for n in (*kept, own, _STATIC_NUMBERS.get(encoding, own), *DYNAMIC):
            if n not in used and taken.get(n, encoding) == encoding:
                used.add(n)
                out.append(msgspec.structs.replace(codec, payload_type=n))
                break
    return out


def clear_of_rtcp(codecs: Sequence[SdpCodec]) -> list[SdpCodec]:
    """Return the codecs with other numbers for those that look like RTCP on the RTP port.

    One for which no number is left is dropped.
    """
    used = {codec.payload_type for codec in codecs}
    free = iter([n for n in DYNAMIC if n not in used])
    numbered = (
        msgspec.structs.replace(codec, payload_type=next(free, -1))
        if codec.payload_type in RTCP_TYPES
        else codec
        for codec in codecs
    )
    return [codec for codec in numbered if codec.payload_type >= 0]


def to_offer(
    codecs: Sequence[SdpCodec],
    transcodable: Sequence[SdpCodec] = (),
    understood: Sequence[SdpCodec] = (),
) -> list[SdpCodec]:
    """Return what to offer to one party for the codecs that the other can do.

    All of them, known to us or not, in their order; and when one of them is among `transcodable`
    or `understood`, behind the last voice the rest of `transcodable`, for it can be turned into
    them. If the other can do keys as events, those are offered at the clock of each voice that
    can be turned into another, for their durations are turned with it.
    """
    offered = list(codecs)
    present = {codec.encoding for codec in codecs}
    if any(codec.encoding in present for codec in (*transcodable, *understood)):
        behind = max(n for n, codec in enumerate(offered) if codec.is_voice) + 1
        offered[behind:behind] = [c for c in transcodable if c.encoding not in present]
        if any(codec.is_event for codec in codecs):
            ours = {codec.encoding for codec in transcodable}
            clocks = dict.fromkeys(codec.clock for codec in offered if codec.encoding in ours)
            known = {codec.clock for codec in codecs if codec.is_event}
            offered += _events_at(clock for clock in clocks if clock not in known)
    return offered


def to_answer(
    offered: Sequence[SdpCodec], accepted: Sequence[SdpCodec], transcodable: Sequence[SdpCodec] = ()
) -> list[SdpCodec]:
    """Return what to answer the party that `offered`, after the other one `accepted` our offer.

    The codecs that both can do, in the order of `accepted`, with the numbers of `offered` and the
    parameters of `accepted`. Without a common voice, those of `transcodable` that were offered, if
    the other party accepted one of those, too. The result may lack any voice: then there is
    nothing to agree on. Keys are turned with the voice: into events of another clock, or into
    sound where the other party takes no events.
    """
    common = [
        msgspec.structs.replace(own, fmtp=theirs.fmtp) for theirs, own in pair(accepted, offered)
    ]
    if any(codec.is_voice for codec in common):
        if any(codec.is_event for codec in accepted):
            common += _events_for(common, offered)
        return common
    encodings = {codec.encoding for codec in transcodable}
    if any(codec.encoding in encodings for codec in accepted):
        voices = [codec for codec in offered if codec.encoding in encodings]
        if voices:
            common += _events_for([*voices, *common], offered)
        return voices + common
    return common


def _events_for(answer: Sequence[SdpCodec], offered: Sequence[SdpCodec]) -> list[SdpCodec]:
    """Return the events that an answer lacks: one of `offered` for the clocks of its voices."""
    clocks = {codec.clock for codec in answer if codec.is_voice}
    answered = {codec.clock for codec in answer if codec.is_event}
    if clocks <= answered:
        return []
    events = [codec for codec in offered if codec.is_event and codec.clock not in answered]
    fitting = [codec for codec in events if codec.clock in clocks]
    return fitting or ([] if answered else events[:1])
