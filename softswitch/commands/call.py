"""Call a number and run a script when it answers.

<Call Url="http://app.example/connected" CallerId="3000" RingTime="45">2310</Call>
"""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.parameters import parameter, text
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.switch_context import Dialling
from softswitch.commands.base.values import MachineDetection, Number, Seconds, Url
from softswitch.guard.rights import Right


@dataclass(frozen=True, kw_only=True)
class CallCommand(Command):
    """An API extension dials a number; the script runs when it is answered.

    Answers as soon as the call is under way, with its CallId.
    """

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN

    dialed: Number = text(aliases=("Dialled",), example="100")
    "The number to call."
    api_extension: Number | None = parameter(default=None, example="1000")
    "The extension that places the call; in a script its own extension."
    caller_id: str | None = parameter(default=None, example="1000")
    "The number shown to the callee; by default the extension's, `sip.caller_number`, or Dialed."
    caller_display_name: str | None = parameter(default=None, example="John Smith")
    "The name shown to the callee."
    url: Url | None = parameter(default=None, example="http://app.example/connected")
    "Gets CallConnected; its answer is the script."
    response_ozml: str | None = parameter(
        default=None,
        name="ResponseOzML",
        example="<Response><Speak>Hi</Speak></Response>",
        in_example=True,
    )
    "The script to run on answer; wins over Url."
    error_url: Url | None = parameter(default=None, example="http://app.example/error")
    "Requested when an error occurs during the call."
    finished_url: Url | None = parameter(default=None, example="http://app.example/finished")
    "Requested when the call has been completed."
    ring_time: Seconds = parameter(default=60.0, example="60")
    "Seconds of ringing after which the call is given up."
    machine_detection: MachineDetection = parameter(
        default=MachineDetection.OFF, example="message-end"
    )
    """An extension of the API. `detect`: the script and CallConnected wait for the verdict, at most
    five seconds. `message-end`: they also wait for the beep of a machine, or for two seconds of
    silence after its greeting, at most half a minute. The variable `$answeredby` and the field
    AnsweredBy are then `human`, `machine`, `fax` or `unknown`."""

    async def run(self, context: Context) -> Reply:
        if self.response_ozml is not None:
            context.read_document(self.response_ozml)
        call_id = await context.switch.dial(
            Dialling(
                dialed=self.dialed,
                api_extension=self.api_extension or context.extension,
                caller_id=self.caller_id,
                caller_display_name=self.caller_display_name,
                ring_time=self.ring_time,
                url=self.url,
                script=self.response_ozml,
                error_url=self.error_url,
                finished_url=self.finished_url,
                machine_detection=self.machine_detection,
            )
        )
        return Reply({"CallId": call_id})
