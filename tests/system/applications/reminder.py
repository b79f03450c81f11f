"""Calls people before their appointments, and asks whether they will come.

It is written for the older product: the command goes to `/`, no extension is named, and the URL of
the script holds what the script needs, spaces included.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp

from tests.system.applications.web_server import Page


async def remind(switch: str, application: str, number: str, name: str, time: str) -> str:
    """Call somebody; the answer of the switch."""
    form = {
        "Command": "Call",
        "Dialed": number,
        "CallerDisplayName": "Dr. Example",
        "Url": f"{application}?patient={name}&time={time}",
        "UserName": "admin",
        "PassWord": "pw-admin",
    }
    async with aiohttp.ClientSession() as session, session.post(switch, data=form) as response:
        return await response.text()


def answered(fields: Mapping[str, str]) -> str:
    return f"""
    <Userinput timeout='10' enteredUrl='/confirm.php?patient={fields["patient"]}'>
        <InitialCommands><Beep Frequency='600' Duration='3000'/></InitialCommands>
    </Userinput>"""


def confirm(fields: Mapping[str, str]) -> str:
    return "<Beep Duration='300'/>" if fields["DtmfDigits"] == "1" else "<Hangup/>"


PAGES: dict[str, Page] = {"/answered.php": answered, "/confirm.php": confirm}
