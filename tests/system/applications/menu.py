"""An IVR of several pages: each page is a script, and sends the caller to the next one.

It uses what the reference has and this switch has not (`ExecuteSQL`, `Party` of `Record`), which
must not keep it from running.
"""

from __future__ import annotations

from collections.abc import Mapping

from tests.system.applications.web_server import Page


def welcome(_: Mapping[str, str]) -> str:
    return """
    <Var id="company">Example &amp; Sons</Var>
    <Userinput repeat="true" timeout="5" Digits="1" ExecuteSQL="SELECT 1" ForwardToUrl="/key.php">
        <InitialCommands>
            <Speak> </Speak>
            <Beep Frequency="500" Duration="1500"/>
            <Delay>0,5</Delay>
        </InitialCommands>
        <Inputs>
            <Input key="1"><GoTo>/hours.php?from=main menu</GoTo></Input>
        </Inputs>
    </Userinput>"""


def hours(_: Mapping[str, str]) -> str:
    return """
    <Beep Frequency="1800" Duration="800"/>
    <Record Party="caller" Format="wav" Duration="1" FinishedUrl="/recorded.php"/>
    <Exit/>"""


def key(fields: Mapping[str, str]) -> str:
    return f"<Beep Frequency='{800 + 100 * int(fields['DtmfDigits'])}' Duration='900'/>"


def recorded(_: Mapping[str, str]) -> str:
    return ""


PAGES: dict[str, Page] = {
    "/index.php": welcome,
    "/hours.php": hours,
    "/key.php": key,
    "/recorded.php": recorded,
}
