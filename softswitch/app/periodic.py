"""Periodic work beside the calls, until the switch ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import structlog

from softswitch.app.certificates import renew_when_replaced
from softswitch.app.parts.foundation import Foundation
from softswitch.app.parts.signalling import Signalling
from softswitch.calls.call_control import CallControl
from softswitch.guard.authentication import Gate
from softswitch.guard.bans import BanList
from softswitch.settings.load import Settings
from softswitch.store.errors import StoreError
from softswitch.store.store import Store

log = structlog.get_logger()


DAY = 86_400.0
PURGE_SECONDS = 3600.0
"How often calls are looked for that are too old to be kept."
FORGET_SECONDS = 60.0
"How often the guard forgets what is too old to matter."


def run_periodic_work(
    settings: Settings,
    foundation: Foundation,
    signalling: Signalling,
    calls: CallControl,
    cleanup: AsyncExitStack,
) -> None:
    """Look after trunks, registrations, database, history and certificates from now on."""
    registrations, sip = signalling.registrations, settings.sip
    store, certificates, gate = foundation.store, foundation.certificates, signalling.gate
    keep = settings.history.keep_days * DAY
    run_beside("database", store.watch, cleanup)
    if keep:
        run_beside("old calls", lambda: forget_calls(store, keep, time.time), cleanup)
    if audited := settings.audit.keep_days * DAY:
        run_beside("old audit", lambda: forget_audit(store, audited, time.time), cleanup)
    watch_trunks(signalling, cleanup)
    run_beside("certificates", lambda: renew_when_replaced(certificates), cleanup)
    run_beside("unanswered challenges", gate.unanswered.run, cleanup)
    run_beside("guard", lambda: forget_sources(gate, foundation.bans, time.time), cleanup)
    run_beside("expired registrations", registrations.run, cleanup)
    run_beside("signs of life", lambda: calls.history.show_life(calls.calls), cleanup)
    run_beside("budgets", calls.plan.budgets.keep_time, cleanup)
    if sip.options_interval:
        run_beside("phones", signalling.phones.run, cleanup)


async def forget_calls(store: Store, keep: float, now: Callable[[], float]) -> None:
    """Remove the records of calls that began more than `keep` seconds ago, until cancelled."""
    while True:
        try:
            removed = await store.forget_calls(now() - keep)
            if removed:
                log.info("old calls removed", count=removed)
        except StoreError as error:
            log.warning("old calls not removed", error=str(error))
        await asyncio.sleep(PURGE_SECONDS)


async def forget_audit(store: Store, keep: float, now: Callable[[], float]) -> None:
    """Remove what is in the audit log for more than `keep` seconds, until cancelled."""
    while True:
        try:
            await store.forget_audit(now() - keep)
        except StoreError as error:
            log.warning("old rows of the audit log not removed", error=str(error))
        await asyncio.sleep(PURGE_SECONDS)


async def forget_sources(gate: Gate, bans: BanList, now: Callable[[], float]) -> None:
    """Keep the tables of the guard as small as what still matters; runs until it is cancelled."""
    while True:
        await asyncio.sleep(FORGET_SECONDS)
        gate.forget(now())
        bans.forget()


def watch_trunks(signalling: Signalling, cleanup: AsyncExitStack) -> None:
    """Keep the trunks registered, and see whether they answer; they are told when we leave."""
    cleanup.push_async_callback(signalling.watch.close)
    run_beside("trunks", signalling.watch.run, cleanup)


def run_beside(name: str, work: Callable[[], Awaitable[None]], cleanup: AsyncExitStack) -> None:
    """Run something beside the calls until the end; its failure is logged."""

    async def guarded() -> None:
        try:
            await work()
        except Exception:
            log.exception("task failed", task=name)

    task = asyncio.get_running_loop().create_task(guarded(), name=name)

    async def end() -> None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    cleanup.push_async_callback(end)
