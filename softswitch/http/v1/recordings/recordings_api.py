"""`/v1/recordings`: recordings are listed, heard, drawn and deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path

import structlog
from aiohttp import web

from softswitch.calls.call.calls import Calls
from softswitch.commands.running.recording_links import RecordingLinks
from softswitch.guard.files import AllowedFiles, PathRefused
from softswitch.guard.rights import User
from softswitch.http.users import Users
from softswitch.http.v1.asking import NotServed, answer, asked
from softswitch.http.v1.lists import read_time
from softswitch.http.v1.moments import moment
from softswitch.http.v1.recordings.kept import KeptRecording, path_of, recordings_below
from softswitch.http.v1.recordings.peaks import NoAudio, seconds_of, waveform_of
from softswitch.http.v1.recordings.recordings_json import (
    RECORDING_OPERATIONS,
    PeaksQuery,
    PeaksShown,
    RecordingDetails,
    RecordingFilter,
    RecordingShown,
    RecordingsShown,
    SoundQuery,
)
from softswitch.http.v1.serving import served
from softswitch.http.v1.uploads import DECODING
from softswitch.live.quiet import MANY, quietly
from softswitch.store.call_history import CallFilter, CallRecord, PageWanted
from softswitch.store.store import Store

log = structlog.get_logger("softswitch.recordings")

TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "flac": "audio/flac"}
"Media types by format."


class RecordingsApi:
    """Shows the files below `storage.recordings`, and deletes them."""

    def __init__(
        self, root: Path, calls: Calls, store: Store, links: RecordingLinks, users: Users
    ) -> None:
        """`links` are the URLs that need no password."""
        self._root = root.resolve()
        self._files = AllowedFiles([root])
        self._calls = calls
        self._store = store
        self._links = links
        self._users = users
        self._turn = asyncio.Lock()
        "Held by the request that looks through the directory."

    def routes(self) -> list[web.RouteDef]:
        """What the HTTP server serves."""
        works = {
            "listRecordings": self.list,
            "showRecording": self.show,
            "deleteRecording": self.delete,
            "playRecording": self.play,
            "showPeaks": self.peaks,
        }
        return served(RECORDING_OPERATIONS, self._users, works)

    async def list(self, request: web.Request, _user: User) -> web.Response:
        """A page of the recordings."""
        wanted = asked(request, RecordingFilter)
        since, until = read_time("since", wanted.since), read_time("until", wanted.until)
        async with self._turn, quietly(MANY):
            found, octets = await asyncio.to_thread(
                partial(_found, self._root, wanted, since, until)
            )
        page = found[wanted.offset : wanted.offset + wanted.limit]
        records = await self._records(page)
        going_on = self._going_on()
        shown = [await self._shown(one, records, going_on) for one in page]
        return answer(
            200,
            RecordingsShown(
                total=len(found),
                octets=octets,
                offset=wanted.offset,
                limit=wanted.limit,
                recordings=shown,
            ),
        )

    async def show(self, request: web.Request, _user: User) -> web.Response:
        """One recording."""
        path, recording = await self._recording(request)
        try:
            seconds = round(await DECODING.run(partial(seconds_of, path)), 3)
        except NoAudio:
            seconds = None
        shown = await self._shown(recording, await self._records([recording]), self._going_on())
        fields = {name: getattr(shown, name) for name in shown.__struct_fields__}
        return answer(200, RecordingDetails(**fields, seconds=seconds))

    async def delete(self, request: web.Request, user: User) -> web.Response:
        """Delete one."""
        path, recording = await self._recording(request)
        self._see_that_it_is_finished(path)
        try:
            await asyncio.to_thread(path.unlink)
        except OSError as error:
            sentence = f"{recording.shown} cannot be deleted: {error.strerror or error}"
            raise NotServed(409, sentence) from None
        log.warning("recording deleted", file=recording.shown, by=user.name)
        return web.Response(status=204)

    async def play(self, request: web.Request, _user: User) -> web.StreamResponse:
        """The sound itself."""
        wanted = asked(request, SoundQuery)
        path, recording = await self._recording(request)
        where = "attachment" if wanted.download else "inline"
        name = "".join(each if each.isalnum() or each in "-_." else "_" for each in path.name)
        plain = name.encode("ascii", "replace").decode().replace("?", "_")
        return web.FileResponse(
            path,
            headers={
                "Content-Type": TYPES[recording.format],
                "Content-Disposition": f'{where}; filename="{plain}"',
                "X-Content-Type-Options": "nosniff",
            },
        )

    async def peaks(self, request: web.Request, _user: User) -> web.Response:
        """Its shape, which is found in a thread, one recording after the other."""
        wanted = asked(request, PeaksQuery)
        path, recording = await self._recording(request)
        self._see_that_it_is_finished(path)
        work = partial(waveform_of, path, wanted.points, recording.size, recording.changed_at)
        try:
            shape = await DECODING.run(work)
        except NoAudio as error:
            raise NotServed(409, str(error)) from None
        channels = [list(channel) for channel in shape.channels]
        return answer(200, PeaksShown(seconds=round(shape.seconds, 3), channels=channels))

    # ----------------------------------------------------------------------------------------------

    async def _recording(self, request: web.Request) -> tuple[Path, KeptRecording]:
        """The recording of the path. Raises NotServed where there is none."""
        name = path_of(request.match_info["id"])
        if name is not None:
            try:
                return await asyncio.to_thread(self._existing, name)
            except (PathRefused, OSError):
                pass
        raise NotServed(404, f"no recording {request.match_info['id'][:64]!r}")

    def _existing(self, name: str) -> tuple[Path, KeptRecording]:
        path = self._files.existing(name)
        state = path.stat()
        return path, KeptRecording(
            path.relative_to(self._root).as_posix(), state.st_size, state.st_mtime
        )

    def _going_on(self) -> frozenset[str]:
        """The paths of the recordings that go on."""
        return frozenset(path for call in self._calls for path in call.recordings.paths())

    def _see_that_it_is_finished(self, path: Path) -> None:
        if str(path) in self._going_on():
            raise NotServed(409, f"{path.name} is still being recorded")

    async def _records(self, recordings: Iterable[KeptRecording]) -> Mapping[str, CallRecord]:
        """The records of their calls, by id. Raises StoreError."""
        records: dict[str, CallRecord] = {}
        for call_id in {one.call for one in recordings} - {""}:
            found = await self._store.list_calls(CallFilter(call_id=call_id), PageWanted(limit=1))
            records |= {record.call_id: record for record in found.calls}
        return records

    async def _shown(
        self,
        recording: KeptRecording,
        records: Mapping[str, CallRecord],
        going_on: frozenset[str],
    ) -> RecordingShown:
        record = records.get(recording.call)
        return RecordingShown(
            id=recording.id,
            file=recording.shown,
            format=recording.format,
            size=recording.size,
            changed_at=moment(recording.changed_at),
            finished=str(self._root / recording.path) not in going_on,
            call=recording.call,
            source="" if record is None else record.source,
            destination="" if record is None else record.destination,
            url=await self._links.url(recording.path) if recording.is_text else "",
        )


def _found(
    root: Path, wanted: RecordingFilter, since: float | None, until: float | None
) -> tuple[list[KeptRecording], int]:
    """The recordings that fit, in their order, and their octets together."""
    found = list(_fitting(recordings_below(root), wanted, since, until))
    newest_first = wanted.order != "oldest"
    found.sort(key=lambda one: (one.changed_at, one.path), reverse=newest_first)
    return found, sum(one.size for one in found)


def _fitting(
    recordings: Iterable[KeptRecording],
    wanted: RecordingFilter,
    since: float | None,
    until: float | None,
) -> Iterator[KeptRecording]:
    part = wanted.name.lower()
    for one in recordings:
        if (
            (not part or part in one.shown.lower())
            and wanted.format in ("", one.format)
            and wanted.call in ("", one.call)
            and (since is None or one.changed_at >= since)
            and (until is None or one.changed_at < until)
        ):
            yield one
