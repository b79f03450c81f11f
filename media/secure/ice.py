"""The lite agent of ICE for one leg: it answers checks, and learns who may be sent to (RFC 8445).

A lite agent has one candidate and sends no checks (section 2.5), so it is always controlled. A
check that proves the knowledge of our password makes its source a place that media may come from.
One with USE-CANDIDATE nominates: media goes there. The newest nomination counts, because browsers
go on to better paths during a call.

Checks that keep coming are the far end's consent (RFC 7675). Older softphones send none once a path
is nominated, only media or indications that keep a NAT open (RFC 8445 section 11). As long as a far
end has never asked again, these count as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from media.control.security import Ice
from media.control.session import Address
from media.secure import stun
from media.secure.stun import Attribute, StunError, StunMessage

CONSENT = 30.0
"Seconds without a check after which nothing may be sent any more (RFC 7675 section 5.1)."
ASKS_AGAIN = 4.0
"""A check so many seconds after the first nomination is one for consent, whose interval is never
shorter (section 5.1)."""
SOURCES = 16
"Addresses that a far end can have proved at the same time; then the oldest is forgotten."

KNOWN = frozenset({stun.USERNAME, stun.PRIORITY, stun.USE_CANDIDATE})
"The attributes of a check that must be understood, as far as they are."


@dataclass(frozen=True, slots=True)
class IceAnswer:
    """What a check leads to."""

    reply: bytes
    "Goes back to where the check came from."
    proved: bool
    "Whether its source has proved itself, now or before."
    nominated: bool = False
    "Whether it has become the address that media goes to, and was not before."


@dataclass(slots=True)
class _Source:
    """An address that has proved itself."""

    own: str
    "Our name fragment in its last check."
    theirs: str
    "The far end's."


class IceLite:
    """What one leg knows of its far end's addresses."""

    def __init__(self, ice: Ice) -> None:
        self._ice = ice
        self._former: Ice | None = None
        "The credentials before a restart, as long as nothing is nominated by the new ones."
        self._sources: dict[Address, _Source] = {}
        "The oldest one first."
        self.nominated: Address | None = None
        "Where media goes; None before a nomination and without consent."
        self._nominated_by = ""
        "Our name fragment in that nomination."
        self._first_nominated_at = math.inf
        self._asked_at = self._alive_at = -math.inf
        "When the last check came from where media goes, and when the last sign of life."
        self._asks_again = False

    def configure(self, ice: Ice) -> None:
        """Take new credentials: an ICE restart (section 9), the end of one, or the far end's name.

        What others have proved is forgotten as soon as the far end's name fragment is known: an
        offer may have reached several.
        """
        if ice.ufrag != self._ice.ufrag:
            former = self._former
            in_use = former if former and former.ufrag == self._nominated_by else self._ice
            self._former = in_use if in_use.ufrag != ice.ufrag else None
        self._ice = ice
        if ice.their_ufrag:
            for address, source in list(self._sources.items()):
                if source.own == ice.ufrag and source.theirs != ice.their_ufrag:
                    self._forget(address)

    def receive(self, datagram: bytes, source: Address, now: float) -> IceAnswer | None:
        """Take what came from an address; None for what is no check, or proves nothing.

        Nothing is answered then, so that nobody can let us send to others (section 7.3).
        """
        try:
            message = stun.parse(datagram)
        except StunError:
            return None
        if message.kind == stun.BINDING_INDICATION and source == self.nominated:
            self._alive_at = now
        if message.kind != stun.BINDING_REQUEST:
            return None
        ice, theirs = self._addressed(message)
        if ice is None or not message.is_authentic(ice.pwd):
            return None
        transaction = message.transaction
        error = _error(message)
        if error is not None:
            return IceAnswer(stun.build(stun.BINDING_ERROR, transaction, error, ice.pwd), False)
        mapped = (stun.XOR_MAPPED_ADDRESS, stun.xor_address(source, transaction))
        reply = stun.build(stun.BINDING_RESPONSE, transaction, [mapped], ice.pwd)
        self._prove(source, ice, theirs)
        nominates = message.value(stun.USE_CANDIDATE) is not None
        nominated = nominates and self._nominate(source, ice)
        if source == self.nominated:
            self._asked_at = now
            self._first_nominated_at = min(now, self._first_nominated_at)
            self._asks_again |= now - self._first_nominated_at >= ASKS_AGAIN
        return IceAnswer(reply, True, nominated)

    def has_proved(self, source: Address) -> bool:
        """Whether media and handshakes may come from an address."""
        return source in self._sources

    def lose_consent(self, now: float, heard_at: float) -> bool:
        """Stop sending if the far end has not asked for it for too long; return whether it is so.

        `heard_at` is when its media came last. A later check that nominates is consent again.
        """
        last = self._asked_at
        if not self._asks_again:
            last = max(last, self._alive_at, heard_at)
        if self.nominated is None or now - last < CONSENT:
            return False
        self.nominated = None
        return True

    def _addressed(self, message: StunMessage) -> tuple[Ice | None, str]:
        """Return the credentials that a check names, and the far end's name fragment in it."""
        ours, colon, theirs = (message.value(stun.USERNAME) or b"").partition(b":")
        try:
            own, other = ours.decode("ascii"), theirs.decode("ascii")
        except UnicodeDecodeError:
            return None, ""
        for ice in (self._ice, self._former):
            if colon and ice is not None and ice.ufrag == own:
                is_theirs = ice.their_ufrag in ("", other)
                return (ice if is_theirs else None), other
        return None, ""

    def _prove(self, address: Address, ice: Ice, theirs: str) -> None:
        if address not in self._sources and len(self._sources) >= SOURCES:
            self._forget(next(each for each in self._sources if each != self.nominated))
        self._sources[address] = _Source(ice.ufrag, theirs)

    def _nominate(self, source: Address, ice: Ice) -> bool:
        """Nominate an address, unless credentials before a restart would undo the restart."""
        if ice is self._former and self._nominated_by == self._ice.ufrag:
            return False
        if ice is self._ice:
            self._former = None
        changed = source != self.nominated
        self.nominated, self._nominated_by = source, ice.ufrag
        return changed

    def _forget(self, address: Address) -> None:
        del self._sources[address]
        if address == self.nominated:
            self.nominated = None


def _error(message: StunMessage) -> list[Attribute] | None:
    """Return what the response to an authentic check says is wrong with it."""
    unknown = [
        kind
        for kind, _ in message.attributes
        if kind < stun.COMPREHENSION_OPTIONAL and kind not in KNOWN
    ]
    if unknown:
        return [
            (stun.ERROR_CODE, stun.error_value(420, "Unknown Attribute")),
            (stun.UNKNOWN_ATTRIBUTES, stun.unknown_value(unknown)),
        ]
    if message.value(stun.ICE_CONTROLLED) is not None:
        # it believes to be the controlled one; a lite agent always is (section 7.3.1.1)
        return [(stun.ERROR_CODE, stun.error_value(487, "Role Conflict"))]
    return None
