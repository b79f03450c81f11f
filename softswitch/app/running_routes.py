"""The paths of `/v1` about what runs: calls, registrations, trunks, groups, conferences, health."""

from __future__ import annotations

from collections.abc import Iterator

from aiohttp import web

from softswitch.app.assembly import Parts
from softswitch.http.health import Health
from softswitch.http.v1.calls.actions_api import CallActionsApi
from softswitch.http.v1.calls.audio_api import AudioApi
from softswitch.http.v1.calls.calls_api import CallsApi
from softswitch.http.v1.calls.giving import UserCommands
from softswitch.http.v1.health.facts import HealthFacts
from softswitch.http.v1.health.health_api import HealthApi
from softswitch.http.v1.recordings.recordings_api import RecordingsApi
from softswitch.http.v1.registrations.registrations_api import RegistrationsApi
from softswitch.http.v1.states.conferences_api import ConferenceStatesApi
from softswitch.http.v1.states.extensions_api import ExtensionStatesApi
from softswitch.http.v1.states.groups_api import GroupStatesApi
from softswitch.http.v1.states.trunks_api import TrunkStatesApi
from softswitch.settings.load import Settings
from softswitch.settings.values import ListenAddress, join_host_port


def running_routes(settings: Settings, health: Health, parts: Parts) -> Iterator[web.RouteDef]:
    """What the HTTP server serves of what runs."""
    users, plan, calls = parts.users, parts.calls.plan, parts.calls.calls
    commands = UserCommands(parts.scripting.context_for, users)
    yield from CallsApi(calls, users).routes()
    yield from CallActionsApi(calls, commands, users).routes()
    yield from AudioApi(calls, plan, parts.media, users).routes()
    signalling = parts.signalling
    yield from RegistrationsApi(signalling.registrations, signalling.phones, users).routes()
    yield from TrunkStatesApi(plan.trunks, users).routes()
    yield from ExtensionStatesApi(plan, calls, users).routes()
    yield from GroupStatesApi(plan, calls, users).routes()
    rooms = parts.calls.rooms
    yield from ConferenceStatesApi(rooms, plan.directory, calls, commands, users).routes()
    store, links = parts.foundation.store, parts.access.recordings
    yield from RecordingsApi(settings.storage.recordings, calls, store, links, users).routes()
    yield from HealthApi(_facts(settings, health, parts), users).routes()


def _facts(settings: Settings, health: Health, parts: Parts) -> HealthFacts:
    foundation, signalling = parts.foundation, parts.signalling
    return HealthFacts(
        health=health,
        calls=parts.calls.calls,
        registrations=signalling.registrations,
        trunks=signalling.trunks,
        media=parts.media,
        loop_lag=foundation.loop_lag,
        connections=parts.messaging.messages.states,
        storage=foundation.disk.details,
        free_space=foundation.disk.free_space,
        certificates=lambda: {
            file: expires.timestamp() for file, expires in foundation.certificates.expiries()
        },
        domain=settings.sip.domain,
        listens=lambda: [*_sip_listens(parts), _http_listens(settings)],
    )


def _sip_listens(parts: Parts) -> list[str]:
    """The sockets of SIP, with the ports that were really taken."""
    transports = parts.signalling.driver.transports
    return [str(ListenAddress(each.name, *each.local)) for each in transports]


def _http_listens(settings: Settings) -> str:
    """As the settings say it: who asks has got there."""
    return f"{settings.http.scheme}:{join_host_port(*settings.http.listen)}"
