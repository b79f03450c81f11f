"""The commands of the API, one file each; this list is the only one (API reference, section 7).

To add a command: a file with its dataclass, its line in `COMMANDS`, and three tests: what it reads,
what it refuses, what it does. Documentation and XML Schema follow from the file.
"""

from __future__ import annotations

from softswitch.commands.array import Array
from softswitch.commands.attended_transfer import AttendedTransfer
from softswitch.commands.base.command import Command
from softswitch.commands.beep import Beep
from softswitch.commands.blind_transfer import BlindTransfer
from softswitch.commands.call import CallCommand
from softswitch.commands.call_setup import CallSetup
from softswitch.commands.delay import Delay
from softswitch.commands.delete_file import DeleteFile
from softswitch.commands.detect import Detect
from softswitch.commands.exit import Exit
from softswitch.commands.for_each import ForEach
from softswitch.commands.forward_call import ForwardCall
from softswitch.commands.go_to import GoTo
from softswitch.commands.hangup import Hangup
from softswitch.commands.hold import Hold
from softswitch.commands.list_active_calls import ListActiveCalls
from softswitch.commands.list_addressbook_contacts import ListAddressbookContacts
from softswitch.commands.list_addressbook_names import ListAddressbookNames
from softswitch.commands.list_call_history import ListCallHistory
from softswitch.commands.list_extension_types import ListExtensionTypes
from softswitch.commands.list_extensions import ListExtensions
from softswitch.commands.move_file import MoveFile
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
from softswitch.commands.unhold import Unhold
from softswitch.commands.user_input import UserInput
from softswitch.commands.var import Var
from softswitch.commands.wait_for_msg import WaitForMsg

COMMANDS: tuple[type[Command], ...] = (
    Array,
    AttendedTransfer,
    Beep,
    BlindTransfer,
    CallCommand,
    CallSetup,
    Delay,
    DeleteFile,
    Detect,
    Exit,
    ForEach,
    ForwardCall,
    GoTo,
    Hangup,
    Hold,
    ListActiveCalls,
    ListAddressbookContacts,
    ListAddressbookNames,
    ListCallHistory,
    ListExtensionTypes,
    ListExtensions,
    MoveFile,
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
    Unhold,
    UserInput,
    Var,
    WaitForMsg,
)
"All commands, by name."

BY_NAME: dict[str, type[Command]] = {
    name.lower(): command for command in COMMANDS for name in (command.name(), *command.aliases)
}
"Commands by name and alias in lower case."
