"""The numbers of paging: who may speaks, and all members that are free listen."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import structlog

from softswitch.calls.call.call import Call
from softswitch.calls.call.calls import Calls
from softswitch.calls.call_task import CallTasks
from softswitch.calls.endings.endings import CallEnds, refused_here
from softswitch.calls.numbers.extension import Extension
from softswitch.calls.paging.paged_calls import PagedCalls
from softswitch.calls.setup.answering import Answering
from softswitch.settings.extensions.paging import PagingExtension

log = structlog.get_logger("softswitch.calls")


class Paging:
    """Serves the calls to paging."""

    __slots__ = ("_answering", "_calls", "_tasks")

    def __init__(self, answering: Answering, calls: Calls, tasks: CallTasks) -> None:
        self._answering = answering
        self._calls = calls
        self._tasks = tasks

    async def serve(self, call: Call, extension: Extension) -> None:
        """Let the caller speak to the members until it hangs up; ends by raising CallEnds."""
        settings = extension.settings_as(PagingExtension)
        if not self._may(call, settings):
            log.warning("page refused", call=call.id, by=call.caller.number, to=extension.number)
            raise CallEnds(refused_here(403, "who calls may not page"))
        members = list(self._free(settings))
        if not members:
            raise CallEnds(refused_here(486, "all who would be paged are busy"))
        await self._answering.answer(call)
        page = PagedCalls(self._answering, self._calls, self._tasks, call)
        call.tell("paged", number=extension.number, count=str(len(members)))
        page.ring(members)

        async def last(call: Call) -> bool:
            if call.caller.audio.port is not None:
                call.caller.audio.port.beep()
            await asyncio.sleep(settings.longest)
            return False

        try:
            await self._answering.attend(call, last)
        finally:
            page.end()

    @staticmethod
    def _may(call: Call, settings: PagingExtension) -> bool:
        """Whether the caller may page: an extension that is named, or any where none is."""
        if settings.callers is None:
            return bool(call.caller.extension) or call.is_inside
        return call.caller.extension in settings.callers

    def _free(self, settings: PagingExtension) -> Iterator[Extension]:
        """The members that neither talk nor ring, and want to be called."""
        plan = self._answering.ringer.plan
        for number in settings.members:
            member = plan.directory.find(number)
            if member is None or not member.kind.registers or plan.turns.lines.are_used_by(number):
                continue
            features = plan.features_of(member)
            if not features.do_not_disturb and not features.forward_always.target:
                yield member
