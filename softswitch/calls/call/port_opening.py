"""A party of a call gets its media port, on the worker that has the other party's port."""

from __future__ import annotations

from typing import Protocol

from softswitch.calls.call.call import Call
from softswitch.calls.call.party import Party
from softswitch.calls.endings.endings import CallEnds, NotReached, overloaded, refused_here
from softswitch.calls.leg.header_passthrough import warning
from softswitch.calls.ports.media_port import (
    MediaPort,
    NoAddress,
    NoPortFree,
    OnWorker,
    WorkerGone,
)
from softswitch.sdp.description import DescriptionError


class Ports(Protocol):
    """Opens media ports."""

    async def open(
        self, beside: OnWorker | None = None, *, ipv6: bool = False, is_urgent: bool = False
    ) -> MediaPort:
        """Open one; the last are for calls that are urgent. Raises NoPortFree, WorkerGone."""

    async def find(self, host: str) -> str:
        """Return the address of a host that may be given by name; raises NoAddress."""


async def open_port(
    ports: Ports, call: Call, party: Party, far_end: str, *, other: Party | None = None
) -> None:
    """Open a port for a party, on the worker of the other; keep the one that it has there.

    `far_end`: the host of the party's phone, for the family of ours. `other` is whom the party
    is going to talk to, when it is not the other party of the call. Raises CallEnds.
    """
    beside, old = (other or call.other(party)).beside, party.audio.port
    if old is not None:
        if beside is None or beside.worker is old.worker:
            return
        party.audio.port = None
        old.close()
    try:
        address = await ports.find(far_end)
        port = await ports.open(beside, ipv6=":" in address, is_urgent=call.is_urgent)
    except NoAddress as error:
        headers = (warning(DescriptionError(str(error), 488, 300), call.terms.domain),)
        raise CallEnds(refused_here(488, headers=headers)) from error
    except NoPortFree as error:
        raise CallEnds(overloaded("no media port")) from error
    except WorkerGone as error:
        raise CallEnds(overloaded("media worker died")) from error
    party.audio.move_to(port)
    party.take_port(port, call.trace.timeline, call.put)
    port.country = call.terms.country_of(party.extension, party.trunk)


async def give_port(ports: Ports, call: Call, party: Party, far_end: str, other: Party) -> None:
    """Open a port for a newcomer to a running call, which goes on without. Raises NotReached."""
    try:
        await open_port(ports, call, party, far_end, other=other)
    except CallEnds as end:
        raise NotReached(end.ending) from end
