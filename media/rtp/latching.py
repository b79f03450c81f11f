"""Which source's packets a leg believes: symmetric RTP with bounded learning (RFC 4961; RTP bleed).

The address of the SDP is believed at once. Another one is learned only within a short window after
an offer or answer, only from several consecutive packets of one source in an announced format, and
never while a believed address is flowing. Afterwards packets from elsewhere are dropped and counted
(CVE-2017-14099, CVE-2025-53399). One thing is followed at any time: a NAT that gives the stream
another port. Then the old port is silent for a second, and the same host goes on with the same SSRC
and the next sequence numbers, which nobody else knows. Nothing is ever sent to an address that
cannot be a phone's.

Of legs with ICE nothing of that is true: the checks of the far end decide, and nothing is learned.
"""

from __future__ import annotations

import ipaddress
from enum import Enum
from typing import NamedTuple

from media.control.session import Address
from media.secure.ice import IceLite

WINDOW = 5.0
"Seconds after an offer or answer in which an address may be learned."
PROOF = 4
"Consecutive packets that an address other than that of the SDP must show."
FLOWING = 1.0
"Seconds since its last packet for which a far end counts as flowing."
CANDIDATES = 8
"Addresses that may prove themselves at the same time."


_THIS_NETWORK = ipaddress.IPv4Network("0.0.0.0/8")


class LatchVerdict(Enum):
    """What to do with a packet that did not come over the connected socket."""

    BELIEVED = "take the packet; its sender is the leg's far end from now on"
    UNPROVEN = "drop it; its sender may prove itself"
    UNKNOWN_SOURCE = "drop it and count it"


class _Candidate(NamedTuple):
    ssrc: int
    next_sequence: int
    seen: int


class Latch:
    """What one leg believes."""

    __slots__ = ("_announced", "_candidates", "_until", "believed", "ice")

    def __init__(self) -> None:
        self.believed: Address | None = None
        "The far end's address as its packets showed it."
        self.ice: IceLite | None = None
        "It decides alone, if there is one."
        self._announced: Address | None = None
        self._until = 0.0
        self._candidates: dict[Address, _Candidate] = {}

    @property
    def target(self) -> Address | None:
        """The address to send to: the believed one, else that of the SDP, else None."""
        if self.ice is not None:
            return self.ice.nominated
        if self._announced is None:
            return None
        return self.believed or self._announced

    @property
    def learned(self) -> Address | None:
        """The address that was learned instead of that of the SDP, if one was."""
        return None if self.ice or self.believed == self._announced else self.believed

    def believes(self, source: Address) -> bool:
        """Whether packets from there are the far end's."""
        return self.ice.has_proved(source) if self.ice is not None else source == self.believed

    def believe(self, source: Address) -> None:
        """Believe an address whose sender has proved by other means to be the far end."""
        self.believed = source
        self._candidates.pop(source, None)

    def announce(self, address: Address | None, now: float) -> None:
        """Take the address of a new offer or answer, and open the window.

        A believed address stays believed while the SDP says the same as before.
        """
        if address != self._announced:
            self.believed = None
        self._announced = address
        self._candidates.clear()
        self._until = now + WINDOW

    def learning(self, now: float) -> bool:
        """Whether a packet from a new address can still be believed."""
        if self.ice is not None or self._announced is None or self.believed == self._announced:
            return False
        return now < self._until

    def may_believe(self, source: Address, now: float) -> bool:
        """Whether a packet from there can change what is believed; else its source is unknown."""
        if self.ice is None and source == self._announced and self.believed is None:
            return True
        return self.learning(now)

    def may_have_moved(self, source: Address) -> bool:
        """Whether a source is another port of the far end's host; its stream must prove it."""
        if self.ice is not None or self.believed is None:
            return False
        return source[0] == self.believed[0]

    def judge_moved(self, source: Address, ssrc: int, sequence: int) -> LatchVerdict:
        """Judge a packet that goes on with the stream of a far end that has fallen silent."""
        if source not in self._candidates and len(self._candidates) >= CANDIDATES:
            self._candidates.clear()  # none of them goes on with the stream
        return self._weigh(source, ssrc, sequence)

    def judge(
        self, source: Address, ssrc: int, sequence: int, now: float, *, flowing: bool
    ) -> LatchVerdict:
        """Judge a valid packet in an announced format.

        `flowing` says that packets of the far end as it was believed so far still arrive.
        """
        if source == self.believed:
            return LatchVerdict.BELIEVED
        if not self.may_believe(source, now):
            return LatchVerdict.UNKNOWN_SOURCE
        if source == self._announced:
            self.believe(source)
            return LatchVerdict.BELIEVED
        if flowing:
            return LatchVerdict.UNKNOWN_SOURCE
        return self._weigh(source, ssrc, sequence)

    def _weigh(self, source: Address, ssrc: int, sequence: int) -> LatchVerdict:
        known = self._candidates.get(source)
        if known is None and len(self._candidates) >= CANDIDATES:
            return LatchVerdict.UNKNOWN_SOURCE
        follows = known is not None and known[:2] == (ssrc, sequence)
        seen = known.seen + 1 if known is not None and follows else 1
        if seen >= PROOF:
            self.believe(source)
            return LatchVerdict.BELIEVED
        self._candidates[source] = _Candidate(ssrc, (sequence + 1) & 0xFFFF, seen)
        return LatchVerdict.UNPROVEN


def may_send_to(address: Address) -> bool:
    """Whether an address from an SDP can be a phone's: one host, a real port.

    Unspecified, multicast and broadcast addresses are refused: the first stands for hold, the
    others would make us an amplifier. Raises ValueError when it is no numeric address.
    """
    host, port = address
    ip = ipaddress.ip_address(host)
    if not 0 < port < 65536 or ip.is_unspecified or ip.is_multicast:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped is None or may_send_to((str(ip.ipv4_mapped), port))
    return ip not in _THIS_NETWORK and not ip.is_reserved
