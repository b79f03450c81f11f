"""What scripts and commands reach outside of the switch: web applications, files and sounds."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from softswitch.app.parts.foundation import Foundation
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.ports.prompts import Prompts
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.fetcher import Fetcher
from softswitch.guard.files import AllowedFiles
from softswitch.guard.proofs.tickets import Tickets
from softswitch.guard.reach import Reach
from softswitch.ozml.applications.background import Background
from softswitch.ozml.applications.message_notices import Answers, MessageNotices
from softswitch.ozml.notifications import Applications
from softswitch.ozml.sounds import Sounds
from softswitch.settings.extensions.api import ApiExtension
from softswitch.settings.extensions.ivr import IvrExtension
from softswitch.settings.load import Settings
from softswitch.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAccess:
    """The way out for scripts and commands."""

    reach: Reach
    "Where scripts and commands may go."
    applications: Applications
    notices: MessageNotices
    "Tells applications of messages; what they answer waits in `answers` until scripts can run."
    answers: Answers
    files: AllowedFiles
    sounds: Sounds
    recordings: RecordingLinks
    "The URLs of recordings."
    background: Background
    "Owns the work that nobody waits for."
    fetched: Path
    "The folder of sounds that were fetched, which goes when the switch ends."


async def open_web_access(
    settings: Settings,
    foundation: Foundation,
    directory: Directory,
    prompts: Prompts,
    cleanup: AsyncExitStack,
) -> WebAccess:
    """Open the client of web applications, and a directory for the sounds that are fetched."""
    fetcher = await cleanup.enter_async_context(
        Fetcher(
            allow=map(ip_network, settings.guard.fetch_allow),
            origins=set(origins_of(settings)),
            secret=settings.notifications.secret or "",
        )
    )
    background = Background()
    cleanup.push_async_callback(background.close)
    fetched = cleanup.enter_context(tempfile.TemporaryDirectory(prefix="softswitch-"))
    storage = settings.storage
    files = AllowedFiles([storage.static, storage.recordings, settings.voicemail.folder])
    recordings = await recording_links(settings, foundation.store)
    applications, answers = Applications(fetcher, foundation.traces), Answers()
    incoming_url = settings.notifications.incoming_call
    return WebAccess(
        reach=fetcher.reach,
        applications=applications,
        notices=MessageNotices(
            applications,
            directory,
            answers,
            None if incoming_url is None else str(incoming_url),
        ),
        answers=answers,
        files=files,
        sounds=Sounds(files, fetcher, Path(fetched), recordings.file_of, prompts=prompts),
        recordings=recordings,
        background=background,
        fetched=Path(fetched),
    )


async def recording_links(settings: Settings, store: Store) -> RecordingLinks:
    """The URLs of recordings, whose tickets are good after a restart as well."""
    http = settings.http
    tickets = Tickets(await store.secret("tickets"), http.ticket_life)
    return RecordingLinks(
        settings.storage.recordings, tickets, http.listen, http.public_url, scheme=http.scheme
    )


def origins_of(settings: Settings) -> Iterator[str]:
    """The origins of URLs that stand in the settings: they may always be fetched from."""
    urls = settings.notifications
    for url in (
        urls.incoming_call,
        urls.call_changed,
        urls.routing_interception,
        urls.error,
        urls.emergency,
    ):
        if url is not None:
            yield str(url)
    for extension in settings.extensions:
        if isinstance(extension, ApiExtension | IvrExtension) and extension.url is not None:
            yield str(extension.url)
