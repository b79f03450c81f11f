"""The commands of the API, one file each (API reference, section 7).

HTTP (`http/adapter.py`) and scripts (`ozml/interpreter.py`) read a command with `Command.parse` and
call its `run`, which acts through a `Context`.

`base/`       what all commands stand on: declaration, reading, the protocols of what they act on
`orders/`     what commands ask of a party or of a call, for real and simulated
`running/`    the real switch behind those protocols
`pages/`      the documentation and the XML Schema, made from the commands

To add a command:

1. A file: a docstring with one sentence and an example, then the frozen dataclass with `contexts`,
   the `right` that it needs, its parameters, each with a text below it, and `run`. `beep.py` is a
   short one to start from.
2. Its import and its line in `COMMANDS`.
3. What it asks of a party or of a call, if no order does that yet: a file in `orders/`.
4. Its line in `WHERE` of `tests/commands/test_commands.py`, which tests what it reads and refuses;
   what it does is a test of its own, such as those of `tests/ozml/test_interpreter.py`.
5. `make docs` writes its page and its place in the XML Schema.
"""

from __future__ import annotations

from softswitch.commands.array import Array
from softswitch.commands.attended_transfer import AttendedTransfer
from softswitch.commands.barge import Barge
from softswitch.commands.base.command import Command
from softswitch.commands.beep import Beep
from softswitch.commands.blind_transfer import BlindTransfer
from softswitch.commands.call import CallCommand
from softswitch.commands.call_setup import CallSetupCommand
from softswitch.commands.delay import Delay
from softswitch.commands.delete_file import DeleteFile
from softswitch.commands.detect import Detect
from softswitch.commands.exit import Exit
from softswitch.commands.for_each import ForEach
from softswitch.commands.forward_call import ForwardCall
from softswitch.commands.go_to import GoTo
from softswitch.commands.hangup import Hangup
from softswitch.commands.hold import Hold
from softswitch.commands.invite import Invite
from softswitch.commands.list_active_calls import ListActiveCalls
from softswitch.commands.list_addressbook_contacts import ListAddressbookContacts
from softswitch.commands.list_addressbook_names import ListAddressbookNames
from softswitch.commands.list_call_history import ListCallHistory
from softswitch.commands.list_extension_types import ListExtensionTypes
from softswitch.commands.list_extensions import ListExtensions
from softswitch.commands.monitor import Monitor
from softswitch.commands.move_file import MoveFile
from softswitch.commands.mute import MuteCommand
from softswitch.commands.play import Play
from softswitch.commands.receive_alarm_notification import ReceiveAlarmNotification
from softswitch.commands.receive_message import ReceiveMessage
from softswitch.commands.record import Record
from softswitch.commands.reject import Reject
from softswitch.commands.request import RequestCommand
from softswitch.commands.route import RouteCommand
from softswitch.commands.send_alarm_notification import SendAlarmNotification
from softswitch.commands.send_dtmf import SendDTMF
from softswitch.commands.send_email import SendEmail
from softswitch.commands.send_message import SendMessage
from softswitch.commands.send_msg import SendMsg
from softswitch.commands.send_sms import SendSms
from softswitch.commands.speak import Speak
from softswitch.commands.stop_play import StopPlay
from softswitch.commands.stop_record import StopRecord
from softswitch.commands.unhold import Unhold
from softswitch.commands.user_input import UserInput
from softswitch.commands.var import Var
from softswitch.commands.wait_for_msg import WaitForMsg
from softswitch.commands.whisper import WhisperCommand

COMMANDS: tuple[type[Command], ...] = (
    Array,
    AttendedTransfer,
    Barge,
    Beep,
    BlindTransfer,
    CallCommand,
    CallSetupCommand,
    Delay,
    DeleteFile,
    Detect,
    Exit,
    ForEach,
    ForwardCall,
    GoTo,
    Hangup,
    Hold,
    Invite,
    ListActiveCalls,
    ListAddressbookContacts,
    ListAddressbookNames,
    ListCallHistory,
    ListExtensionTypes,
    ListExtensions,
    Monitor,
    MoveFile,
    MuteCommand,
    Play,
    ReceiveAlarmNotification,
    ReceiveMessage,
    Record,
    Reject,
    RequestCommand,
    RouteCommand,
    SendAlarmNotification,
    SendDTMF,
    SendEmail,
    SendMessage,
    SendMsg,
    SendSms,
    Speak,
    StopPlay,
    StopRecord,
    Unhold,
    UserInput,
    Var,
    WaitForMsg,
    WhisperCommand,
)
"All commands, by name."

BY_NAME: dict[str, type[Command]] = {
    name.lower(): command for command in COMMANDS for name in (command.name(), *command.aliases)
}
"Commands by name and alias in lower case."
