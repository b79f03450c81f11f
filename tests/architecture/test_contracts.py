"""The contracts of `pyproject.toml` refuse what they forbid.

Forbidden imports are planted in a copy of the tree, and import-linter has to find every one.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIGURATION = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = {contract["name"]: contract for contract in CONFIGURATION["contracts"]}

FORBIDDEN = {
    "The signalling wing: arrows point down": [
        ("softswitch.sip.limits", "softswitch.settings.load"),
        ("softswitch.telemetry.log", "softswitch.sip.effects"),
        ("softswitch.sip.message.via", "softswitch.app.entropy"),
        ("softswitch.sip.message.uri", "softswitch.sdp.session"),
        ("softswitch.sdp.codecs", "softswitch.sip.message.uri"),
        ("softswitch.sdp.description", "softswitch.guard.rates"),
        ("softswitch.transport.datagrams.udp", "softswitch.store.store"),
        ("softswitch.transport.tcp", "softswitch.guard.bans"),
        ("softswitch.calls.dispatch", "softswitch.settings.server"),
        ("softswitch.calls.leg.keys", "softswitch.messaging.queue.messages"),
        ("softswitch.trace.traces", "softswitch.transport.driver"),
        ("softswitch.commands.hangup", "softswitch.ozml.document"),
        ("softswitch.app.application", "softswitch.cli.main"),
    ],
    "The program: arrows point down": [
        ("softswitch.app.parts.media", "softswitch.app.assembly"),
        ("softswitch.app.check_files", "softswitch.app.parts.foundation"),
        ("softswitch.app.periodic", "softswitch.app.application"),
    ],
    "The media wing: arrows point down": [
        ("media.signals.levels", "media.tick.mixer"),
        ("media.rtp.rtcp", "media.play.player"),
        ("media.listen.heard", "media.orders.keypad"),
        ("media.legs", "media.worker"),
    ],
    "Call control: arrows point down": [
        ("softswitch.calls.numbers.directory", "softswitch.calls.call.call"),
        ("softswitch.calls.leg.audio", "softswitch.calls.setup.forks"),
        ("softswitch.calls.endings.states", "softswitch.calls.dispatch"),
    ],
    "Numbers: arrows point down": [
        ("softswitch.calls.numbers.rules.route", "softswitch.calls.numbers.routing"),
        ("softswitch.calls.numbers.calendar", "softswitch.calls.numbers.rules.classes"),
    ],
    "Lamps: arrows point down": [
        ("softswitch.calls.lamps.watched", "softswitch.calls.lamps.lists.rlmi"),
        ("softswitch.calls.lamps.dialog_info", "softswitch.calls.lamps.presence"),
    ],
    "The SIP core: arrows point down": [
        ("softswitch.sip.message.reasons", "softswitch.sip.transaction.layer"),
        ("softswitch.sip.transaction.timers", "softswitch.sip.dialog.dialog"),
        ("softswitch.sip.dialog.accepted", "softswitch.sip.registrar.registrar"),
    ],
    "Events: arrows point down": [
        ("softswitch.events.event_journal", "softswitch.events.following"),
        ("softswitch.events.filters", "softswitch.events.publishers.calls"),
    ],
    "The guard: arrows point down": [
        ("softswitch.guard.proofs.signing", "softswitch.guard.fetcher"),
        ("softswitch.guard.rates", "softswitch.guard.bans"),
    ],
    "Scripts: arrows point down": [
        ("softswitch.ozml.document", "softswitch.ozml.interpreter"),
        ("softswitch.ozml.interpreter", "softswitch.ozml.services"),
    ],
    "The web API: arrows point down": [
        ("softswitch.http.users", "softswitch.http.adapter"),
        ("softswitch.http.replies", "softswitch.http.messages.xml_messages"),
    ],
    "What is served at /v1: arrows point down": [
        ("softswitch.http.v1.openapi", "softswitch.http.v1.bans_api"),
        ("softswitch.http.v1.asking", "softswitch.http.v1.history.history_json"),
    ],
    "Live settings: arrows point down": [
        ("softswitch.live.snapshot", "softswitch.live.changes"),
        ("softswitch.live.imports.imported", "softswitch.live.snapshot"),
    ],
    "The command line: arrows point down": [
        ("softswitch.cli.options", "softswitch.cli.main"),
        ("softswitch.cli.asking.ask", "softswitch.cli.exchange.history"),
    ],
    "The transports: arrows point down": [
        ("softswitch.transport.tcp", "softswitch.transport.driver"),
        ("softswitch.transport.transport", "softswitch.transport.web_sockets.transport"),
    ],
    "Text messages: arrows point down": [
        ("softswitch.messaging.connections.folder", "softswitch.messaging.queue.messages"),
        ("softswitch.messaging.delivery.lane", "softswitch.messaging.smpp.client"),
        ("softswitch.messaging.delivery.lane", "softswitch.messaging.queue.messages"),
    ],
    "Commands stand on their base, and not on each other": [
        ("softswitch.commands.base.values", "softswitch.commands.play"),
    ],
    "The store: arrows point down": [
        ("softswitch.store.database.given", "softswitch.store.journal"),
        ("softswitch.store.calls", "softswitch.store.store"),
    ],
    "The SIP core and the descriptions have no input, output, clock or randomness": [
        ("softswitch.sip.effects", "asyncio"),
        ("softswitch.sip.transaction.server", "time"),
        ("softswitch.sip.requests.nonce", "secrets"),
        ("softswitch.sdp.negotiation", "random"),
        ("softswitch.telemetry.metrics", "asyncio"),
    ],
    "Traces: arrows point down": [
        ("softswitch.trace.masking", "softswitch.trace.shown"),
        ("softswitch.trace.timeline", "softswitch.trace.kept.disk"),
    ],
    "The settings: arrows point down": [
        ("softswitch.settings.mistakes", "softswitch.settings.load"),
        ("softswitch.settings.server", "softswitch.settings.dialplan.routes"),
    ],
    "The settings are values: they know nothing of the switch": [
        ("softswitch.settings.dialplan.routes", "softswitch.calls.numbers.routing"),
        ("softswitch.settings.values", "softswitch.sip.message.uri"),
    ],
    "The media wing does not know the signalling wing": [
        ("media.codecs.codec", "softswitch.sdp.codecs"),
    ],
    "The only way into the media wing is calls/ports": [
        ("softswitch.calls.leg.leg", "media.control.session"),
        ("softswitch.calls.ports.listening", "media.control.sound"),
        ("softswitch.http.metrics", "media.worker"),
    ],
    "The transports touch only the SIP core": [
        ("softswitch.transport.driver", "softswitch.sdp.description"),
    ],
    "Only the store speaks SQL": [
        ("softswitch.calls.call.history", "sqlalchemy"),
        ("softswitch.messaging.queue.disk", "sqlite3"),
        ("softswitch.guard.files", "aiosqlite"),
        ("media.play.clip_pool", "sqlite3"),
    ],
    "Stages of the tick do not import each other": [
        ("media.listen.dtmf", "media.listen.silence"),
        ("media.play.sources", "media.play.tones"),
        ("media.tick.mixer", "media.rtp.relay"),
        ("media.tick.jitter", "media.codecs.concealment"),
    ],
}
"Imports that each contract refuses: of whom, and what."


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a tree with the forbidden imports, all for type checkers."""
    tree = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", tree)
    for wing in ("softswitch", "media"):
        shutil.copytree(ROOT / wing, tree / wing, ignore=shutil.ignore_patterns("__pycache__"))
    for importer, imported in (pair for pairs in FORBIDDEN.values() for pair in pairs):
        with (tree / f"{importer.replace('.', '/')}.py").open("a") as module:
            module.write(
                f"\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import {imported}\n"
            )
    found = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "COLUMNS": "500"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1, found.stdout + found.stderr
    return found.stdout


def test_every_contract_is_tried() -> None:
    assert CONTRACTS.keys() == FORBIDDEN.keys()


@pytest.mark.parametrize("name", CONTRACTS)
def test_what_it_forbids_is_refused(verdict: str, name: str) -> None:
    assert re.search(rf"^{re.escape(name)} BROKEN", verdict, re.MULTILINE), verdict


@pytest.mark.parametrize(
    ("importer", "imported"),
    [pair for name, pairs in FORBIDDEN.items() for pair in pairs if "Commands" not in name],
)
def test_the_import_is_named(verdict: str, importer: str, imported: str) -> None:
    assert re.search(rf"{re.escape(f'{importer} -> {imported}')}\b", verdict), verdict


def test_imports_for_type_checkers_count() -> None:
    assert CONFIGURATION["exclude_type_checking_imports"] is False
