"""Call a number and run a script for each state of the call.

<Request DialedAddress="101"><OnAnswered><Speak>The pump has stopped.</Speak></OnAnswered></Request>
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from softswitch.commands.base.codes import Code, CommandError
from softswitch.commands.base.command import Command
from softswitch.commands.base.context import Context
from softswitch.commands.base.elements import Block, Node, Part
from softswitch.commands.base.parameters import children, parameter
from softswitch.commands.base.placement import HTTP, SCRIPT
from softswitch.commands.base.replies import Reply
from softswitch.commands.base.switch_context import Dialling
from softswitch.commands.base.values import Number, Seconds
from softswitch.guard.rights import Right

STATES = (
    "OnSetup",
    "OnRinging",
    "OnQueued",
    "OnRingingWithEarlyMedia",
    "OnForwarding",
    "OnForwarded",
    "OnAnswered",
    "OnInCall",
    "OnLocalHeld",
    "OnRemoteHeld",
    "OnInactiveHeld",
    "OnTransferring",
    "OnCompleted",
    "OnRejected",
    "OnBusy",
    "OnCancelled",
    "OnError",
)
"The states that may have a script."
_BY_LOWER_NAME = {name.lower(): name for name in STATES}


@dataclass(frozen=True, kw_only=True)
class RequestCommand(Command):
    """Call a number; each state that the call enters runs its script.

    Answers as soon as the call is under way, with its CallId. When a state passes, its script still
    does what takes no time, such as sending messages; sounds, waits and questions are broken off.
    """

    contexts = HTTP | SCRIPT
    right = Right.OPERATE_OWN
    parts = tuple(Part(name) for name in STATES)

    dialed_address: Number | None = parameter(
        default=None, example="102@localhost", in_example=True
    )
    "The called party."
    extension_address: Number | None = parameter(default=None, example="105@localhost")
    "The API extension that calls."
    caller_phone_number: str | None = parameter(default=None, example="105")
    "The number shown to the callee."
    caller_display_name: str | None = parameter(default=None, example="John Smith")
    "The name shown to the callee."
    ring_time: Seconds | None = parameter(default=None, example="60")
    "Seconds of ringing after which the call is given up; 60 by default."
    request_ozml: str | None = parameter(
        default=None,
        name="RequestOzML",
        example="<Request><OnAnswered><Speak>Hi</Speak></OnAnswered></Request>",
        in_example=True,
    )
    """The document that holds `<Request>`, as its root or in `<Response>`; over HTTP only. Fields
    of the request override it."""
    states: Block = children()
    "`OnSetup`, `OnRinging`, … with commands."

    async def run(self, context: Context) -> Reply:
        request = self.with_document(context)
        if request.dialed_address is None:
            raise CommandError(
                Code.INVALID_PARAMETER,
                "DialedAddress",
                self.name(),
                detail="Request: DialedAddress is missing, expected a telephone number, "
                "an extension or number@host",
            )
        call_id = await context.switch.dial(
            Dialling(
                dialed=request.dialed_address,
                api_extension=request.extension_address or context.extension,
                caller_id=request.caller_phone_number,
                caller_display_name=request.caller_display_name,
                ring_time=60.0 if request.ring_time is None else request.ring_time,
                state_scripts=request.scripts(),
            )
        )
        return Reply({"CallId": call_id})

    def with_document(self, context: Context) -> RequestCommand:
        """The command with what its document adds."""
        if self.request_ozml is None:
            return self
        node = self._request_in(context.read_document(self.request_ozml))
        inner = RequestCommand.parse(
            node.attributes,
            inside=tuple(node.children),
            skipped=lambda _: None,  # `read_document` has told of it
        )
        given = {
            field: value
            for field in (
                "dialed_address",
                "extension_address",
                "caller_phone_number",
                "caller_display_name",
                "ring_time",
            )
            if (value := getattr(self, field)) is not None
        }
        return replace(inner, **given)

    def _request_in(self, root: Node) -> Node:
        """The `<Request>` of a document: its root, or all that the root holds."""
        if root.name.lower() == "request":
            return root
        if [node.name.lower() for node in root.children] == ["request"]:
            return root.children[0]
        raise CommandError(
            Code.INVALID_PARAMETER,
            "RequestOzML",
            self.name(),
            detail=f"Request: RequestOzML is <{root.name}> with "
            f"{len(root.children)} commands, expected one <Request>",
        )

    def scripts(self) -> dict[str, Block]:
        """The script of each state, by the state's name."""
        scripts: dict[str, Block] = {}
        for node in self.states:
            state = _BY_LOWER_NAME.get(node.name.lower())
            if state is not None:
                scripts[state] = (*scripts.get(state, ()), *node.children)
        return scripts
