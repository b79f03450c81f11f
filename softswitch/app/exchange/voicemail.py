"""Voicemail, from the settings: the mailboxes as they are on disk, and what serves their calls."""

from __future__ import annotations

from contextlib import AsyncExitStack

from softswitch.app.parts.foundation import Foundation
from softswitch.calls.call_control import CallControl
from softswitch.calls.voicemail.mailboxes import AllMailboxes
from softswitch.calls.voicemail.service import VoicemailService
from softswitch.settings.load import Settings


async def open_voicemail(
    settings: Settings, foundation: Foundation, control: CallControl, cleanup: AsyncExitStack
) -> VoicemailService:
    """The mailboxes with all that was left before. Raises StoreError, OSError."""
    store = foundation.store
    mailboxes = AllMailboxes(control.plan.directory, settings.voicemail, store.write)
    messages, rows = await store.load_voicemails()
    if messages or rows or control.plan.voicemail is not None:
        await mailboxes.restore(messages, rows)
    cleanup.push_async_callback(mailboxes.close)
    return VoicemailService(control.answering, control.transfers, mailboxes, control.pins)
