"""What `/v1/parking` shows, as classes of JSON."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from softswitch.calls.parking.parking import Parking
from softswitch.guard.rights import Right, User
from softswitch.http.v1.moments import moment
from softswitch.http.v1.operations import Operation


class ParkedShown(msgspec.Struct, frozen=True, kw_only=True):
    """A call that is parked."""

    lot: Annotated[str, Meta(description="The number that retrieves it.")]
    call_id: Annotated[str, Meta(description="Its id at `/v1/calls`.")]
    number: Annotated[str, Meta(description="The number of the party that waits.")]
    name: Annotated[str, Meta(description="Its name; empty when unknown.")]
    parked_by: Annotated[str, Meta(description="The extension that has parked it, or empty.")]
    since: Annotated[datetime, Meta(description="When it was parked.")]
    moving: Annotated[bool, Meta(description="Whether it is being connected with somebody now.")]


class ParkingShown(msgspec.Struct, frozen=True):
    """The lots that are taken, by number."""

    parked: list[ParkedShown]


def show_parking(parking: Parking, user: User) -> ParkingShown:
    """The parked calls that concern a user, as JSON."""
    shown = []
    for parked in parking:
        call, party = parking.about(parked)
        waits = "" if party.trunk else party.number
        if not user.owns(parked.lot, waits, parked.parker):
            continue
        shown.append(
            ParkedShown(
                lot=parked.lot,
                call_id=call.id,
                number=party.number,
                name=party.name,
                parked_by=parked.parker,
                since=moment(parked.since),
                moving=parked.moving.locked(),
            )
        )
    return ParkingShown(parked=shown)


PARKING_OPERATIONS = (
    Operation(
        path="/parking",
        id="listParking",
        right=Right.SEE_OWN,
        summary="List the calls that are parked.",
        answers={200: ("The lots that are taken.", ParkingShown)},
    ),
)
"What `parking_api.py` serves."
