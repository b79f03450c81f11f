"""What `/v1` has acknowledged is there after `kill -9`; a script written there answers calls."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.peer import peers, status
from tests.system.program import running

FILE = """
[[extensions]]
number = "1000"
type = "phone"
password = "pw1000"
"""
HELLO = "<Response><Beep/><Delay>30</Delay></Response>"
BUSY = '<Response><Reject Reason="busy"/></Response>'


@pytest.mark.timeout(90)
async def test_what_is_acknowledged_outlives_a_crash(tmp_path: Path) -> None:
    async with running(tmp_path, FILE) as program, peers(program, "1000") as (ann,):
        code, sent = await program.v1("POST", "messages", {"to": "1000", "text": "after all"})
        assert code == 201
        code, script = await program.v1("PUT", "scripts/hello", {"text": HELLO}, "")
        assert (code, script["version"]) == (201, 1)
        body = {"number": "700", "type": "ivr", "script": script["path"]}
        assert (await program.v1("POST", "extensions", body))[0] == 201
        assert (await program.v1("POST", "addressbooks", {"name": "office"}))[0] == 201
        path = "addressbooks/office/contacts"
        assert (await program.v1("POST", path, {"name": "Eva", "phone": "1000"}))[0] == 201
        await program.kill()
        await program.start()
        assert (await program.v1("GET", f"messages/{sent['id']}"))[1]["text"] == "after all"
        assert (await program.v1("GET", "scripts/hello"))[1]["text"] == HELLO
        assert (await program.v1("GET", path))[1]["contacts"][0]["name"] == "Eva"
        _, settings = await program.v1("GET", "settings?source=api")
        assert {each["key"] for each in settings["settings"]} == {"extensions", "addressbooks"}
        await ann.register()
        invite = await ann.invite("700")
        answer = await ann.answer_to(invite)
        assert status(answer) == 200
        dialog = ann.established(invite, answer)
        # The call that is up goes on; the next one runs what is written now.
        code, _ = await program.v1("PUT", "scripts/hello", {"text": BUSY}, script["etag"])
        assert code == 200
        assert len((await program.v1("GET", "calls"))[1]["calls"]) == 1
        assert status(await ann.answer_to(await ann.invite("700"))) == 486
        await dialog.hang_up()
        assert (await program.v1("DELETE", "scripts/hello", None, "*"))[0] == 409
