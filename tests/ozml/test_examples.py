"""The examples of the API reference (sections 4 to 7) run on the simulated call, word for word."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.commands import COMMANDS
from softswitch.commands.base.codes import Code
from softswitch.commands.base.placement import ROUTING, SCRIPT, THIRD_PARTY, Contexts
from softswitch.ozml.check import mistakes_of
from softswitch.ozml.document import commands_of, parse_document
from tests.ozml.test_interpreter import play

EXAMPLES: list[tuple[str, Contexts, list[str]]] = [
    (
        "<Response><Call Url='http://app.example/connected' CallerId='3000' RingTime='45'>2310"
        "</Call></Response>",
        SCRIPT,
        ["· calls 2310"],
    ),
    (
        "<Response><CallSetup Caller='102' Callee='101'/></Response>",
        SCRIPT,
        ["· connects 102 with 101"],
    ),
    (
        "<Request DialedAddress='101' ExtensionAddress='106' RingTime='60'><OnAnswered><Speak>The "
        "pump has stopped.</Speak></OnAnswered><OnBusy><SendMsg ToConnection='admin@localhost'>101"
        " is busy</SendMsg></OnBusy></Request>",
        SCRIPT,
        ["· calls 101"],
    ),
    (
        "<Response><Speak>Goodbye.</Speak><Hangup/></Response>",
        SCRIPT,
        ["· answered", "“Goodbye.”", "· hung up"],
    ),
    (
        "<Response><Speak Party='all'>One moment.</Speak><Hold/></Response>",
        THIRD_PARTY,
        ["“One moment.”", "· on hold"],
    ),
    ("<Response><Unhold/></Response>", THIRD_PARTY, ["· back from hold"]),
    ("<Response><ForwardCall Destination='102'/></Response>", THIRD_PARTY, ["· forwarded to 102"]),
    ("<Response><Forward Destination='102'/></Response>", SCRIPT, ["· forwarded to 102"]),
    (
        "<Response><Speak>Connecting you to the desk.</Speak><Delay>1</Delay>"
        "<BlindTransfer Target='102'/><Speak>The desk does not answer.</Speak></Response>",
        SCRIPT,
        ["· answered", "“Connecting you to the desk.”", "· transferred to 102"],
    ),
    (
        "<Response><BlindTransfer TranferorParty='callee' Target='102'/></Response>",
        THIRD_PARTY,
        ["· transferred to 102"],
    ),
    (
        "<Response><AttendedTransfer TransferredCallId='270Okv' TargetCallId='HL1bE'/></Response>",
        THIRD_PARTY,
        ["· joined with call HL1bE"],
    ),
    (
        "<Response><AttendedTransfer TranferredCallId='a' TargetCallId='b' "
        "TransferorParty='caller'/></Response>",
        THIRD_PARTY,
        ["· joined with call b"],
    ),
    (
        "<Response><SendDTMF Party='callee' Keys='42#'/></Response>",
        THIRD_PARTY,
        ["keys to the caller: 42#"],
    ),
    (
        "<Response><Speak Language='en-us'>Please hold the line.</Speak></Response>",
        SCRIPT,
        ["· answered", "“Please hold the line.” [en-us]"],
    ),
    (
        "<Response><Play Repeat='true' Timeout='20'>music.mp3</Play><Speak>Nobody is free.</Speak>"
        "</Response>",
        SCRIPT,
        ["· answered", "♪ music.mp3 again and again", "“Nobody is free.”"],
    ),
    (
        "<Response><Speak>Leave a message, then press hash.</Speak><Record Format='wav' "
        "Duration='60' Inactivity='5' FinishDigits='#' FinishedUrl='http://app.example/rec'/>"
        "<Speak>Thank you.</Speak></Response>",
        SCRIPT,
        ["· answered", "“Leave a message, then press hash.”", "· records as wav", "“Thank you.”"],
    ),
    (
        "<Response><Speak>Speak after the tone.</Speak><Beep/><Record Duration='30'/></Response>",
        SCRIPT,
        ["· answered", "“Speak after the tone.”", "beep 1000 Hz, 300 ms", "· records as mp3"],
    ),
    (
        "<Response><UserInput Timeout='8' BackKey='*'><InitialCommands><Speak>Sales, press 1. "
        "Support, press 2.</Speak></InitialCommands><Inputs><Input Key='1'><BlindTransfer>201"
        "</BlindTransfer></Input><Input Key='2'><Speak>Tickets.</Speak></Input></Inputs>"
        "</UserInput><Speak>Nothing was chosen.</Speak></Response>",
        SCRIPT,
        ["· answered", "“Sales, press 1. Support, press 2.”", "“Nothing was chosen.”"],
    ),
    (
        "<Response><GoTo>http://app.example/menu2?lang=en</GoTo></Response>",
        SCRIPT,
        ["· answered", "“the second menu”"],
    ),
    (
        "<Response><Array id='floors'><item>roof</item></Array><ForEach source='floors'><Speak>"
        "$item</Speak></ForEach></Response>",
        SCRIPT,
        ["· answered", "“roof”"],
    ),
    (
        "<Response><Array id='codes'><item>11</item><item>12</item></Array></Response>",
        SCRIPT,
        [],
    ),
    (
        "<Response><Var id='name'>Eva</Var><Speak>Hello $name</Speak></Response>",
        SCRIPT,
        ["· answered", "“Hello Eva”"],
    ),
    (
        "<Response><Delay>2</Delay><Speak>Ready.</Speak></Response>",
        SCRIPT,
        ["· answered", "“Ready.”"],
    ),
    (
        "<Response><Speak>Done.</Speak><Exit/><Speak>never heard</Speak></Response>",
        SCRIPT,
        ["· answered", "“Done.”"],
    ),
    ("<Response><Reject/></Response>", SCRIPT, ["· refused with 603"]),
    (
        "<Response><Route Destination='voipservice1' DialedNumber='234567' RingTime='30'/>"
        "</Response>",
        ROUTING,
        [],
    ),
    (
        "<Response><Array id='voicemails'><item>a.wav</item></Array><ForEach source='voicemails'>"
        "<DeleteFile SourceFile='$item'/></ForEach></Response>",
        SCRIPT,
        ["· deletes a.wav"],
    ),
    (
        "<Response><Var id='oldmessagepath'>old</Var><MoveFile SourceFile='a.wav' "
        "TargetDirectory='$oldmessagepath'/></Response>",
        SCRIPT,
        ["· moves a.wav to old"],
    ),
    (
        "<Response><SendMsg ToConnection='mail_1@localhost' ToAddress='someone@mail.example'>Door "
        "opened</SendMsg></Response>",
        SCRIPT,
        ["✉ to mail_1@localhost someone@mail.example: Door opened"],
    ),
    (
        "<Response><WaitForMsg FromConnection='admin@localhost' ID='reply' Timeout='60'/><Speak>"
        "$reply</Speak><Speak>end</Speak></Response>",
        SCRIPT,
        ["✉ waits for a message from admin@localhost", "· answered", "“end”"],
    ),
    (
        "<Response><SendSms Recipient='+3612345678'>Your code is 4711</SendSms></Response>",
        SCRIPT,
        ["✉ to +3612345678: Your code is 4711"],
    ),
    (
        "<Response><SendEmail Recipient='a@mail.example' Subject='Alarm' Message='Zone 3'/>"
        "</Response>",
        SCRIPT,
        ["✉ to a@mail.example: Zone 3"],
    ),
    (
        "<Response><SendAlarmNotification PhoneNumber='1000' AccountNumber='1234' EventCode='110' "
        "PartitionNumber='1' ZoneNumber='10'/></Response>",
        SCRIPT,
        ["· reports event 110 of account 1234"],
    ),
    (
        "<Response><ReceiveAlarmNotification><Received><SendMsg ToConnection='admin@localhost'>"
        "$account: $eventname in zone $zone</SendMsg></Received></ReceiveAlarmNotification>"
        "</Response>",
        SCRIPT,
        ["· answered"],
    ),
    ("<OzML><Speak>stored</Speak></OzML>", SCRIPT, ["· answered", "“stored”"]),
    ("<response><speak>small</speak></response>", SCRIPT, ["· answered", "“small”"]),
]


@pytest.mark.parametrize(("source", "origin", "lines"), EXAMPLES)
def test_the_examples_of_the_reference(
    source: str, origin: Contexts, lines: list[str], tmp_path: Path
) -> None:
    (tmp_path / "music.mp3").touch()
    pages = {
        "http://app.example/menu2?lang=en": "<Response><Speak>the second menu</Speak></Response>",
        "http://app.example/rec": "",
    }
    result = play(source, origin=origin, pages=pages, files=tmp_path)
    assert [line for line in result.lines if line != "“”"] == lines
    assert result.errors == []


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
@pytest.mark.parametrize("origin", [SCRIPT, THIRD_PARTY, ROUTING])
def test_a_command_behind_another_door_is_refused(command: type, origin: Contexts) -> None:
    root = parse_document(f"<Response><{command.name()}/></Response>".encode())
    codes = {mistake.error.code for mistake in mistakes_of(commands_of(root), origin)}
    assert (Code.INAPPROPRIATE_COMMAND in codes) == (not command.contexts & origin)
