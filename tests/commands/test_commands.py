"""Every command: it is listed, has documentation and examples that read, and refuses nonsense."""

from __future__ import annotations

import pkgutil
from html import unescape

import pytest

import softswitch.commands
from softswitch.commands import BY_NAME, COMMANDS
from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.parameters import shape_of
from softswitch.commands.base.placement import Contexts
from softswitch.commands.base.values import MachineDetection
from softswitch.commands.call import CallCommand
from softswitch.commands.detect import Detect
from softswitch.commands.user_input import UserInput
from softswitch.guard.rights import Right
from softswitch.ozml.document import parse_document

RIGHTS = {
    Right.SEE_OWN: {"ListActiveCalls", "ListCallHistory", "ListExtensionTypes", "ListExtensions"},
    Right.SEE: {"ListAddressbookContacts", "ListAddressbookNames"},
    Right.OPERATE: {"Barge", "Monitor", "Mute", "Route", "WaitForMsg", "Whisper"},
    Right.ADMINISTER: {"DeleteFile", "MoveFile"},
}
"The right of each command; of all others it is to act on own extensions."
NOT_COMMANDS = {"base", "orders", "pages", "running"}
"What the commands stand on, and what describes them."

WHERE = {
    "Array": "A",
    "AttendedTransfer": "HT",
    "Barge": "HT",
    "Beep": "HAT",
    "BlindTransfer": "HAT",
    "Call": "HA",
    "CallSetup": "HA",
    "Delay": "A",
    "DeleteFile": "A",
    "Detect": "AT",
    "Exit": "A",
    "ForEach": "A",
    "ForwardCall": "HAT",
    "GoTo": "A",
    "Hangup": "HAT",
    "Hold": "HT",
    "Invite": "HT",
    "ListActiveCalls": "H",
    "ListAddressbookContacts": "H",
    "ListAddressbookNames": "H",
    "ListCallHistory": "H",
    "ListExtensionTypes": "H",
    "ListExtensions": "H",
    "Monitor": "HT",
    "MoveFile": "A",
    "Mute": "HT",
    "Play": "HAT",
    "ReceiveAlarmNotification": "A",
    "ReceiveMessage": "H",
    "Record": "HAT",
    "Reject": "A",
    "Request": "HA",
    "Route": "R",
    "SendAlarmNotification": "HA",
    "SendDTMF": "HAT",
    "SendEmail": "HA",
    "SendMessage": "H",
    "SendMsg": "A",
    "SendSms": "HA",
    "Speak": "HAT",
    "StopPlay": "HAT",
    "StopRecord": "HAT",
    "Unhold": "HT",
    "UserInput": "A",
    "Var": "A",
    "WaitForMsg": "A",
    "Whisper": "HT",
}
LETTERS = {
    "H": Contexts.HTTP,
    "A": Contexts.SCRIPT,
    "T": Contexts.THIRD_PARTY,
    "R": Contexts.ROUTING,
}


def test_the_list_is_the_folder() -> None:
    files = {module.name for module in pkgutil.iter_modules(softswitch.commands.__path__)}
    listed = {command.__module__.rpartition(".")[2] for command in COMMANDS}
    assert files - NOT_COMMANDS == listed


@pytest.mark.parametrize(("name", "letters"), WHERE.items())
def test_where_a_command_is_allowed(name: str, letters: str) -> None:
    expected = Contexts(0)
    for letter in letters:
        expected |= LETTERS[letter]
    assert BY_NAME[name.lower()].contexts == expected


def test_every_command_has_its_contexts() -> None:
    assert {command.name() for command in COMMANDS} == set(WHERE)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
def test_the_example_of_a_commands_file_is_read(command: type[Command]) -> None:
    module = __import__(command.__module__, fromlist=["x"])
    _, _, example = (module.__doc__ or "").partition("\n\n")
    example = unescape(example.strip())
    if not example.startswith("<"):
        assert "=" in example
        return
    root = parse_document(f"<Response>{example}</Response>".encode())
    node = root.children[0]
    assert node.name == command.name()
    command.parse(node.attributes, text=node.text, inside=node.children)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
def test_the_example_of_each_parameter_is_read(command: type[Command]) -> None:
    for parameter in shape_of(command).parameters:
        if parameter.spec.example:
            assert parameter.kind.read(parameter.spec.example) is not None
        else:
            assert not parameter.required, parameter.name


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
def test_an_unknown_parameter_is_refused_by_name(command: type[Command]) -> None:
    with pytest.raises(CommandError, match="unknown parameter 'Nonsense'") as caught:
        command.parse({"Nonsense": "1"})
    assert caught.value.code is Code.INVALID_PARAMETER


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
def test_a_missing_mandatory_parameter_is_named(command: type[Command]) -> None:
    required = [p.name for p in shape_of(command).parameters if p.required]
    if not required:
        command.parse({})
        return
    with pytest.raises(CommandError, match=f"{required[0]} is missing"):
        command.parse({})


@pytest.mark.parametrize(
    ("alias", "name"),
    [
        ("forward", "ForwardCall"),
        ("getcallhistory", "ListCallHistory"),
        ("userinput", "UserInput"),
        ("waitformsg", "WaitForMsg"),
        ("sendsms", "SendSms"),
    ],
)
def test_older_names_are_accepted(alias: str, name: str) -> None:
    assert BY_NAME[alias].name() == name


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("answer", ("answer",)),
        (" Tones , SILENCE ", ("tones", "silence")),
        ("silence,network,silence", ("silence", "network")),
    ],
)
def test_what_detect_listens_for(text: str, kinds: tuple[str, ...]) -> None:
    assert Detect.parse({"For": text}) == Detect(kinds=kinds)


def test_machine_detection_of_a_call() -> None:
    fields = {"Dialed": "100", "machinedetection": "Message-End"}
    assert CallCommand.parse(fields).machine_detection is MachineDetection.MESSAGE_END
    assert CallCommand.parse({"Dialed": "100"}).machine_detection is MachineDetection.OFF
    with pytest.raises(CommandError, match="expected one of off, detect, message-end"):
        CallCommand.parse({"Dialed": "100", "MachineDetection": "on"})


@pytest.mark.parametrize(
    ("name", "word"),
    [("enteredUrl", "enteredUrl"), ("ENTEREDURL", "ENTEREDURL"), ("forwardtourl", "ForwardToURL")],
)
def test_a_relative_url_is_named_as_the_user_has_written_it(name: str, word: str) -> None:
    fields = {"Digits": "1", name: "/digits"}
    with pytest.raises(CommandError) as caught:
        UserInput.parse(fields).based_on("", fields)
    assert caught.value.detail.startswith(f"UserInput: {word} '/digits' is relative, ")
    assert UserInput.parse(fields).based_on("http://a/b").forward_to_url == "http://a/digits"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name())
def test_every_command_declares_the_right_that_it_needs(command: type[Command]) -> None:
    assert "right" in vars(command), "no right is there by default"
    named = [right for right, names in RIGHTS.items() if command.name() in names]
    assert command.right == (named or [Right.OPERATE_OWN])[0]
