"""Registrations as JSON; `openapi.py` describes these very classes."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from softswitch.calls.numbers.registrations import Binding, Registrations
from softswitch.guard.rights import Right
from softswitch.http.v1.asking import Problem
from softswitch.http.v1.moments import Moment, moment
from softswitch.http.v1.operations import Operation
from softswitch.settings.values import join_host_port
from softswitch.transport.keepalive import RoundTrip

MOST_REGISTRATIONS = 500
"Registrations in one answer."

Transport = Literal["udp", "tcp", "tls", "ws", "wss"]


class RegistrationFilter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which registrations are listed."""

    number: Annotated[str, Meta(description="The extension.")] = ""
    source: Annotated[str, Meta(description="The address that it came from, without port.")] = ""
    transport: Annotated[
        Transport | None, Meta(description="One of udp, tcp, tls, ws, wss; without it all.")
    ] = None
    limit: Annotated[
        int, Meta(ge=1, le=MOST_REGISTRATIONS, description="The most in the answer.")
    ] = 100
    offset: Annotated[int, Meta(ge=0, description="How many to leave out.")] = 0


class PhoneReach(StrEnum):
    """Whether calls go to a phone."""

    REACHABLE = "reachable"
    SILENT = "silent"
    "It used to answer OPTIONS, and does so no more; calls pass it over."
    AWAY = "away"
    "Its connection is gone, and it has not made another one yet."


class RegistrationShown(msgspec.Struct, frozen=True, kw_only=True):
    """A phone that is registered."""

    id: int
    number: Annotated[str, Meta(description="The extension.")]
    contact: Annotated[str, Meta(description="The URI that the phone is called at.")]
    source: Annotated[str, Meta(description="Address and port that it registered from.")]
    local: Annotated[str, Meta(description="Our address and port that it registered at.")]
    transport: str
    user_agent: Annotated[str, Meta(description="What it calls itself; empty when unknown.")]
    instance: Annotated[str, Meta(description="Its `+sip.instance`; empty without.")]
    registered_at: Annotated[Moment, Meta(description="When it did so last.")]
    expires_at: Moment
    expires: Annotated[int, Meta(description="Seconds until then.")]
    q: Annotated[float, Meta(description="Who is rung first, from 0 to 1.")]
    path: Annotated[list[str], Meta(description="The proxies on the way to it.")]
    reach: PhoneReach
    round_trip: Annotated[
        float | None,
        Meta(
            description="Milliseconds that its last answer to OPTIONS took; null before the first. "
            "Phones at UDP are asked every `sip.options_interval`, others by `ping`."
        ),
    ]
    answered_at: Annotated[Moment | None, Meta(description="When that answer came.")]


class RegistrationsShown(msgspec.Struct, frozen=True, kw_only=True):
    """A page of registrations, by number."""

    total: Annotated[int, Meta(description="How many there are on all pages.")]
    offset: int
    limit: int
    registrations: list[RegistrationShown]


class PingShown(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question to a phone."""

    answered: bool
    registration: RegistrationShown


def show_registration(
    binding: Binding, registrations: Registrations, trip: RoundTrip | None, now: float
) -> RegistrationShown:
    """A registration at the Unix time `now`."""
    flow = binding.flow
    return RegistrationShown(
        id=binding.id,
        number=binding.extension,
        contact=str(binding.uri),
        source=join_host_port(*flow.remote),
        local=join_host_port(*flow.local),
        transport=flow.transport,
        user_agent=binding.user_agent,
        instance=binding.instance.strip('"<>'),
        registered_at=moment(binding.registered_at),
        expires_at=moment(binding.expires_at),
        expires=binding.expires_in(now),
        q=binding.q,
        path=list(binding.path),
        reach=_reach(binding, registrations),
        round_trip=None if trip is None else round(trip.seconds * 1000, 1),
        answered_at=None if trip is None else moment(trip.at),
    )


def _reach(binding: Binding, registrations: Registrations) -> PhoneReach:
    if registrations.is_away(binding.flow):
        return PhoneReach.AWAY
    return PhoneReach.SILENT if registrations.is_silent(binding) else PhoneReach.REACHABLE


_MISSING = {404: ("There is no such registration, or it is another's.", Problem)}

REGISTRATION_OPERATIONS = (
    Operation(
        path="/registrations",
        id="listRegistrations",
        right=Right.SEE_OWN,
        summary="A page of the phones that are registered, by number.",
        query=RegistrationFilter,
        answers={200: ("The page.", RegistrationsShown), 400: ("A parameter is wrong.", Problem)},
    ),
    Operation(
        path="/registrations/{id}",
        id="showRegistration",
        right=Right.SEE_OWN,
        summary="A phone that is registered.",
        answers={200: ("The registration.", RegistrationShown), **_MISSING},
    ),
    Operation(
        path="/registrations/{id}",
        method="delete",
        id="endRegistration",
        right=Right.OPERATE_OWN,
        summary="Forget where a phone is; calls reach it again when it registers anew.",
        answers={
            204: ("It has ended, also on disk.", None),
            **_MISSING,
            503: ("It could not be stored.", Problem),
        },
    ),
    Operation(
        path="/registrations/{id}/ping",
        method="post",
        id="pingPhone",
        right=Right.OPERATE_OWN,
        summary="Send OPTIONS to a phone now, and wait up to four seconds for its answer.",
        answers={200: ("Whether it has answered, and in what time.", PingShown), **_MISSING},
    ),
)
"What `registrations_api.py` serves."
