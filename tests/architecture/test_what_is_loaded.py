"""What a process does not import: large libraries that it has no use for cost every start of it."""

from __future__ import annotations

import subprocess
import sys

import pytest

HELP = """
from softswitch.cli.main import app
app(["--help"], standalone_mode=False)
"""
OF_SWITCHES = {"aiohttp", "alembic", "asyncio", "numpy", "pydantic", "sqlalchemy", "structlog"}
VERSION = """
from softswitch.cli.main import app
app(["--version"], standalone_mode=False)
"""
ASKS = """
from softswitch.cli.main import app
from softswitch.cli.start.lazy import COMMANDS
for name in COMMANDS:
    app([name, "--help"], standalone_mode=False)
app(["bans", "--config", "config/softswitch.toml"], standalone_mode=False)
"""

LEFT_OUT = {
    HELP: {*OF_SWITCHES, "softswitch.settings", "cryptography"},
    VERSION: {*OF_SWITCHES, "softswitch.settings", "cryptography", "rich"},
    "import softswitch.cli.bans, softswitch.cli.messages, softswitch.cli.exchange.entries": {
        *OF_SWITCHES, "rich", "urllib.request",
    },
    "import softswitch.cli.asking.ask": {
        *OF_SWITCHES, "rich", "softswitch.calls", "softswitch.sip", "softswitch.settings.server",
    },
    ASKS: {*OF_SWITCHES, "softswitch.settings.server", "cryptography"},
    "import softswitch.app.reading": {
        "alembic", "aiosmtpd", "numpy", "prometheus_client", "softswitch.app.application", "uvloop",
    },
    "import softswitch.cli.serve": {
        "aiosmtpd", "aiosmtplib", "alembic", "cryptography", "dns.resolver", "mako", "markdown_it",
        "media.worker", "numpy", "softswitch.demo", "soundfile", "soxr",
    },
    "import media.worker": {
        "aiohttp", "asyncio", "hibari", "pydantic", "softswitch", "sqlalchemy", "structlog",
    },
}  # fmt: skip
"Python code, and modules that are not there after it."


@pytest.mark.parametrize("code", LEFT_OUT, ids=lambda code: code.strip().split("\n")[-1])
def test_what_a_process_has_no_use_for_is_not_loaded(code: str) -> None:
    shown = f"{code}\nimport sys\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", shown], capture_output=True, text=True, check=True)
    assert LEFT_OUT[code] & set(done.stderr.split()) == set()
