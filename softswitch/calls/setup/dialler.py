"""The INVITEs of the switch: sent to targets, and known again when one comes round in a loop."""

from __future__ import annotations

import asyncio
from functools import partial

from softswitch.calls.call.party import Party
from softswitch.calls.leg.header_passthrough import Header
from softswitch.calls.leg.leg import Deliver, Leg, Stack
from softswitch.calls.leg.lines import Lines
from softswitch.calls.numbers.rules.budgets import Budgets
from softswitch.calls.numbers.rules.emergency import Emergencies
from softswitch.calls.numbers.targets import Target
from softswitch.sip.message.address import Address
from softswitch.sip.message.uri import SipUri, sip_uri
from softswitch.sip.requests.diversion import diversion_headers
from softswitch.sip.requests.geolocation import with_location
from softswitch.sip.requests.privacy import HIDES, NOBODY

ANSWERS_ITSELF: tuple[Header, ...] = (
    ("Call-Info", "<sip:127.0.0.1>;answer-after=0"),
    ("Alert-Info", "<http://127.0.0.1>;info=alert-autoanswer"),
    ("Answer-Mode", "Auto"),
)
"""Asks a phone to answer by itself: as Snom, Grandstream, Yealink and Fanvil take it, as Cisco and
Polycom do, and as RFC 5373 section 3 has it."""


class Dialler:
    """Makes the legs that the switch calls, in the name of its domain."""

    __slots__ = ("_callers", "_domain", "_stack", "budgets", "emergencies", "lines")

    def __init__(
        self, stack: Stack, domain: str, lines: Lines, budgets: Budgets, emergencies: Emergencies
    ) -> None:
        """`domain` is the host of From and To; `lines` counts the phones that ring.

        `budgets` count what goes out, `emergencies` tell of emergency calls.
        """
        self.budgets = budgets
        self.emergencies = emergencies
        self.lines = lines
        self._stack = stack
        self._domain = domain
        self._callers: dict[str, tuple[Party, str]] = {}
        "The callers that our INVITEs show, and their chains, by Call-ID, while their legs last."

    def dial(
        self,
        target: Target,
        *,
        name: str,
        shown: Party,
        chain: str,
        rung: Party,
        headers: list[Header],
        offer: bytes | None,
        max_forwards: int,
        deliver: Deliver,
    ) -> Leg:
        """Send an INVITE; the target sees `shown` as the caller and `rung` as the callee.

        A target may want to see others (`Target.from_`, `Target.to`). Nobody sees a private caller
        but a trusted trunk, which is told who it is, and not to show it (RFC 3325), and whoever
        gets an emergency call, who is told the number and the place in any case. `chain` is the id
        of the first of the calls that this one belongs to.
        """
        trunk = target.trunk
        if rung.diversions and (trunk is None or trunk.terms.diversions):
            headers = [*headers, *diversion_headers(rung.diversions, target.uri)]
        if rung.answers_itself and trunk is None:
            headers = [*headers, *ANSWERS_ITSELF]
        from_ = target.from_ or Address(sip_uri(shown.shown_number, self._domain), shown.name)
        emergency = target.way.emergency if target.way is not None else None
        if (trunk is not None and trunk.terms.trusted) or emergency is not None:
            headers = [*headers, ("P-Asserted-Identity", str(from_))]
        content = None
        if emergency is not None:
            headers = [header for header in headers if header[0] != "Priority"]
            headers.append(("Priority", "emergency"))
            if emergency.is_located:
                content = with_location(offer, emergency.location, *_user_and_host(from_))
        elif shown.is_private:
            headers = [*headers, HIDES]
            from_ = NOBODY
        leg = Leg.dial(
            self._stack,
            name=name,
            target=target.uri,
            flow=target.flow,
            from_=from_,
            to=target.to or Address(sip_uri(rung.number, self._domain), rung.name),
            route=target.path,
            headers=headers,
            sdp=offer,
            content=content,
            max_forwards=max_forwards,
            credentials=trunk.credentials if trunk is not None else None,
            deliver=deliver,
        )
        self._callers[leg.call_id] = shown, chain
        if trunk is None and not leg.is_inside:
            self.lines.take(target.number, leg, talks=False)
        leg.ended.add_done_callback(partial(self._ended, leg.call_id))
        return leg

    def is_own(self, sip_call_id: str) -> bool:
        """Whether an INVITE with this Call-ID left this switch: it has come round in a loop."""
        return sip_call_id in self._callers

    def caller_of(self, sip_call_id: str) -> tuple[Party, str] | None:
        """The caller and the chain of an INVITE of ours, which has come by the inside line."""
        return self._callers.get(sip_call_id)

    def _ended(self, sip_call_id: str, _: asyncio.Future[object]) -> None:
        self._callers.pop(sip_call_id, None)


def _user_and_host(who: Address) -> tuple[str, str]:
    """The number of somebody and its host."""
    uri = who.uri
    return (uri.user or "", uri.host) if isinstance(uri, SipUri) else ("", "invalid")
