"""How a stream travels: its profile, keys, ICE, RTCP on the RTP port, bundle.

RFC 4568, RFC 5761, RFC 5763, RFC 8839, RFC 8843. One side says it in its description; what both
sides have said together is decided in `keying`.
"""

from __future__ import annotations

import msgspec

from softswitch.sdp.codecs import RTCP_TYPES
from softswitch.sdp.crypto import CryptoLine, read_crypto
from softswitch.sdp.description import Attribute, Description, Media
from softswitch.sdp.dtls import DtlsParameters, Find, read_dtls
from softswitch.sdp.ice import IceParameters, ice_attributes, read_ice

PLAIN = "RTP/AVP"
"What is offered where nothing else is wanted (RFC 3551)."

PROFILES = {
    PLAIN: False,
    "RTP/AVPF": False,
    "RTP/SAVP": True,
    "RTP/SAVPF": True,
    "UDP/TLS/RTP/SAVP": True,
    "UDP/TLS/RTP/SAVPF": True,
}
"""The profiles that are spoken, and whether they demand SRTP. Those that end with F are the same
with earlier RTCP (RFC 4585), of which we ask for none. They are answered as they were offered."""


class StreamTransport(msgspec.Struct, frozen=True):
    """What one side's description says about it."""

    profile: str = PLAIN
    "In upper case."
    crypto: tuple[CryptoLine, ...] = ()
    "The usable lines, the best first."
    dtls: DtlsParameters | None = None
    ice: IceParameters | None = None
    mux: bool = False
    "Whether RTCP may use the RTP port."
    mid: str | None = None
    "The name of the stream in its description (RFC 5888)."
    bundled: bool = False
    "Whether the stream may share its port with others."

    @property
    def demands_srtp(self) -> bool:
        """Whether its profile allows no plain RTP."""
        return PROFILES.get(self.profile, False)

    def stream_attributes(self, address: str, port: int) -> list[Attribute]:
        """Return what stands below the `m=` line of our description."""
        attributes = [] if self.mid is None else [Attribute("mid", self.mid)]
        if self.mux:
            attributes.append(Attribute("rtcp-mux"))
        attributes += [line.attribute for line in self.crypto]
        if self.dtls is not None:
            attributes += self.dtls.attributes()
        if self.ice is not None:
            attributes += ice_attributes(self.ice, address, port, mux=self.mux)
        return attributes

    def session_attributes(self) -> tuple[Attribute, ...]:
        """Return what stands above the first `m=` line of our description."""
        lite = (Attribute("ice-lite"),) if self.ice is not None else ()
        group = (Attribute("group", f"BUNDLE {self.mid}"),) if self.bundled else ()
        return (*lite, *group)


_SAID = frozenset(
    (
        *("crypto", "fingerprint", "setup", "tls-id", "ice-ufrag", "ice-pwd", "ice-lite"),
        *("group", "mid", "rtcp-mux"),
    )
)
"The attributes that are read here; most phones send none of them."

PLAIN_RTP = StreamTransport()
"Nothing but RTP, and RTCP on the port above."


def read_transport(
    description: Description, index: int, *, in_answer: bool = False
) -> StreamTransport:
    """Return how a stream of a description travels, as far as it is said in a way that we know."""
    media = description.media[index]
    if not any(a.name in _SAID for a in (*media.attributes, *description.attributes)):
        return PLAIN_RTP if media.profile == PLAIN else StreamTransport(media.profile)
    mid = next(iter(media.values("mid")), None)
    group = _bundle(description, mid)
    find = _finder(description, media, group)
    clear = not any(t.isdecimal() and int(t) in RTCP_TYPES for t in media.formats)
    return StreamTransport(
        profile=media.profile,
        crypto=read_crypto(media),
        dtls=read_dtls(find, in_answer=in_answer),
        ice=read_ice(find),
        mux=clear and bool(find("rtcp-mux")),
        mid=mid,
        bundled=bool(group),
    )


def with_ports_of_bundles(description: Description) -> Description:
    """Return an offer whose bundle-only streams stand where the first of their bundle does.

    Their own port is 0, which elsewhere means that a stream is refused (RFC 8843 section 6).
    """
    if not any(media.values("bundle-only") for media in description.media):
        return description
    media = tuple(_at_port_of_bundle(description, each) for each in description.media)
    return msgspec.structs.replace(description, media=media)


def _at_port_of_bundle(description: Description, media: Media) -> Media:
    if media.port or not media.values("bundle-only"):
        return media
    group = _bundle(description, next(iter(media.values("mid")), None))
    tagged = _tagged(description, group)
    if tagged is None:
        return media
    return msgspec.structs.replace(media, port=tagged.port, address=tagged.address)


def _tagged(description: Description, group: list[str]) -> Media | None:
    """Return the stream that speaks for a bundle (RFC 8843 section 7.1.1)."""
    return next((m for m in description.media if group and group[0] in m.values("mid")), None)


def _bundle(description: Description, mid: str | None) -> list[str]:
    """Return the names of the streams that a stream may share its port with, its own among them."""
    for attribute in description.attributes:
        semantics, *names = (attribute.value or "").split()[:64] or [""]
        if attribute.name == "group" and semantics == "BUNDLE" and mid is not None and mid in names:
            return names
    return []


def _finder(description: Description, media: Media, group: list[str]) -> Find:
    """Look in the stream, then in the one that speaks for its bundle, then above all streams."""
    tagged = _tagged(description, group)

    def find(name: str) -> list[str]:
        for stream in (media, tagged):
            if stream is not None and (values := stream.values(name)):
                return values
        return [a.value or "" for a in description.attributes if a.name == name]

    return find
