"""The web API: commands, messages, calls and recordings over HTTP, for its users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from ipaddress import ip_network

from aiohttp import web

from softswitch.app.parts.scripting import Scripting
from softswitch.app.terminal_key import TerminalKey
from softswitch.calls.features.callback_requests import CallbackRequests
from softswitch.calls.numbers.dial_plan import DialPlan
from softswitch.calls.parking.parking import Parking
from softswitch.calls.prompts.folder import PromptFolder
from softswitch.calls.queues.queues import CallQueues
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.calls.voicemail.removed import RemovedMailboxes
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.bans import BanList
from softswitch.guard.files import AllowedFiles
from softswitch.guard.rates import RequestSources
from softswitch.http.access.audit import Audit
from softswitch.http.access.sessions import SessionLimits, Sessions
from softswitch.http.access.tokens import Tokens
from softswitch.http.adapter import CommandApi
from softswitch.http.connections import HttpLimits
from softswitch.http.console import Console
from softswitch.http.messages.messages_api import MessagesApi
from softswitch.http.recordings import recording_routes
from softswitch.http.users import SERVICE, Users
from softswitch.http.v1.access.audit_api import AuditApi
from softswitch.http.v1.access.session_api import SessionApi
from softswitch.http.v1.access.tokens_api import TokensApi
from softswitch.http.v1.addressbooks.contacts_api import ContactsApi
from softswitch.http.v1.alarms.alarms_api import AlarmsApi
from softswitch.http.v1.bans_api import BansApi
from softswitch.http.v1.commands.commands_api import CommandsApi
from softswitch.http.v1.dialling.budgets_api import BudgetsApi
from softswitch.http.v1.dialling.route_api import CodeOf, RouteApi
from softswitch.http.v1.entries.changes_api import ChangesApi, Reload
from softswitch.http.v1.entries.entries_api import EntriesApi
from softswitch.http.v1.entries.sounds_api import SoundsApi
from softswitch.http.v1.extensions.callbacks_api import CallbacksApi
from softswitch.http.v1.extensions.features_api import FeaturesApi
from softswitch.http.v1.extensions.schedule_api import ScheduleApi
from softswitch.http.v1.history.history_api import HistoryApi
from softswitch.http.v1.messages.kept_messages_api import KeptMessagesApi
from softswitch.http.v1.openapi import description_routes
from softswitch.http.v1.parking.parking_api import ParkingApi
from softswitch.http.v1.queues.queues_api import QueuesApi
from softswitch.http.v1.scripts.scripts_api import ScriptsApi
from softswitch.http.v1.scripts.writing_api import WritingApi
from softswitch.http.v1.settings.settings_api import SettingsApi
from softswitch.http.v1.trace.trace_api import TraceApi
from softswitch.http.v1.voicemail.removed_api import RemovedMailboxesApi
from softswitch.http.v1.voicemail.voicemail_api import VoicemailApi
from softswitch.live.live_settings import LiveSettings
from softswitch.messaging.queue.messages import Messages
from softswitch.ozml.library.kept_scripts import ScriptLibrary
from softswitch.settings.load import Settings
from softswitch.store.exchange.audit import newest_audit_id
from softswitch.store.exchange.web_sessions import load_sessions
from softswitch.store.exchange.web_tokens import load_tokens
from softswitch.store.store import Store
from softswitch.trace.reading import TraceReader


def web_api_routes(
    settings: Settings,
    users: Users,
    scripting: Scripting,
    *,
    messages: Messages,
    bans: BanList,
    links: RecordingLinks,
    sessions: Sessions,
    tokens: Tokens,
    audit: Audit,
    store: Store,
    plan: DialPlan,
    parking: Parking,
    mailboxes: AllMailboxes,
    removed: RemovedMailboxes,
    callbacks: CallbackRequests,
    queues: CallQueues,
    code_of: CodeOf,
    live: LiveSettings,
    reload: Reload,
    prompt_folder: PromptFolder,
    traces: TraceReader,
) -> Iterator[web.RouteDef]:
    """What the HTTP server serves to users; `links` are the URLs of recordings."""
    console = Console()
    actions = MessagesApi(messages, users)
    yield from CommandApi(scripting.context_for, users, actions, console.page).routes()
    yield from console.routes()
    yield from description_routes()
    yield from SessionApi(sessions, users).routes()
    yield from TokensApi(tokens, users).routes()
    yield from AuditApi(audit, store, users).routes()
    yield from TraceApi(traces, users).routes()
    yield from BansApi(bans, users).routes()
    yield from HistoryApi(store, users).routes()
    yield from RouteApi(plan, code_of, users).routes()
    yield from BudgetsApi(plan.budgets, users).routes()
    yield from FeaturesApi(plan, users).routes()
    yield from ParkingApi(parking, users).routes()
    yield from RemovedMailboxesApi(removed, users).routes()
    yield from VoicemailApi(mailboxes, users).routes()
    yield from ScheduleApi(plan, users).routes()
    yield from CallbacksApi(callbacks, users).routes()
    entries = EntriesApi(live, users)
    yield from entries.routes()
    yield from ChangesApi(live, reload, users).routes()
    yield from SoundsApi(live, prompt_folder, entries, users).routes()
    yield from QueuesApi(queues, plan, users).routes()
    yield from KeptMessagesApi(messages, users).routes()
    yield from AlarmsApi(store, users).routes()
    yield from ContactsApi(live, users).routes()
    yield from SettingsApi(live, users).routes()
    yield from CommandsApi(users).routes()
    # `/v1/scripts/language` before `/v1/scripts/{script}`.
    yield from WritingApi(settings.storage.static, users).routes()
    yield from ScriptsApi(ScriptLibrary(settings.storage.scripts), live, users).routes()
    yield from recording_routes(AllowedFiles([settings.storage.recordings]), users, links)


def http_limits(settings: Settings, most: int) -> HttpLimits:
    """The bounds of HTTP clients, `most` connections in all."""
    http, bounds = settings.http, settings.limits
    return HttpLimits(
        connections=most,
        per_address=bounds.http_connections_per_address,
        header_timeout=http.header_timeout,
        body_timeout=http.body_timeout,
    )


async def open_audit(store: Store) -> Audit:
    """The audit log, which goes on where it ended."""
    return Audit(store.write, await newest_audit_id(store.reader))


async def open_tokens(store: Store) -> Tokens:
    """The tokens that the database keeps."""
    tokens = Tokens(store.write)
    tokens.restore(await load_tokens(store.reader))
    return tokens


async def open_sessions(settings: Settings, store: Store) -> Sessions:
    """The logins of the console that the database keeps."""
    http = settings.http
    sessions = Sessions(store.write, SessionLimits(http.session_life, http.session_idle))
    sessions.restore(await load_sessions(store.reader))
    return sessions


def users_of(
    settings: Settings,
    passwords: Mapping[str, str],
    bans: BanList,
    key: TerminalKey,
    *,
    sessions: Sessions,
    tokens: Tokens,
) -> Users:
    """The users, and the bans of sources that guess their passwords, but for who has the key."""
    trusted = map(ip_network, settings.guard.trusted)
    return Users(
        passwords,
        bans.open(SERVICE),
        RequestSources(trusted),
        settings=settings.http.users,
        terminal_key=key.secret,
        sessions=sessions,
        tokens=tokens,
    )
