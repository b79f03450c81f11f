"""Call control, from the settings: the list of calls, what they work with, and the front desk."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from softswitch.app.parts.dial_plan import directory_of, own_hosts, routes_of
from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.signalling import Signalling
from softswitch.app.parts.web_api import WebApi
from softswitch.calls.call.history import History
from softswitch.calls.call.services import CallLimits, Calls, CallServices
from softswitch.calls.call_ids import CallIds
from softswitch.calls.dispatch import Dispatch
from softswitch.calls.kinds import served_by
from softswitch.calls.kinds.api import API
from softswitch.calls.kinds.ivr import IVR
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.ports.media_port import MediaWorkers
from softswitch.calls.transfer.referral import refer
from softswitch.settings.load import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class CallControl:
    """What takes calls."""

    calls: Calls
    house: CallServices
    dispatch: Dispatch

    async def show_life(self) -> None:
        """Note in the history, now and then, that the calls go on; never ends."""
        await self.house.history.show_life(self.calls, self.house.now)


def build_calls(
    settings: Settings,
    foundation: Foundation,
    signalling: Signalling,
    media: MediaWorkers,
    web: WebApi,
) -> CallControl:
    """Everything that calls need."""
    directory = directory_of(settings)
    house = CallServices(
        domain=settings.sip.domain,
        stack=signalling.driver,
        ports=media,
        registrations=signalling.registrations,
        directory=directory,
        routing=Routing(directory, own_hosts(settings), routes_of(settings)),
        history=History(foundation.store),
        calls=Calls(),
        now=time.time,
        call_ids=CallIds(time.time),
        refer=refer,
        limits=call_limits(settings),
        services=served_by({API: web.serve_api, IVR: web.serve_ivr}),
        hold_music=_path(settings.media.hold_music),
        trunks=signalling.trunks,
    )
    dispatch = Dispatch(house, signalling.gate, signalling.registrations)
    return CallControl(calls=house.calls, house=house, dispatch=dispatch)


def call_limits(settings: Settings) -> CallLimits:
    """The bounds of calls."""
    return CallLimits(
        calls=settings.limits.calls,
        legs_per_call=settings.limits.legs_per_call,
        ring_time=settings.sip.ring_time,
        media_timeout=settings.media.timeout,
        hold_timeout=settings.media.hold_timeout,
    )


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path.absolute())
