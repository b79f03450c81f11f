"""Our side of one leg's offers and answers: same session, same numbers (RFC 3264 sections 5 and 8).

    session = Session(session_id="3921")
    session = session.offer(address="192.0.2.1", port=10000, codecs=to_offer(caller.codecs))
    session.description.to_bytes()

A session is a value: what was before a re-INVITE that failed is kept by keeping it.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from softswitch.sdp.codecs import (
    SdpCodec,
    clear_of_rtcp,
    codec_attributes,
    read_codecs,
    renumber,
)
from softswitch.sdp.description import Attribute, Description, DescriptionError, Media, Origin
from softswitch.sdp.negotiation import Audio, Direction, NoCommonCodec
from softswitch.sdp.stream_transport import PLAIN_RTP, StreamTransport


class Session(msgspec.Struct, frozen=True):
    """What we said last on a leg, and what must not change about it."""

    session_id: str
    "Digits; unique among our sessions (RFC 8866 section 5.2)."
    last: Description | None = None
    "Our last description; None before the first."
    highest: int = 0
    "The highest version given out, also in offers that were refused."
    taken: tuple[tuple[int, tuple[str, int, int]], ...] = ()
    "Payload types that we have given out and the encodings that they stand for."
    transport: StreamTransport = PLAIN_RTP
    "How our stream travels, as our last description says."

    @property
    def description(self) -> Description:
        """Our last description; raises DescriptionError before the first."""
        if self.last is None:
            raise DescriptionError("nothing was offered or answered yet", 500)
        return self.last

    def offer(
        self,
        *,
        address: str,
        port: int,
        codecs: Sequence[SdpCodec],
        ptime: int = 20,
        direction: Direction = Direction.SENDRECV,
        transport: StreamTransport = PLAIN_RTP,
    ) -> Session:
        """Offer these codecs on our address and port.

        Streams of earlier descriptions keep their places; those that are not ours stay refused.
        """
        if transport.mux:
            codecs = clear_of_rtcp(codecs)
        numbered = renumber(codecs, dict(self.taken))
        audio = _audio((address, port), numbered, ptime, direction, transport)
        media = (
            tuple(_refused(m) if not m.port else audio for m in self.last.media)
            if self.last
            else ()
        )
        return self._say(address, media or (audio,), numbered, transport)

    def offer_again(
        self,
        direction: Direction,
        moved_to: tuple[str, int] | None = None,
        transport: StreamTransport | None = None,
    ) -> Session:
        """Offer once more what our last description held, with this direction.

        `moved_to` is our address and port, and `transport` how the stream travels, where these are
        others now.
        """
        last = self.description
        media = next(m for m in last.media if m.port)
        address, port = moved_to or (last.address or last.origin.address, media.port)
        return self.offer(
            address=address,
            port=port,
            codecs=read_codecs(media),
            ptime=int(media.values("ptime")[0]),
            direction=direction,
            transport=transport or self.transport,
        )

    def answer(
        self,
        offer: Audio,
        *,
        address: str,
        port: int,
        codecs: Sequence[SdpCodec],
        ptime: int = 20,
        direction: Direction = Direction.SENDRECV,
        transport: StreamTransport = PLAIN_RTP,
    ) -> Session:
        """Answer an offer with `codecs`, a choice from it in our order with its payload types.

        `direction` is what we want; the answer says as much of it as the offer allows. Of
        `transport` the profile, the name of the stream and its bundle are those of the offer. All
        other streams are refused in their places. Raises NoCommonCodec when no voice is among
        `codecs`.
        """
        if not any(codec.is_voice for codec in codecs):
            raise NoCommonCodec
        theirs = offer.transport
        transport = msgspec.structs.replace(
            transport,
            profile=offer.streams[offer.index].profile,
            mid=theirs.mid,
            bundled=theirs.bundled,
        )
        answered = offer.direction.answered(direction)
        audio = _audio((address, port), codecs, ptime, answered, transport)
        media = tuple(
            audio if index == offer.index else _refused(stream)
            for index, stream in enumerate(offer.streams)
        )
        return self._say(address, media, codecs, transport)

    def reverted_to(self, earlier: Session) -> Session:
        """Return to what stood before an offer that was refused; its version is not used again."""
        return msgspec.structs.replace(earlier, highest=self.highest, taken=self.taken)

    def _say(
        self,
        address: str,
        media: tuple[Media, ...],
        codecs: Sequence[SdpCodec],
        transport: StreamTransport,
    ) -> Session:
        """Make the description; its version is raised only if something changed (section 8)."""
        last, above = self.last, transport.session_attributes()
        if last is not None:
            same = Description(last.origin, address, media, above)
            if same == last:
                return self
        version = self.highest + 1
        origin = Origin(self.session_id, version, last.origin.address if last else address)
        taken = dict(self.taken) | {c.payload_type: c.encoding for c in codecs}
        said = Description(origin, address, media, above)
        return Session(self.session_id, said, version, tuple(taken.items()), transport)


def _audio(
    at: tuple[str, int],
    codecs: Sequence[SdpCodec],
    ptime: int,
    direction: Direction,
    transport: StreamTransport,
) -> Media:
    attributes = (
        *codec_attributes(codecs),
        Attribute("ptime", str(ptime)),
        Attribute(direction.value),
        *transport.stream_attributes(*at),
    )
    formats = tuple(str(codec.payload_type) for codec in codecs)
    return Media("audio", at[1], transport.profile, formats, None, attributes)


def _refused(stream: Media) -> Media:
    """Refuse a stream in its place; its name stays (RFC 5888 section 9.1)."""
    names = tuple(attribute for attribute in stream.attributes if attribute.name == "mid")
    return Media(stream.kind, 0, stream.profile, stream.formats, None, names)
