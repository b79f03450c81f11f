"""Call control, from the settings: its parts, and the front desk in front of them."""

from __future__ import annotations

import time
from pathlib import Path

from softswitch.app.parts.dial_plan import calendars_of, directory_of, own_hosts, rules_of
from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.messaging import Messaging
from softswitch.app.parts.scripting import Scripting
from softswitch.app.parts.signalling import Signalling
from softswitch.calls.agents import Agents
from softswitch.calls.call.terms import CallTerms, CountryOf, anywhere
from softswitch.calls.call_codes.call_codes import CallCodes
from softswitch.calls.call_control import CallControl, build_call_control
from softswitch.calls.calling_back import CallingBack
from softswitch.calls.codes import CODES
from softswitch.calls.codes.dialled_codes import DialledCodes
from softswitch.calls.dispatch import Dispatch
from softswitch.calls.features.callback_requests import OF_CALLBACKS
from softswitch.calls.features.extension_features import ExtensionFeatures
from softswitch.calls.features.recent import OF_RECENT
from softswitch.calls.incoming import IncomingCalls
from softswitch.calls.kinds import served_by
from softswitch.calls.kinds.paging import PAGING
from softswitch.calls.kinds.parking import PARKING
from softswitch.calls.kinds.queue import QUEUE
from softswitch.calls.kinds.voicemail import VOICEMAIL
from softswitch.calls.lamps.lamps import Lamps
from softswitch.calls.leg.lines import Lines
from softswitch.calls.leg.media_terms import SrtpRules
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.openings import Openings
from softswitch.calls.numbers.registrations import Registrations
from softswitch.calls.numbers.routing import Routing
from softswitch.calls.numbers.rules.budgets import Budgets
from softswitch.calls.numbers.trunks import Trunks
from softswitch.calls.numbers.turns import GroupTurns
from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.calls.queues.callbacks import OF_QUEUE_CALLBACKS
from softswitch.calls.setup.announcing import Announcement, Announcements, AnnouncementTerms
from softswitch.calls.setup.interception import Interception
from softswitch.calls.setup.serving import Callees
from softswitch.calls.setup.setup import CallSetup
from softswitch.calls.voicemail.service import VoicemailService
from softswitch.guard.pins import Pins
from softswitch.settings.exchange.prompts import source_of
from softswitch.settings.load import Settings
from softswitch.store.store import Store


def build_calls(
    settings: Settings,
    foundation: Foundation,
    signalling: Signalling,
    media: MediaWorkers,
    budgets: Budgets,
) -> CallControl:
    """Everything that calls need, but what scripts serve."""
    directory, calendars = directory_of(settings.extensions), calendars_of(settings)
    routing = Routing(
        directory,
        own_hosts(settings),
        rules_of(settings),
        calendars=calendars,
        spending=budgets,
    )
    return build_call_control(
        plan=DialPlan(
            directory,
            routing,
            signalling.registrations,
            signalling.trunks,
            GroupTurns(directory, Lines(time.monotonic)),
            Agents(foundation.store.write),
            calendars,
            ExtensionFeatures(foundation.store.write),
            budgets,
            openings=Openings(calendars, foundation.store.write),
        ),
        stack=signalling.driver,
        media=media,
        journal=foundation.store.call_records,
        terms=call_terms(settings, countries_of(settings, directory, signalling.trunks)),
        pins=Pins(foundation.bans),
        now=time.time,
        keep=foundation.store.write,
        traces=foundation.traces,
    )


def build_codes(settings: Settings, control: CallControl) -> tuple[DialledCodes, CallCodes]:
    """What extensions do by dialling, and by keys in a call."""
    call_codes = CallCodes(
        settings.call_codes,
        control.plan,
        control.transfers,
        settings.storage.recordings,
        answering=control.answering,
        tasks=control.tasks,
    )
    return DialledCodes(control.answering, CODES, settings.codes), call_codes


async def open_calling_back(
    store: Store, registrations: Registrations, control: CallControl
) -> CallingBack:
    """Callbacks and last callers, with those that an earlier process has kept.

    Raises StoreError when the database cannot be read.
    """
    wishes = control.answering.ringer.wishes
    wishes.recent.restore(await store.load_choices(OF_RECENT))
    wishes.callbacks.restore(await store.load_choices(OF_CALLBACKS))
    service = control.queue_service
    service.callbacks.restore(service, await store.load_choices(OF_QUEUE_CALLBACKS))
    calling_back = CallingBack(control.answering, control.calls, control.tasks, wishes.callbacks)
    registrations.listeners.append(calling_back.changed)
    return calling_back


def build_dispatch(
    settings: Settings,
    signalling: Signalling,
    control: CallControl,
    scripting: Scripting,
    messaging: Messaging,
    *,
    codes: DialledCodes,
    lamps: Lamps,
    voicemail: VoicemailService,
    announcements: Announcements,
) -> Dispatch:
    """The front desk, which hands every new request to the part that answers it."""
    return Dispatch(
        stack=signalling.driver,
        dialler=control.dialler,
        plan=control.plan,
        gate=signalling.gate,
        registrar=signalling.registrations,
        message_desk=messaging.phones.receive,
        offers=control.offers,
        subscriptions=lamps,
        incoming=_incoming(
            settings,
            signalling,
            control,
            scripting,
            codes,
            voicemail=voicemail,
            announcements=announcements,
        ),
        tasks=control.tasks,
        domain=settings.sip.domain,
        now=time.time,
    )


def _incoming(
    settings: Settings,
    signalling: Signalling,
    control: CallControl,
    scripting: Scripting,
    codes: DialledCodes,
    *,
    voicemail: VoicemailService,
    announcements: Announcements,
) -> IncomingCalls:
    """What becomes of INVITEs: the numbers that they ask for are followed."""
    phone_calls = control.phone_calls
    served = {
        PAGING: control.paging.serve,
        PARKING: control.parking.serve,
        QUEUE: control.queue_service.serve,
        VOICEMAIL: voicemail.serve,
    }
    above = {**scripting.services(), **served}
    callees = Callees(phone_calls, served_by(control.answering, above))
    intercept = scripting.intercept(Interception(control.plan, phone_calls, callees))
    return IncomingCalls(
        stack=signalling.driver,
        calls=control.calls,
        tasks=control.tasks,
        course=CallSetup(
            control.plan.routing, callees, intercept, codes.find, announcements
        ).follow_number,
        replacing=control.replacing,
        joining=control.joining,
        lines=control.plan.turns.lines,
        is_emergency=control.plan.routing.is_emergency,
    )


def announcement_terms(settings: Settings) -> AnnouncementTerms:
    """What callers hear before their calls are refused."""
    entry = settings.announcements
    paths = {key: source_of(path) for key, path in entry.sounds().items()}
    said = {
        key: Announcement(path=paths[key]) if key in paths else Announcement(text=value)
        for key, value in entry
        if isinstance(value, str) and key != "language"
    }
    return AnnouncementTerms(said, entry.language, entry.trunks)


def call_terms(settings: Settings, country_of: CountryOf = anywhere) -> CallTerms:
    """What holds for every call."""
    return CallTerms(
        domain=settings.sip.domain,
        calls=settings.limits.calls,
        legs_per_call=settings.limits.legs_per_call,
        ring_time=settings.sip.ring_time,
        media_timeout=settings.media.timeout,
        hold_timeout=settings.media.hold_timeout,
        srtp=SrtpRules(settings.media.srtp, settings.media.sdes_without_tls),
        hold_music=_path(settings.media.hold_music),
        error_prompt=_path(settings.media.error_prompt),
        country_of=country_of,
    )


def countries_of(settings: Settings, directory: Directory, trunks: Trunks) -> CountryOf:
    """Whose tones a party hears: its extension, its trunk or the settings of all say it."""

    def country_of(extension: str, trunk: str) -> str:
        found = directory.find(extension) if extension else None
        own = found.country if found is not None else ""
        if trunk:
            known = trunks.get(trunk)
            own = known.terms.country if known is not None else ""
        return own or settings.media.country

    return country_of


def _path(path: Path | None) -> str | None:
    return None if path is None else source_of(path)
