"""`/v1/calls` acts: calls are started, ended, held, transferred, played to, recorded, listened to.

Every action gives a command of `/api` in the name of its user, so that both do the same.
"""

from __future__ import annotations

from aiohttp import web

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.commands.attended_transfer import AttendedTransfer
from softswitch.commands.barge import Barge
from softswitch.commands.base.command import Command
from softswitch.commands.blind_transfer import BlindTransfer
from softswitch.commands.call import CallCommand
from softswitch.commands.call_setup import CallSetupCommand
from softswitch.commands.forward_call import ForwardCall
from softswitch.commands.hangup import Hangup
from softswitch.commands.hold import Hold
from softswitch.commands.monitor import Monitor
from softswitch.commands.mute import MuteCommand
from softswitch.commands.play import Play
from softswitch.commands.record import Record
from softswitch.commands.send_dtmf import SendDTMF
from softswitch.commands.speak import Speak
from softswitch.commands.stop_play import StopPlay
from softswitch.commands.stop_record import StopRecord
from softswitch.commands.unhold import Unhold
from softswitch.commands.whisper import WhisperCommand
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import BadBody, body_of
from softswitch.http.v1.calls.actions_json import (
    ACTION_OPERATIONS,
    Begun,
    CallAsked,
    ForwardAsked,
    KeysAsked,
    ListenAsked,
    ListeningWay,
    MuteAsked,
    PlayAsked,
    RecordAsked,
    SpeakAsked,
    StopAsked,
    TransferAsked,
)
from softswitch.http.v1.calls.calls_json import show_call
from softswitch.http.v1.calls.giving import GivenCommand, UserCommands, command_of
from softswitch.http.v1.serving import served

WITHOUT_FROM = ("api_extension", "caller_id", "caller_display_name", "url", "script", "ring_time",
                "machine_detection", "finished_url")  # fmt: skip
"Fields of a call for which no phone is rung first."
SUPERVISION: dict[ListeningWay, type[Command]] = {
    ListeningWay.MONITOR: Monitor,
    ListeningWay.WHISPER: WhisperCommand,
    ListeningWay.BARGE: Barge,
}
"The command for each way to supervise."


class CallActionsApi:
    """Starts calls, and acts on those that are up."""

    def __init__(self, calls: Calls, commands: UserCommands, users: Users) -> None:
        self._calls = calls
        self._commands = commands
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "startCall": self.start,
            "hangUp": self.hang_up,
            "holdCall": self.hold,
            "resumeCall": self.resume,
            "transferCall": self.transfer,
            "forwardCall": self.forward,
            "muteParty": self.mute,
            "playSound": self.play,
            "speakText": self.speak,
            "recordCall": self.record,
            "stopSounds": self.stop,
            "sendKeys": self.send_keys,
            "listenIn": self.listen,
        }
        return served(ACTION_OPERATIONS, self._users, works)

    async def start(self, request: web.Request, user: User) -> web.Response:
        """Call a number."""
        asked = await body_of(request, CallAsked)
        if asked.from_ is None:
            names = {"to": "dialed", "script": "response_ozml"}
            return await self._made(user, command_of(CallCommand, asked, names))
        for field in WITHOUT_FROM:
            if getattr(asked, field) is not None:
                raise BadBody(f"{field} has no meaning beside from, which is rung first")
        names = {"from_": "caller", "to": "callee"}
        return await self._made(user, command_of(CallSetupCommand, asked, names))

    async def hang_up(self, request: web.Request, user: User) -> web.Response:
        """End a call."""
        await self._commands.give(user, GivenCommand(Hangup(call_id=_id_of(request))))
        return web.Response(status=204)

    async def hold(self, request: web.Request, user: User) -> web.Response:
        """Put both parties on hold."""
        return await self._done(request, user, GivenCommand(Hold(call_id=_id_of(request))))

    async def resume(self, request: web.Request, user: User) -> web.Response:
        """Bring both parties back."""
        return await self._done(request, user, GivenCommand(Unhold(call_id=_id_of(request))))

    async def transfer(self, request: web.Request, user: User) -> web.Response:
        """Transfer a party; answered when the target has answered, or when it does not."""
        asked, call_id = await body_of(request, TransferAsked), _id_of(request)
        if (asked.target is None) == (asked.target_call is None):
            raise BadBody("expected target or target_call, and not both")
        if asked.target is not None:
            blind = command_of(
                BlindTransfer, asked, {"transferor": "transferor_party"}, call_id=call_id
            )
            return await self._done(request, user, blind)
        if asked.finished_url is not None:
            raise BadBody("finished_url has no meaning beside target_call")
        names = {"transferor": "transferor_party", "target_call": "target_call_id"}
        attended = command_of(AttendedTransfer, asked, names, transferred_call_id=call_id)
        return await self._done(request, user, attended)

    async def forward(self, request: web.Request, user: User) -> web.Response:
        """Ring another number instead."""
        asked = await body_of(request, ForwardAsked)
        return await self._done(
            request, user, command_of(ForwardCall, asked, call_id=_id_of(request))
        )

    async def mute(self, request: web.Request, user: User) -> web.Response:
        """Mute a party, or take that back."""
        asked = await body_of(request, MuteAsked)
        return await self._done(
            request, user, command_of(MuteCommand, asked, call_id=_id_of(request))
        )

    async def play(self, request: web.Request, user: User) -> web.Response:
        """Begin to play a file."""
        asked = await body_of(request, PlayAsked)
        return await self._begun(request, user, command_of(Play, asked, call_id=_id_of(request)))

    async def speak(self, request: web.Request, user: User) -> web.Response:
        """Begin to say a text."""
        asked = await body_of(request, SpeakAsked)
        return await self._begun(request, user, command_of(Speak, asked, call_id=_id_of(request)))

    async def record(self, request: web.Request, user: User) -> web.Response:
        """Begin a recording."""
        asked = await body_of(request, RecordAsked, empty=RecordAsked())
        return await self._begun(request, user, command_of(Record, asked, call_id=_id_of(request)))

    async def stop(self, request: web.Request, user: User) -> web.Response:
        """End sounds and recordings."""
        asked, call_id = await body_of(request, StopAsked, empty=StopAsked()), _id_of(request)
        if not (asked.sounds or asked.recordings):
            raise BadBody("expected sounds or recordings, or both")
        if asked.sounds:
            await self._commands.give(user, GivenCommand(StopPlay(call_id=call_id)))
        if asked.recordings:
            await self._commands.give(user, GivenCommand(StopRecord(call_id=call_id)))
        return await self._now(call_id, self._calls.get(call_id))

    async def send_keys(self, request: web.Request, user: User) -> web.Response:
        """Begin to send keys."""
        asked = await body_of(request, KeysAsked)
        command = command_of(SendDTMF, asked, call_id=_id_of(request))
        return await self._begun(request, user, command)

    async def listen(self, request: web.Request, user: User) -> web.Response:
        """Ring a supervisor."""
        asked = await body_of(request, ListenAsked)
        kind = SUPERVISION[asked.way]
        return await self._made(user, command_of(kind, asked, call_id=_id_of(request)))

    # ----------------------------------------------------------------------------------------------

    async def _made(self, user: User, given: GivenCommand) -> web.Response:
        """Give a command that makes a call, and show that call."""
        reply = await self._commands.give(user, given)
        call = self._calls.get(reply.fields["CallId"])
        assert call is not None, "a call is listed from its begin on"
        headers = {"Location": f"/v1/calls/{call.id}"}
        return answer(201, await show_call(call), headers)

    async def _done(self, request: web.Request, user: User, given: GivenCommand) -> web.Response:
        """Give a command, and show the call as it is then."""
        call_id = _id_of(request)
        call = self._calls.get(call_id)
        await self._commands.give(user, given)
        return await self._now(call_id, call)

    async def _begun(self, request: web.Request, user: User, given: GivenCommand) -> web.Response:
        """Give a command that goes on beside the call."""
        call_id = _id_of(request)
        reply = await self._commands.give(user, given)
        call = self._present(call_id, self._calls.get(call_id))
        return answer(202, Begun(call=await show_call(call), warnings=list(reply.warnings)))

    async def _now(self, call_id: str, call: Call | None) -> web.Response:
        return answer(200, await show_call(self._present(call_id, call)))

    def _present(self, call_id: str, call: Call | None) -> Call:
        """The call, or the one in which its party talks on. Raises NotServed when it has gone."""
        if call is None:
            raise NotServed(404, f"no call '{call_id[:64]}' is up")
        return call.joined or call


def _id_of(request: web.Request) -> str:
    return request.match_info["call_id"]
