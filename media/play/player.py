"""Playing: files, speech and prepared sounds, queued on rows in the order of asking.

The tick's side of `file_reader` and `speech`. What those find in their threads is put into a
letterbox and taken out by `settle`, once a tick, so that playlists and pool belong to the tick
alone. An item has its place in the playlist from the beginning, and waits there in silence for its
sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable

import numpy as np
from numpy.typing import NDArray

from media.play.audio_file import AudioFileError
from media.play.clip_pool import ClipPool, PoolFull
from media.play.file_reader import AudioFiles, LongFile, ShortFile
from media.play.sources import Finished, Item, Sources, StreamItem
from media.speech.engine import SpeechError
from media.speech.service import Speech
from media.speech.speaker import Spoken

Samples = NDArray[np.int16]
Index = NDArray[np.intp]

MOST_QUEUED = 64
"Items that wait on a row; more are refused, they would be heard in an hour."


class Player:
    """A source of the tick; the rows of one worker, at one sample rate."""

    def __init__(
        self,
        capacity: int,
        files: AudioFiles,
        speech: Speech,
        rate: int = 8000,
        pool_seconds: float = 3600.0,
    ) -> None:
        """Use `files` and `speech`, which may serve another player, too."""
        self.rate = rate
        self._pool = ClipPool(rate, pool_seconds)
        self.frame = self._pool.frame
        self._sources = Sources(capacity, self._pool)
        self.beneath = Sources(capacity, self._pool)
        "A second playlist for each row: music beneath all else."
        self._files, self._speech = files, speech
        self._letters: deque[Callable[[], None]] = deque()
        self.playing = self._sources.playing
        "Which rows have something to play: a column."

    # ---- between ticks ----------------------------------------------------------------------

    def play(
        self,
        row: int,
        token: int,
        path: str,
        *,
        repeat: bool = False,
        longest_s: float | None = None,
        beneath: bool = False,
    ) -> None:
        """Queue a file; its `Finished` says what is wrong with it."""
        item = Item(token, complete=False, repeat=repeat, longest=self._samples(longest_s))
        self.queue(row, item, beneath=beneath)

        def ready(found: ShortFile | LongFile | AudioFileError) -> None:
            self._letters.append(lambda: self._file_found(row, item, found))

        self._files.open_file(path, self.rate, ready)

    def speak(
        self,
        row: int,
        token: int,
        text: str,
        *,
        language: str = "",
        voice: str | None = None,
        repeat: bool = False,
        longest_s: float | None = None,
        beneath: bool = False,
    ) -> None:
        """Queue a text; it begins with its first sentence. Raises `SpeechError`, or `ValueError`.

        A voice that is not there comes as the error of `Finished`.
        """
        item = Item(token, complete=False, repeat=repeat, longest=self._samples(longest_s))
        letters = self._letters
        sources = self.beneath if beneath else self._sources

        def deliver(said: Spoken | SpeechError | None) -> None:
            if item.ended:
                utterance.cancel()
            letters.append(lambda: self._said(item, said))

        self._check_length(row, sources)
        utterance = self._speech.speak(
            text, deliver, language=language, voice=voice, rate=self.rate
        )
        sources.queue(row, item)

    def sound(
        self,
        row: int,
        token: int,
        key: Hashable,
        samples: Samples,
        *,
        repeat: bool = False,
        longest_s: float | None = None,
        intro: Samples | None = None,
        first: bool = False,
    ) -> None:
        """Queue samples that are at hand, such as a beep; `key` names them for the next time.

        `intro` comes before them and is not repeated; `first` interrupts what is played.
        """
        longest = self._samples(longest_s)
        begin = 0 if intro is None or not len(intro) else 1
        item = Item(token, complete=False, repeat=repeat, longest=longest, again_from=begin)
        self.queue(row, item, first=first)
        if intro is not None:
            self._add(item, ("intro", key), intro)
        self._add(item, key, samples)
        item.finish(item.error)

    def queue(self, row: int, item: Item, *, beneath: bool = False, first: bool = False) -> None:
        """Queue an item, or with `first` interrupt what is played; raises ValueError."""
        sources = self.beneath if beneath else self._sources
        self._check_length(row, sources)
        (sources.queue_first if first else sources.queue)(row, item)

    def end_endless(self, row: int, but: int) -> list[Finished]:
        """Stop what others would wait for without end, but the item of that token."""
        return self._sources.end_endless(row, but)

    def set_aside(self, row: int, *, aside: bool) -> list[Finished]:
        """Let all but music beneath wait where it is, or go on; return what has ended by that."""
        if aside:
            self._sources.set_aside(row)
            return []
        return self._sources.put_back(row)

    def stop(self, row: int, token: int | None = None) -> list[Finished]:
        """Stop an item, or all except music beneath; return how much of each was sent."""
        stopped = self._sources.stop(row, token)
        return stopped if token is None else stopped + self.beneath.stop(row, token)

    def is_playing(self, row: int) -> bool:
        """Whether a row has anything to play."""
        return bool(self.playing[row] or self.beneath.playing[row])

    # ---- in the tick ------------------------------------------------------------------------

    def settle(self) -> None:
        """Take over what became ready since the last tick; call it once before `take_frames`."""
        for _ in range(len(self._letters)):
            self._letters.popleft()()

    def take_frames(self, rows: Index) -> tuple[Samples, list[Finished]]:
        """Return the next frame of rows that are playing, and the items that ended within it."""
        return self._sources.take_frames(rows)

    def _check_length(self, row: int, sources: Sources) -> None:
        if len(sources.items(row)) >= MOST_QUEUED:
            raise ValueError(f"{MOST_QUEUED} items wait to be played already")

    def _samples(self, seconds: float | None) -> int | None:
        return None if seconds is None else round(seconds * self.rate)

    def _add(self, item: Item, key: object, samples: Samples) -> None:
        if item.ended:
            return
        try:
            item.add(self._pool.keep(key, samples))
        except PoolFull as error:
            item.finish(str(error))

    def _file_found(
        self, row: int, item: Item, found: ShortFile | LongFile | AudioFileError
    ) -> None:
        if item.ended:
            return
        if isinstance(found, AudioFileError):
            item.finish(str(found))
        elif isinstance(found, ShortFile):
            self._add(item, found.identity, found.samples)
            item.finish(item.error)
        else:
            self._stream(row, item, found)

    def _stream(self, row: int, item: Item, file: LongFile) -> None:
        try:
            ring = self._pool.ring()
        except PoolFull as error:
            item.finish(str(error))
            return
        stream = StreamItem(item.token, ring, repeat=item.repeat, longest=item.longest)
        for sources in (self._sources, self.beneath):
            sources.replace(row, item, stream)
        self._files.stream(file, ring, item.repeat)

    def _said(self, item: Item, said: Spoken | SpeechError | None) -> None:
        if isinstance(said, Spoken):
            self._add(item, said.key, said.samples)
        elif not item.complete:
            item.finish(None if said is None else str(said))
