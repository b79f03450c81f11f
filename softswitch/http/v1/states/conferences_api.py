"""`/v1/states/conferences`: who is in conferences; members are muted and removed, rooms locked."""

from __future__ import annotations

from collections.abc import Iterator

import structlog
from aiohttp import web

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call.party import Party
from softswitch.calls.call.rooms import ConferenceRooms, Seat
from softswitch.calls.numbers.directory import Directory
from softswitch.calls.numbers.extension import Extension
from softswitch.commands.base.values import Parties
from softswitch.commands.hangup import Hangup
from softswitch.commands.mute import MuteCommand
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer
from softswitch.http.v1.bodies import body_of
from softswitch.http.v1.calls.giving import GivenCommand, UserCommands
from softswitch.http.v1.moments import moment
from softswitch.http.v1.serving import served
from softswitch.http.v1.states.conferences_json import (
    CONFERENCE_STATE_OPERATIONS,
    ConferenceMemberShown,
    ConferenceStateShown,
    ConferenceStatesShown,
    MemberMuteAsked,
)
from softswitch.settings.extensions.conference import ConferenceExtension

log = structlog.get_logger("softswitch.calls")


class ConferenceStatesApi:
    """Shows conferences, and does what a moderator does."""

    def __init__(
        self,
        rooms: ConferenceRooms,
        directory: Directory,
        calls: Calls,
        commands: UserCommands,
        users: Users,
    ) -> None:
        self._rooms = rooms
        self._directory = directory
        self._calls = calls
        self._commands = commands
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "listConferenceStates": self.list,
            "showConferenceState": self.show,
            "removeMember": self.remove,
            "muteMember": self.mute,
            "lockConference": self.lock,
            "unlockConference": self.unlock,
        }
        return served(CONFERENCE_STATE_OPERATIONS, self._users, works)

    async def list(self, _request: web.Request, user: User) -> web.Response:
        """Those where anybody is."""
        numbers = sorted(number for number in self._rooms.numbers() if user.owns(number))
        conferences = [self._shown(number, self._directory.find(number)) for number in numbers]
        return answer(200, ConferenceStatesShown(conferences=conferences))

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """One conference, also where nobody is."""
        return self._answer(request)

    async def remove(self, request: web.Request, user: User) -> web.Response:
        """End the call of a member."""
        call, _ = self._member(request)
        await self._commands.give(user, GivenCommand(Hangup(call_id=call.id)))
        return web.Response(status=204)

    async def mute(self, request: web.Request, user: User) -> web.Response:
        """Mute a member, or take that back."""
        asked = await body_of(request, MemberMuteAsked, empty=MemberMuteAsked())
        call, party = self._member(request)
        mute = MuteCommand(call_id=call.id, party=Parties(party.side.value), on=asked.on)
        await self._commands.give(user, GivenCommand(mute))
        return self._answer(request)

    async def lock(self, request: web.Request, user: User) -> web.Response:
        """Let nobody else in."""
        number, _ = self._conference(request)
        room = self._rooms.room(number)
        if room is None:
            raise NotServed(409, f"nobody is in {number}")
        room.is_locked = True
        log.info("conference locked", room=number, by=user.name)
        return self._answer(request)

    async def unlock(self, request: web.Request, user: User) -> web.Response:
        """Let newcomers in again."""
        number, _ = self._conference(request)
        room = self._rooms.room(number)
        if room is not None and room.is_locked:
            room.is_locked = False
            log.info("conference unlocked", room=number, by=user.name)
        return self._answer(request)

    # ----------------------------------------------------------------------------------------------

    def _conference(self, request: web.Request) -> tuple[str, Extension]:
        """The conference of the path. Raises NotServed where there is none."""
        number = request.match_info["number"]
        found = self._directory.find(number)
        if found is None or not isinstance(found.settings, ConferenceExtension):
            raise NotServed(404, f"no conference {number[:64]!r}")
        return number, found

    def _member(self, request: web.Request) -> tuple[Call, Party]:
        """The member of the path, with its call. Raises NotServed where it is not there."""
        number, _ = self._conference(request)
        wanted = request.match_info["call_id"]
        for call, party, _seat in self._members(number):
            if call.id == wanted:
                return call, party
        raise NotServed(404, f"no call '{wanted[:64]}' is in {number}")

    def _members(self, number: str) -> Iterator[tuple[Call, Party, Seat]]:
        """The members of a conference with their calls, who came first in front."""
        seats = self._rooms.seats(number)
        of = {
            id(party.seat): (call, call.other(party))
            for call in self._calls
            for party in call.parties
            if party.seat is not None
        }
        for seat in seats:
            if seat.member is not None and id(seat) in of:
                yield *of[id(seat)], seat

    def _answer(self, request: web.Request) -> web.Response:
        number, extension = self._conference(request)
        return answer(200, self._shown(number, extension))

    def _shown(self, number: str, extension: Extension | None) -> ConferenceStateShown:
        room = self._rooms.room(number)
        members = [_shown_member(*member) for member in self._members(number)]
        settings = None if extension is None else extension.settings
        return ConferenceStateShown(
            number=number,
            name="" if extension is None else extension.name,
            locked=room is not None and room.is_locked,
            members=members,
            entering=len(self._rooms.seats(number)) - len(members),
            most_members=(
                settings.max_members if isinstance(settings, ConferenceExtension) else None
            ),
        )


def _shown_member(call: Call, party: Party, seat: Seat) -> ConferenceMemberShown:
    return ConferenceMemberShown(
        call=call.id,
        number=party.number,
        name=party.name,
        since=moment(call.answered_at or call.started_at),
        muted=bool(party.mutes),
        muted_by_itself=seat.is_muted,
        on_hold=not seat.is_inside,
    )
