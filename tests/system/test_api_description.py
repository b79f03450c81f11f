"""All of `/v1` as `/openapi.json` describes it, asked rightly and wrongly by schemathesis."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path

import pytest

from tests.system.program import running

SETTINGS = """
[guard]
trusted = ["127.0.0.0/8"]
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
mailbox = true
[[extensions]]
number = "500"
type = "voicemail"
[[extensions]]
number = "700"
type = "queue"
agents = ["1000"]
[[extensions]]
number = "701"
type = "group"
members = ["1000"]
[[extensions]]
number = "3000"
type = "conference"
[[trunks]]
name = "carrier"
host = "127.0.0.1:9"
[[addressbooks]]
name = "office"
contacts = [{ name = "Eva", phone = "1000" }]
"""
SECONDS = 20
"Of asking, however many operations there are."
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
)
STREAMS = "^/v1/events$"
"What answers without an end."


@pytest.mark.timeout(180)
async def test_every_operation_answers_as_it_is_described(tmp_path: Path) -> None:
    async with running(tmp_path, SETTINGS) as program:
        (tmp_path / "schemathesis.toml").write_text('[parameters]\n"path.number" = "1000"\n')
        asked = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "schemathesis.cli",
            "run",
            f"http://127.0.0.1:{program.http_port}/openapi.json",
            "--auth=admin:pw-admin",
            "--include-path-regex=^/v1/",
            f"--exclude-path-regex={STREAMS}",
            "--phases=coverage,fuzzing",
            "--max-examples=3",
            f"--max-time={SECONDS}",
            f"--checks={','.join(CHECKS)}",
            "--generation-deterministic",
            "--no-shrink",
            "--continue-on-failure",
            "--request-timeout=20",
            "--warnings=off",
            "--no-color",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=tmp_path,
        )
        told, _ = await asked.communicate()
        text = told.decode()
        assert asked.returncode == 0, text[-8000:]
        selected = re.search(r"Selected: (\d+)/", text)
        generated = re.search(r"(\d+) generated", text)
        assert selected is not None, text
        assert generated is not None, text
        assert int(selected[1]) > 200
        assert int(generated[1]) > 200
