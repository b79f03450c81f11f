"""Offer and answer as functions: what a party's description asks for (RFC 3264, RFC 6337)."""

from __future__ import annotations

import enum
import re
from ipaddress import IPv4Address, ip_address

import msgspec

from softswitch.sdp.codecs import SdpCodec, pair, read_codecs
from softswitch.sdp.description import Description, DescriptionError, Media
from softswitch.sdp.ice import NOWHERE_PORT
from softswitch.sdp.keying import (
    Acceptance,
    Keying,
    answered_line,
    keying_of_answer,
    keying_of_offer,
)
from softswitch.sdp.stream_transport import (
    PLAIN_RTP,
    PROFILES,
    StreamTransport,
    read_transport,
    with_ports_of_bundles,
)

DEFAULT_PTIME = 20

_NOWHERE = frozenset((0, *range(240, 256)))
"First octets of IPv4 addresses that are no host's: this network, reserved, broadcast."
_UNKNOWN = (".local", ".invalid")
"Endings of names that nobody elsewhere can resolve (RFC 6762 section 3, RFC 6761 section 6.4)."
_NUMBER = re.compile(r"[0-9]{1,5}", re.ASCII)
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)*(?![0-9.]+\Z){_LABEL}\.?", re.ASCII)
"A host name in lower case (RFC 1123 section 2.1); its last label is no number."


class NoCommonCodec(DescriptionError):
    """There is no voice codec that both parties can do."""

    def __init__(self, text: str = "no common codec") -> None:
        super().__init__(text, 488, 305)


class Direction(enum.StrEnum):
    """Which way sound flows, as the party that says it sees it (RFC 3264 section 5.1)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"

    @property
    def sends(self) -> bool:
        """Whether the party sends."""
        return self in (Direction.SENDRECV, Direction.SENDONLY)

    @property
    def receives(self) -> bool:
        """Whether the party wants to receive."""
        return self in (Direction.SENDRECV, Direction.RECVONLY)

    @property
    def holds(self) -> bool:
        """Whether the party has put the other on hold: it does not listen."""
        return not self.receives

    def answered(self, wanted: Direction) -> Direction:
        """Return the answer of a party that wants `wanted` to an offer of this (section 6.1).

        An answer sends only what the offer receives, and receives only what it sends.
        """
        return _direction(
            sends=self.receives and wanted.sends, receives=self.sends and wanted.receives
        )


def _direction(*, sends: bool, receives: bool) -> Direction:
    if sends:
        return Direction.SENDRECV if receives else Direction.SENDONLY
    return Direction.RECVONLY if receives else Direction.INACTIVE


_DIRECTIONS = frozenset(Direction)


class Audio(msgspec.Struct, frozen=True):
    """What a party's description says about the stream of sound that we use."""

    remote: tuple[str, int] | None
    """Where it wants RTP, the host an address or a name; None for c=0.0.0.0, which wants none
    (RFC 3264 section 8.4), and for ICE that says nothing before its checks."""
    rtcp: tuple[str, int] | None
    "Where it wants RTCP when that is not the port above (RFC 3605)."
    codecs: tuple[SdpCodec, ...]
    "In its order, telephone-event among them; at least one of them carries voice."
    ptime: int
    "Milliseconds in the packets that it wants, 10 to 120."
    direction: Direction
    "As the party sees it; c=0.0.0.0 counts as not receiving, unless ICE finds the address."
    index: int
    "Which of the streams it is."
    streams: tuple[Media, ...]
    "All `m=` lines of the description; an answer has as many."
    transport: StreamTransport = PLAIN_RTP
    "How it travels, as the party says it; of its keys, only the one that is used."
    keying: Keying = Keying.NONE
    "Where the keys come from."


PLAIN_ONLY = Acceptance()


def read_offer(description: Description, acceptance: Acceptance = PLAIN_ONLY) -> Audio:
    """Choose a stream of sound that can be answered: the first that is secured, else the first.

    Raises DescriptionError: 488 with the reason of the last stream that was passed over.
    """
    problem = DescriptionError("no audio stream", 488, 304)
    found: list[Audio] = []
    description = with_ports_of_bundles(description)
    for index, media in enumerate(description.media):
        if media.kind == "audio" and media.port:
            try:
                found.append(_read_offered(description, index, acceptance))
            except DescriptionError as error:
                problem = error
    if not found:
        raise problem
    return next((audio for audio in found if audio.keying is not Keying.NONE), found[0])


def _read_offered(description: Description, index: int, acceptance: Acceptance) -> Audio:
    _check_profile(description.media[index])
    transport = read_transport(description, index)
    keying = keying_of_offer(transport, acceptance)
    line = transport.crypto[:1] if keying is Keying.SDES else ()
    transport = msgspec.structs.replace(transport, crypto=line)
    return _read_audio(description, index, transport, keying)


def read_answer(
    description: Description, offer: Description, ours: StreamTransport = PLAIN_RTP
) -> Audio:
    """Read the answer to our offer; its codecs are those that we had offered.

    `ours` is how the offer says that the stream travels.

    Streams behind ours that an answer lacks or invents do no harm. Raises DescriptionError: 488
    when our stream was refused or the answer does not fit the offer; InsecureAnswer when it lacks
    the security that was demanded.
    """
    index = next(n for n, media in enumerate(offer.media) if media.port)
    if len(description.media) <= index:
        raise DescriptionError("the answer lacks the audio stream", 488, 304)
    if description.media[index].kind != "audio" or not description.media[index].port:
        raise DescriptionError("the answer refuses the audio stream", 488, 304)
    _check_profile(description.media[index])
    theirs = read_transport(description, index, in_answer=True)
    keying = keying_of_answer(ours, theirs)
    line = answered_line(ours, theirs) if keying is Keying.SDES else None
    transport = msgspec.structs.replace(
        theirs,
        crypto=() if line is None else (line,),
        ice=theirs.ice if ours.ice is not None else None,
        mux=ours.mux and theirs.mux,
    )
    offered = read_codecs(offer.media[index])
    audio = _read_audio(description, index, transport, keying, offered)
    known = tuple(codec for codec, _ in pair(audio.codecs, offered))
    if not any(codec.is_voice for codec in known):
        raise NoCommonCodec("the answer holds no codec of the offer")
    return msgspec.structs.replace(audio, codecs=known)


class AgreedCodec(msgspec.Struct, frozen=True):
    """A codec of a leg with the numbers for both ways; what a media port is configured with."""

    name: str
    clock: int
    channels: int
    receive_pt: int
    "The number in our description: what arrives carries it."
    send_pt: int
    "The number in the party's description: what leaves carries it."
    fmtp: str


def agree(ours: Description, theirs: Audio) -> tuple[AgreedCodec, ...]:
    """Pair the codecs of our last description with the party's, in the order that it prefers.

    It does not matter which side made the offer: an answer only holds what the offer held.
    """
    own = read_codecs(ours.media[theirs.index])
    return tuple(
        AgreedCodec(
            party.name,
            party.clock,
            party.channels,
            receive_pt=mine.payload_type,
            send_pt=party.payload_type,
            fmtp=party.fmtp,
        )
        for party, mine in pair(theirs.codecs, own)
    )


def _check_profile(media: Media) -> None:
    if media.profile not in PROFILES:
        raise DescriptionError(f"profile {media.profile[:40]!r} is not spoken", 488, 302)


def _read_audio(
    description: Description,
    index: int,
    transport: StreamTransport,
    keying: Keying,
    offered: tuple[SdpCodec, ...] = (),
) -> Audio:
    media = description.media[index]
    codecs = read_codecs(media, offered)
    if not any(codec.is_voice for codec in codecs):
        raise NoCommonCodec("the offer holds no voice codec")
    direction = _read_direction(description, media)
    if transport.ice is not None and _has_no_candidate(media):
        remote = None
    else:
        remote = _read_remote(media.address, media.port)
        if remote is None:
            direction = _direction(sends=direction.sends, receives=False)
    return Audio(
        remote=remote,
        rtcp=_read_rtcp(media) if remote is not None and not transport.mux else None,
        codecs=codecs,
        ptime=_read_ptime(media),
        direction=direction,
        index=index,
        streams=description.media,
        transport=transport,
        keying=keying,
    )


def _has_no_candidate(media: Media) -> bool:
    """Whether ICE has no default candidate: its checks will say where packets go.

    That is not hold, as c=0.0.0.0 is elsewhere (RFC 8839 section 4.2.5).
    """
    address = (media.address or "").lower()
    return media.port == NOWHERE_PORT or address in ("0.0.0.0", "::") or address.endswith(_UNKNOWN)


def _read_remote(address: str | None, port: int) -> tuple[str, int] | None:
    """Check that packets could be sent there; None for the address that wants none."""
    if address is None:
        raise DescriptionError("the stream has no c= line", 488, 307)
    if not 0 < port <= 65_535:
        raise DescriptionError(f"port {port} is impossible", 488, 307)
    name = address.lower()
    if name.endswith(".invalid"):
        return None
    if name.endswith(".local"):
        raise DescriptionError(f"{address[:40]!r} is known to nobody here", 488, 301)
    try:
        ip = ip_address(address)
    except ValueError:
        if _NAME.fullmatch(name) is not None:
            return name, port
        raise DescriptionError(f"{address[:40]!r} is no address of a host", 488, 301) from None
    if ip.is_unspecified:
        return None
    v4 = ip if isinstance(ip, IPv4Address) else ip.ipv4_mapped
    if ip.is_multicast or (v4 is not None and (v4.is_multicast or v4.packed[0] in _NOWHERE)):
        raise DescriptionError(f"nothing can be sent to {ip}", 488, 330)
    return str(ip), port


def _read_rtcp(media: Media) -> tuple[str, int] | None:
    """Read `a=rtcp:port [IN IP4 address]`; what makes no sense is ignored."""
    for value in media.values("rtcp"):
        fields = value.split()
        if not fields or _NUMBER.fullmatch(fields[0]) is None:
            continue
        address = fields[3] if len(fields) == 4 else media.address
        try:
            return _read_remote(address, int(fields[0]))
        except DescriptionError:
            continue
    return None


def _read_ptime(media: Media) -> int:
    for value in media.values("ptime"):
        if _NUMBER.fullmatch(value) is not None and 10 <= int(value) <= 120:
            return int(value)
    return DEFAULT_PTIME


def _read_direction(description: Description, media: Media) -> Direction:
    """Return the stream's direction, else the session's, else sendrecv."""
    for attributes in (media.attributes, description.attributes):
        for attribute in attributes:
            if attribute.name in _DIRECTIONS:
                return Direction(attribute.name)
    return Direction.SENDRECV
