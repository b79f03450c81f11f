"""Builds the parts of the switch, each from the settings and the parts before it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from softswitch.app.certificates import certificate_metrics
from softswitch.app.exchange.events import Events, open_events, publish_from
from softswitch.app.exchange.prompts import prompt_sounds, sentence_sounds
from softswitch.app.exchange.provisioning import TABLES, Provisioning, build_provisioning
from softswitch.app.exchange.voicemail import open_voicemail
from softswitch.app.parts.budgets import build_budgets
from softswitch.app.parts.calls import (
    announcement_terms,
    build_calls,
    build_codes,
    build_dispatch,
    open_calling_back,
)
from softswitch.app.parts.emergencies import EmergencyTeller
from softswitch.app.parts.foundation import Foundation, lay_foundation
from softswitch.app.parts.lamps import build_lamps
from softswitch.app.parts.media import start_media
from softswitch.app.parts.messaging import Messaging, build_messaging
from softswitch.app.parts.scripting import Scripting, build_scripting
from softswitch.app.parts.signalling import Signalling, build_signalling
from softswitch.app.parts.web_access import WebAccess, open_web_access
from softswitch.app.parts.web_api import open_audit, open_sessions, open_tokens, users_of
from softswitch.app.takers.access import RandomPasswords, take_accounts, take_users
from softswitch.app.takers.calls import (
    CALL_KEYS,
    take_announcements,
    take_call_codes,
    take_call_terms,
    take_teller,
    take_voicemail,
)
from softswitch.app.takers.departures import Departures
from softswitch.app.takers.dial_plan import (
    RULES,
    TrunkTaker,
    take_extensions,
    take_rules,
)
from softswitch.app.takers.events import take_event_terms, take_webhooks
from softswitch.app.takers.exchange import (
    CODES_TABLE,
    take_codes,
    take_openings,
    take_prompts,
)
from softswitch.app.takers.gone import forget_gone
from softswitch.app.takers.lamps import take_watchers
from softswitch.app.takers.scripting import take_addressbooks, take_origins
from softswitch.app.terminal_key import TerminalKey
from softswitch.calls.call_codes.call_codes import CallCodes
from softswitch.calls.call_control import CallControl
from softswitch.calls.calling_back import CallingBack
from softswitch.calls.codes.dialled_codes import DialledCodes
from softswitch.calls.dispatch import Dispatch
from softswitch.calls.features.extension_features import OF
from softswitch.calls.lamps.lamps import Lamps
from softswitch.calls.lamps.message_summary import NAME as MESSAGES
from softswitch.calls.numbers.openings import OF_CALENDARS
from softswitch.calls.ports.media_workers import MediaWorkers
from softswitch.calls.ports.prompts import Prompts
from softswitch.calls.ports.worker_metrics import worker_metrics
from softswitch.calls.prompts.folder import PromptFolder
from softswitch.calls.setup.announcing import Announcements
from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.calls.voicemail.service import VoicemailService
from softswitch.http.access.audit import Audit
from softswitch.http.access.sessions import Sessions
from softswitch.http.access.tokens import Tokens
from softswitch.http.connections import HttpCounts
from softswitch.http.users import Users
from softswitch.live.live_settings import LiveSettings, Source, Taker
from softswitch.live.starting import open_live_settings
from softswitch.messaging.queue.metrics import message_metrics
from softswitch.messaging.queue.voicemail_mails import VoicemailMails, recording_of
from softswitch.messaging.smpp.metrics import smpp_metrics
from softswitch.settings.load import Settings
from softswitch.store.exchange.agents import load_agents
from softswitch.telemetry.metrics import Metric
from softswitch.transport.metrics import transport_metrics

LIVE_KEYS = (*RULES, CODES_TABLE, *TABLES, *CALL_KEYS, "events", "webhooks")
"Tables and keys of the settings that need no restart, beside the lists of entries."


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """All parts, in the order in which they are built."""

    foundation: Foundation
    events: Events
    signalling: Signalling
    media: MediaWorkers
    calls: CallControl
    lamps: Lamps
    access: WebAccess
    messaging: Messaging
    scripting: Scripting
    codes: DialledCodes
    voicemail: VoicemailService
    dispatch: Dispatch
    announcements: Announcements
    call_codes: CallCodes
    calling_back: CallingBack
    teller: EmergencyTeller
    users: Users
    sessions: Sessions
    tokens: Tokens
    audit: Audit
    terminal_key: TerminalKey
    live: LiveSettings
    passwords: RandomPasswords
    departures: Departures
    removed: RemovedMailboxes
    provisioning: Provisioning
    prompt_folder: PromptFolder

    http_counts: HttpCounts

    def details(self) -> dict[str, object]:
        """What `/healthz` tells besides the status."""
        trunks, connections = self.signalling.trunks, self.messaging.messages.states()
        return {
            **self.foundation.disk.details(),
            "calls": len(self.calls.calls),
            "registrations": len(self.signalling.registrations),
            "trunks": {trunk.name: trunk.state.value for trunk in trunks},
            "connections": {name: state.up for name, state in connections.items()},
            "media_workers": len(self.media.workers),
        }

    def metrics(self) -> Iterator[Metric]:
        """What `/metrics` shows besides the process itself: what each part tells of itself."""
        driver, trunks = self.signalling.driver, self.signalling.trunks
        yield from self.foundation.loop_lag.metrics()
        yield from self.foundation.events.metrics()
        yield from self.foundation.bans.metrics()
        yield from self.foundation.store.metrics()
        yield from self.foundation.disk.metrics()
        yield from self.events.metrics()
        yield from certificate_metrics(self.foundation.certificates)
        yield from driver.metrics()
        yield from driver.endpoint.metrics()
        yield from transport_metrics(driver.transports)
        yield from self.signalling.registrations.metrics()
        yield from self.signalling.phones.metrics()
        yield from trunks.metrics()
        yield from self.calls.plan.budgets.metrics()
        yield from self.calls.plan.emergencies.metrics()
        yield from worker_metrics(self.media)
        yield from self.media.ended.metrics()
        yield from self.calls.calls.metrics()
        yield from self.calls.queues.metrics()
        yield from self.lamps.metrics()
        yield from self.voicemail.mailboxes.metrics()
        yield from message_metrics(self.messaging.messages)
        yield from self.http_counts.metrics()
        yield from smpp_metrics(self.messaging.messages.connections.values())


async def build_parts(file: Settings, source: Source, cleanup: AsyncExitStack) -> Parts:
    """Build every part, of the file and what the store adds; `cleanup` ends those that were built.

    Raises StoreError, WorkerGone, and OSError for files of certificates.
    """
    foundation = await lay_foundation(file, cleanup)
    live = await open_live_settings(file, foundation.store, source)
    events = await open_events(file, foundation.store, cleanup)
    settings, passwords = live.now.settings, live.now.passwords
    signalling = await build_signalling(settings, passwords, foundation)
    prompts = Prompts(prompt_sounds(settings), sentence_sounds(settings))
    prompt_folder = PromptFolder(file.storage.prompts)
    await asyncio.to_thread(prompt_folder.prepare)
    cleanup.callback(prompt_folder.close)
    media = await start_media(settings, foundation.events, signalling.names, prompts, cleanup)
    budgets = await build_budgets(settings, foundation)
    calls = build_calls(settings, foundation, signalling, media, budgets)
    calls.plan.features.restore(await foundation.store.load_choices(OF))
    calls.plan.openings.restore(await foundation.store.load_choices(OF_CALENDARS))
    voicemail = await open_voicemail(settings, foundation, calls, cleanup)
    lamps = build_lamps(settings, foundation, signalling, calls, voicemail.mailboxes)
    voicemail.mailboxes.listeners.append(partial(lamps.changed, MESSAGES))
    calls.plan.agents.restore(*await load_agents(foundation.store.reader))
    signalling.registrations.listeners.append(calls.queues.agent_changed)
    access = await open_web_access(settings, foundation, calls.plan.directory, prompts, cleanup)
    await publish_from(
        events,
        foundation,
        signalling,
        calls,
        applications=access.applications,
        cleanup=cleanup,
    )
    messaging = build_messaging(
        settings,
        foundation,
        signalling,
        calls.plan,
        access.notices,
        attached=partial(recording_of, voicemail.mailboxes),
    )
    mails = VoicemailMails(voicemail.mailboxes, messaging.messages.send, access.background.start)
    voicemail.mailboxes.arrived.append(mails.arrived)
    teller = EmergencyTeller(settings, access, messaging.messages)
    calls.plan.emergencies.listeners.append(teller.tell)
    scripting = build_scripting(
        settings,
        foundation,
        access,
        calls,
        messaging.messages,
        media=media,
        mailboxes=voicemail.mailboxes,
    )
    codes, call_codes = build_codes(settings, calls)
    calling_back = await open_calling_back(foundation.store, signalling.registrations, calls)
    announcements = Announcements(calls.phone_calls.ringer.ports, announcement_terms(settings))
    terminal_key = TerminalKey(settings.storage.terminal_key_file)
    sessions = await open_sessions(settings, foundation.store)
    audit = await open_audit(foundation.store)
    tokens = await open_tokens(foundation.store)
    users = users_of(
        settings, passwords.http, foundation.bans, terminal_key, sessions=sessions, tokens=tokens
    )
    provisioning = await build_provisioning(
        settings,
        foundation,
        calls.plan.directory,
        live,
        lambda: signalling.driver.transports,
    )
    random = RandomPasswords(settings.storage.passwords_file)
    removed = RemovedMailboxes(voicemail.mailboxes)
    wishes = calls.answering.ringer.wishes
    departures = Departures(
        signalling.registrations,
        calls.plan.features,
        wishes.recent,
        wishes.callbacks,
        calls.plan.agents,
        calls.plan.budgets,
        calls.queue_service.callbacks,
        calls.queues,
        calls.parking,
        removed,
        lamps,
        messaging.phones,
        provisioning.urls,
        random,
    )
    await removed.finish()
    await forget_gone(live, calls.plan, departures, random)
    parts = Parts(
        foundation=foundation,
        events=events,
        signalling=signalling,
        media=media,
        calls=calls,
        lamps=lamps,
        access=access,
        messaging=messaging,
        scripting=scripting,
        codes=codes,
        voicemail=voicemail,
        dispatch=build_dispatch(
            settings,
            signalling,
            calls,
            scripting,
            messaging,
            codes=codes,
            lamps=lamps,
            voicemail=voicemail,
            announcements=announcements,
        ),
        announcements=announcements,
        call_codes=call_codes,
        calling_back=calling_back,
        teller=teller,
        users=users,
        sessions=sessions,
        tokens=tokens,
        audit=audit,
        terminal_key=terminal_key,
        live=live,
        passwords=random,
        departures=departures,
        removed=removed,
        provisioning=provisioning,
        prompt_folder=prompt_folder,
        http_counts=HttpCounts(),
    )
    live.tell(*takers_of(parts), tables=LIVE_KEYS)
    return parts


def takers_of(parts: Parts) -> Iterator[Taker]:
    """What each part takes while it runs when the settings change."""
    plan, signalling, foundation = parts.calls.plan, parts.signalling, parts.foundation
    yield partial(take_extensions, plan.directory)
    yield partial(take_rules, plan)
    yield TrunkTaker(
        signalling.trunks,
        signalling.watch,
        signalling.driver,
        foundation.key,
        foundation.entropy,
    )
    yield partial(take_accounts, signalling.gate.accounts)
    yield partial(take_users, parts.users)
    yield partial(take_addressbooks, parts.scripting.addressbooks)
    yield partial(take_origins, parts.access.reach, parts.live.now.settings.notifications)
    yield partial(take_codes, parts.codes)
    yield partial(take_openings, plan.openings)
    yield parts.departures
    yield parts.passwords.take
    yield partial(take_watchers, parts.lamps)
    yield partial(take_call_terms, parts.calls)
    yield partial(take_announcements, parts.announcements)
    yield partial(take_call_codes, parts.call_codes)
    yield partial(take_voicemail, parts.voicemail.mailboxes)
    yield partial(take_teller, parts.teller)
    yield partial(take_prompts, parts.media.prompts, parts.prompt_folder)
    yield partial(take_event_terms, parts.events.streams)
    yield partial(take_webhooks, parts.events.webhooks)
