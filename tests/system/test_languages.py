"""Speech on a real call where espeak-ng is not installed: English is heard, and the cause told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.system.phones import gone, phones
from tests.system.program import running
from tests.system.test_commands import PHONES, two_talking
from tests.system.test_recordings import speaks_to


@pytest.mark.timeout(90)
async def test_without_espeak_a_language_has_no_voice_and_the_reply_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("ESPEAK_DATA_PATH", str(tmp_path))  # pyttsx3 has no voices either
    async with running(tmp_path, PHONES) as program, phones() as makers:
        outgoing, _, call_id = await two_talking(program, makers)
        asked = {"CallId": call_id, "Party": "caller", "Warnings": "true"}
        answer = await program.command("Speak", Text="Guten Tag.", Language="de", **asked)
        assert answer["Code"] == 200
        [warning] = answer["Warnings"]
        assert (
            "no voice speaks 'de': the program espeak-ng, which speaks all languages but English, "
            "is not installed" in warning
        )
        await speaks_to(outgoing, program, call_id)
        answer = await program.command("Speak", Text="Good day.", Language="en-gb", **asked)
        assert (answer["Code"], answer.get("Warnings")) == (200, None)
        await speaks_to(outgoing, program, call_id)
        await outgoing.hangup()
        await gone(outgoing)
