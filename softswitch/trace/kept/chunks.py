"""The lines of some timelines as octets, with secrets masked, and read back."""

from __future__ import annotations

import heapq
import zlib
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

import msgspec

from softswitch.trace.lines import AnyLine, SipMessage, TraceLine
from softswitch.trace.masking import masked
from softswitch.trace.timeline import Timeline

LEVEL = 1
"Of zlib: messages of many calls are alike, and are small at the least effort."


class Chunk(msgspec.Struct, frozen=True, array_like=True):
    """Lines of one timeline that follow each other, and what was known of it by then."""

    subject: str
    began: float
    ended: float | None
    numbers: tuple[str, ...]
    parties: Mapping[str, str]
    lost: int
    lines: tuple[TraceLine, ...]
    messages: tuple[SipMessage, ...]

    @classmethod
    def of(cls, timeline: Timeline) -> Chunk:
        """The lines that the timeline has handed over, not masked yet."""
        lines = timeline.writing
        return cls(
            timeline.subject,
            timeline.began,
            timeline.ended,
            tuple(timeline.numbers),
            dict(timeline.parties),
            timeline.lost,
            tuple(line for line in lines if isinstance(line, TraceLine)),
            tuple(line for line in lines if isinstance(line, SipMessage)),
        )

    def __len__(self) -> int:
        return len(self.lines) + len(self.messages)

    def in_order(self) -> list[AnyLine]:
        """Its lines, oldest first."""
        return list(heapq.merge(self.lines, self.messages, key=attrgetter("at")))

    def without_secrets(self) -> Chunk:
        """The same for the disk."""
        hidden = tuple(each._replace(octets=masked(each.octets)) for each in self.messages)
        return msgspec.structs.replace(self, messages=hidden)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(tuple[Chunk, ...])


def pack(chunks: Iterable[Chunk]) -> bytes:
    """The chunks as octets, without their secrets."""
    return zlib.compress(_ENCODER.encode([each.without_secrets() for each in chunks]), LEVEL)


def unpack(octets: bytes) -> Sequence[Chunk]:
    """The chunks again. Raises ValueError for octets that are none."""
    try:
        return _DECODER.decode(zlib.decompress(octets))
    except (zlib.error, msgspec.MsgspecError) as error:
        raise ValueError(f"no traces: {error}") from error
