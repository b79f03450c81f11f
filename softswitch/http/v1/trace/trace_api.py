"""`/v1/calls/{call_id}/trace`: answers with the trace of a call, in pages or as a capture file.

Lines are made readable beside the calls, and a capture file leaves page by page: a long trace
delays nobody.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec
from aiohttp import web

from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.serving import Work, served
from softswitch.http.v1.trace.trace_json import (
    TRACE_OPERATIONS,
    FollowedLine,
    RecentShown,
    Since,
    TracePage,
)
from softswitch.trace.lines import AnyLine
from softswitch.trace.pcap import HEADER, packets
from softswitch.trace.reading import FoundTrace, TraceReader
from softswitch.trace.shown import TraceShown, moment, show_line, show_lines
from softswitch.trace.timeline import Timeline


class TraceApi:
    """Shows traces."""

    def __init__(self, reader: TraceReader, users: Users) -> None:
        self._reader = reader
        self._users = users

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works: dict[str, Work] = {
            "showTrace": self.show,
            "exportTrace": self.export,
            "showRecentLines": self.recent,
        }
        return served(TRACE_OPERATIONS, self._users, works)

    async def recent(self, request: web.Request, user: User) -> web.Response:
        """The last lines of all traces that concern the user."""
        wanted, recent = asked(request, Since), self._reader.recent
        after = min(wanted.after, recent.last)

        def concerns(timeline: Timeline) -> bool:
            return user.owns(*timeline.numbers)

        following, missed, lines = recent.since(after, wanted.limit, concerns)
        parties = [dict(timeline.parties) for timeline, _ in lines]
        return await asyncio.to_thread(
            lambda: answer(
                200,
                RecentShown(
                    next=following,
                    missed=missed,
                    lines=[
                        _followed(timeline, line, who)
                        for (timeline, line), who in zip(lines, parties, strict=True)
                    ],
                ),
            )
        )

    async def show(self, request: web.Request, user: User) -> web.Response:
        """A page of a trace."""
        page = asked(request, TracePage)
        found = await self._find(request.match_info["call_id"], user)
        lines = await self._reader.lines(found, page.offset, page.limit)
        return await asyncio.to_thread(lambda: answer(200, _shown(found, page.offset, lines)))

    async def export(self, request: web.Request, user: User) -> web.StreamResponse:
        """The SIP messages of a trace."""
        found = await self._find(request.match_info["call_id"], user)
        out = web.StreamResponse(
            headers={
                "Content-Type": "application/vnd.tcpdump.pcap",
                "Content-Disposition": f'attachment; filename="{_file_name(found)}.pcap"',
            }
        )
        await out.prepare(request)
        await out.write(HEADER)
        async for lines in self._reader.pages(found):
            await out.write(await asyncio.to_thread(packets, lines))
        await out.write_eof()
        return out

    async def _find(self, call_id: str, user: User) -> FoundTrace:
        """The trace of a call that concerns the user. Raises NotServed."""
        found = await self._reader.find(call_id)
        if found is None or not user.owns(*found.numbers):
            raise NotServed(404, f"there is no trace of a call '{call_id[:64]}'")
        return found


def _followed(timeline: Timeline, line: AnyLine, parties: Mapping[str, str]) -> FollowedLine:
    shown = show_line(line, parties)
    return FollowedLine(call_id=timeline.subject, **msgspec.structs.asdict(shown))


def _shown(found: FoundTrace, offset: int, lines: list[AnyLine]) -> TraceShown:
    return TraceShown(
        call_id=found.subject,
        began=moment(found.began),
        ended=None if found.ended is None else moment(found.ended),
        truncated=found.lost,
        total=found.total,
        offset=offset,
        lines=show_lines(lines, found.parties),
    )


def _file_name(found: FoundTrace) -> str:
    return "".join(each if each.isalnum() else "-" for each in found.subject)[:64]
