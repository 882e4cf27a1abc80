"""The playhead of the shown take, its clock, and which frames are at hand."""

from __future__ import annotations

from collections import OrderedDict

from astra_studio.document.derived import locate_frame, made_frames, start_frames, total_frames
from astra_studio.document.model import ArtifactId, Chunk, ChunkId, Project, Start, Take, TakeId
from astra_studio.document.session import Change, Session
from astra_studio.services.generation.status import NewFrames
from astra_studio.services.playback.arriving import ArrivingFrames, FoundFrame
from astra_studio.services.playback.frame_cache import DEFAULT_CAP_BYTES, FrameCache
from astra_studio.services.playback.frame_reader import THUMBNAIL, FrameReader, FrameRequest, frames_id
from astra_studio.services.signals import Post, Signal
from engine.messages import Picture

_RATES = (1.0, 2.0, 4.0, 8.0)
"""Speeds that J and L go through."""
_AHEAD = 12
"""Frames wished for beyond the one that is shown, in the direction of play."""
_MAX_THUMBNAILS = 600
_LONGEST_GAP_S = 0.5
"""A clock that stood still for longer (a laptop that slept) does not jump."""


class Player:
    """Shows the current take of a session. Belongs to the main thread."""

    def __init__(self, session: Session, post: Post, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        self._session = session
        self._cache = FrameCache(cap_bytes)
        self._thumbnails: OrderedDict[ChunkId, Picture] = OrderedDict()
        self._reader = FrameReader(session.path, post, self._read)
        self._start: tuple[ArtifactId, Picture] | None = None
        self._frame = 0
        self._is_playing = False
        self._is_looping = True
        self._is_soft = False
        self._is_once = False
        self._rate = 1.0
        self._clock_s: float | None = None
        self._rest = 0.0
        self.moved: Signal[int] = Signal()
        self.changed: Signal[None] = Signal()
        self.arrived: Signal[ChunkId] = Signal()
        """Tells a chunk of which a frame is there that somebody waits for, or of which all are there now."""
        self.small_arrived: Signal[str] = Signal()
        """Tells a chunk whose thumbnail, or a start's artifact whose picture, is there."""
        self.grown: Signal[int] = Signal()
        """Tells how many frames the shown take had before new ones came."""
        self._missed: set[tuple[ChunkId, int]] = set()
        self._arriving = ArrivingFrames()
        self._coming: frozenset[TakeId] = frozenset()
        self._is_waiting = False
        self._is_following = False
        self._unsubscribe = session.subscribe(self._project_changed)

    # ------------------------------------------------------------------ where it stands

    @property
    def frame(self) -> int:
        """The frame that is shown, from 0: the start picture."""
        return self._frame

    @property
    def num_frames(self) -> int:
        """Frames that can be shown."""
        return self._count(self._take)

    @property
    def num_total(self) -> int:
        """Frames made or planned."""
        return max(total_frames(self._project, self._take), self.num_frames)

    @property
    def fps(self) -> float:
        """Frames per second: the take's own."""
        return float(self._take.clock.fps)

    @property
    def is_playing(self) -> bool:
        return self._is_playing

    @property
    def is_waiting(self) -> bool:
        """Whether it plays, stands at the last frame there is, and goes on as soon as there are more."""
        return self._is_waiting

    @property
    def is_following(self) -> bool:
        """Whether it follows a drive: see `follow`."""
        return self._is_following

    @property
    def is_looping(self) -> bool:
        return self._is_looping

    @property
    def rate(self) -> float:
        """Speed: 1 as the world meant it, negative backwards."""
        return self._rate

    @property
    def work_area(self) -> tuple[int, int]:
        """First and past-the-last frame of the work area, within what can be shown."""
        area, count = self._project.work_area, max(self.num_frames, 1)
        start = min(area.start or 0, count - 1)
        stop = count if area.stop is None else min(max(area.stop, start + 1), count)
        return start, stop

    @property
    def chunk(self) -> tuple[Chunk, int] | None:
        """The stored chunk under the playhead and the frame's number in it; None where there is none."""
        if not self.num_frames:
            return None
        _, number, chunk = self._locate(self._take, min(self._frame, self.num_frames - 1))
        return None if chunk is None else (chunk, number)

    @property
    def is_soft(self) -> bool:
        """Whether frames are shown as the world decodes them, without detail; new ones once they are stored."""
        return self._is_soft

    def set_soft(self, is_soft: bool) -> None:
        """Show frames without or with detail, from now on."""
        if is_soft != self._is_soft:
            self._is_soft = is_soft
            self._reader.forget()
            self._missed.clear()
            self.changed.emit(None)

    # ------------------------------------------------------------------ moving

    def seek(self, frame: int) -> None:
        """Show a frame; those not made yet show the last one before them."""
        wanted = max(0, min(frame, max(self.num_total - 1, 0)))
        if wanted != self._frame:
            self._frame = wanted
            # What was wished for elsewhere would be read before what is wanted here.
            self._reader.forget()
            self._missed.clear()
            self.moved.emit(wanted)

    def step_frames(self, count: int) -> None:
        self._stand()
        self.seek(self._frame + count)

    def step_ticks(self, count: int) -> None:
        """By latents: to the last frame of one."""
        self._stand()
        per_tick = self._take.clock.frames_per_latent
        # The last frame of the start ends a tick; those before it are counted from there.
        first = (start_frames(self._project, self._take) - 1) % per_tick
        tick, rest = divmod(self._frame - first, per_tick)
        if rest:
            tick, count = (tick + 1, count - 1) if count > 0 else (tick, count + 1)
        self.seek(first + (tick + count) * per_tick)

    def step_chunks(self, count: int) -> None:
        """To the beginning of another chunk."""
        self._stand()
        bounds = [0]
        for chunk in self._take.chunks:
            bounds.append(bounds[-1] + chunk.num_frames)
        if self.num_total > bounds[-1]:
            bounds.append(self.num_total)
        bounds[-1] = max(bounds[-1] - 1, 0)
        if count > 0:
            self.seek(next((bound for bound in bounds if bound > self._frame), bounds[-1]))
        else:
            self.seek(next((bound for bound in reversed(bounds) if bound < self._frame), 0))

    def to_start(self) -> None:
        self.seek(self.work_area[0])

    def to_end(self) -> None:
        self.seek(self.work_area[1] - 1)

    # ------------------------------------------------------------------ playing

    def play_once(self) -> None:
        """Play from here to the end and wait there, whether playing loops otherwise or not."""
        self.play()
        self._is_once = True

    def play(self) -> None:
        """Play from here; from the beginning of the work area where its end is reached."""
        self._is_once = False
        start, stop = self.work_area
        if self._rate > 0 and self._frame >= stop - 1:
            self.seek(start)
        self._is_playing, self._clock_s, self._rest = True, None, 0.0
        self.changed.emit(None)

    def follow(self) -> None:
        """Play on from the last frame there is, for as long as somebody drives.

        Without loop or work area: at the last frame it waits for the next. `pause` ends it.
        """
        self._is_following, self._is_once, self._rate = True, False, 1.0
        self.seek(max(self.num_frames - 1, 0))
        self._is_playing, self._clock_s, self._rest = True, None, 0.0
        self.changed.emit(None)

    def pause(self) -> None:
        """Stand still; the rate is 1 again."""
        self._stand()

    def toggle(self) -> None:
        if self._is_playing:
            self.pause()
        else:
            self._rate = 1.0
            self.play()

    def shuttle(self, direction: int) -> None:
        """J and L: play that way, faster each time up to 8; the other way at first takes the speed back."""
        if self._is_playing and (self._rate > 0) == (direction > 0):
            faster = [rate for rate in _RATES if rate > abs(self._rate)]
            self._rate = direction * (faster[0] if faster else _RATES[-1])
        else:
            self._rate = float(direction)
        self.play()

    def set_looping(self, is_looping: bool) -> None:
        self._is_looping = is_looping
        self.changed.emit(None)

    def advance(self, now_s: float) -> None:
        """Let the clock, in seconds, move the playhead. Called more often than there are frames."""
        if not self._is_playing:
            return
        if self._clock_s is None:
            self._clock_s = now_s
            return
        passed = min(now_s - self._clock_s, _LONGEST_GAP_S)
        self._clock_s = now_s
        self._rest += passed * self.fps * self._rate
        whole = int(self._rest)
        if not whole:
            return
        self._rest -= whole
        start, stop = (0, max(self.num_frames, 1)) if self._is_following else self.work_area
        wanted = self._frame + whole
        if whole > 0 and wanted >= stop and (self._is_following or self._has_more_coming()):
            # Nothing is skipped: what comes is shown from its first frame on.
            self.seek(stop - 1)
            self._rest = 0.0
            self._wait(True)
            return
        self._wait(False)
        if start <= wanted < stop:
            self.seek(wanted)
        elif self._is_looping and not self._is_once and stop - start > 1:
            self.seek(start if whole > 0 else stop - 1)
        else:
            self.seek(stop - 1 if whole > 0 else start)
            self._stand()

    def _has_more_coming(self) -> bool:
        """Whether frames will follow the last one of what is played."""
        stop = self._project.work_area.stop
        return self._take.id in self._coming and (stop is None or stop > self.num_frames)

    def _wait(self, is_waiting: bool) -> None:
        if is_waiting != self._is_waiting:
            self._is_waiting = is_waiting
            self.changed.emit(None)

    def _stand(self) -> None:
        self._is_waiting = self._is_following = False
        if self._is_playing or self._rate != 1.0:
            self._is_playing, self._rate = False, 1.0
            self.changed.emit(None)

    # ------------------------------------------------------------------ frames

    def picture(self, take: TakeId, frame: int) -> Picture | None:
        """A frame (H, W, 3) that is in memory; None: it has been asked for, and `arrived` tells when it is there.

        Frames not made yet show the last one before them; a take without chunks has none.
        """
        shown = self._project.take(take) if self._project.has_take(take) else None
        count = self._count(shown) if shown else 0
        if shown is None or not count:
            return None
        found = self._at_hand(shown, min(frame, count - 1))
        step = -1 if self._is_playing and self._rate < 0 else 1
        ahead = _AHEAD if self._is_playing else 2
        for other in range(ahead, 0, -1):  # wished for first what is shown last: the newest request is read first
            place = min(frame, count - 1) + other * step
            if 0 <= place < count:
                self._wish(shown, place)
        if found is None:
            self._missed.add(self._wish(shown, min(frame, count - 1)))
        return found

    def nearest_picture(self, take: TakeId, frame: int) -> Picture | None:
        """What can be shown meanwhile: a frame close by, or the chunk's thumbnail."""
        if not self._project.has_take(take):
            return None
        shown = self._project.take(take)
        count = self._count(shown)
        for distance in range(1, 9):
            for place in (frame - distance, frame + distance):
                if 0 <= place < count and (found := self._at_hand(shown, place)) is not None:
                    return found
        chunk = self._locate(shown, min(frame, count - 1))[2] if count else None
        return None if chunk is None else self.thumbnail(chunk)

    def thumbnail(self, chunk: Chunk) -> Picture | None:
        """A chunk's small picture; None: it has been asked for."""
        if chunk.id in self._thumbnails:
            self._thumbnails.move_to_end(chunk.id)
            return self._thumbnails[chunk.id]
        self._reader.request(FrameRequest(chunk, THUMBNAIL))
        return None

    def start_picture(self, start: Start) -> Picture | None:
        """The whole picture of a start, before its crop: of a clip its last frame. None: it has been asked for."""
        if self._start is not None and self._start[0] == start.artifact:
            return self._start[1]
        self._reader.request(FrameRequest(start, THUMBNAIL))
        return None

    def put_frames(self, new: NewFrames) -> None:
        """Take in frames of a chunk that is being made; they can be shown at once."""
        for number, frame in enumerate(new.frames, new.first_frame):
            self._cache.put(new.chunk_id, number, frame)
        before = self.num_frames
        self._arriving.add(new.take, new.chunk_id, new.first_frame + len(new.frames))
        self.arrived.emit(new.chunk_id)
        if self.num_frames > before:
            self.grown.emit(before)

    def drop_frames(self, chunk: ChunkId) -> None:
        """Forget what has come of a chunk that will not be in the project."""
        self._arriving.drop(chunk)
        if self._frame > max(self.num_total - 1, 0):
            self.seek(max(self.num_total - 1, 0))
        self.changed.emit(None)

    def expect(self, takes: frozenset[TakeId]) -> None:
        """Say of which takes more frames are on their way: playing waits for them at their end."""
        self._coming = takes

    def is_in_memory(self, chunk: Chunk) -> bool:
        """Whether all frames of a chunk are here."""
        return self._cache.count(frames_id(chunk, is_soft=self._is_soft)) >= chunk.num_frames

    @property
    def cache_bytes(self) -> int:
        return self._cache.num_bytes

    @property
    def cache_cap_bytes(self) -> int:
        return self._cache.cap_bytes

    def close(self) -> None:
        self._unsubscribe()
        self._reader.close()

    @property
    def _project(self) -> Project:
        return self._session.project

    @property
    def _take(self) -> Take:
        return self._session.project.current

    def _count(self, take: Take) -> int:
        """Frames of a take that can be shown, those of chunks that are not stored yet included."""
        return made_frames(take) + self._arriving.count(take)

    def _locate(self, take: Take, frame: int) -> FoundFrame:
        made = made_frames(take)
        found = self._arriving.locate(take, frame - made) if frame >= made else None
        if found is not None:
            return (*found, None)
        chunk, number = locate_frame(take, frame)
        return frames_id(chunk, is_soft=self._is_soft), number, chunk

    def _at_hand(self, take: Take, frame: int) -> Picture | None:
        chunk_id, number, _ = self._locate(take, frame)
        return self._cache.get(chunk_id, number)

    def _wish(self, take: Take, frame: int) -> tuple[ChunkId, int]:
        chunk_id, number, chunk = self._locate(take, frame)
        if chunk is not None and self._cache.get(chunk_id, number) is None:
            self._reader.request(FrameRequest(chunk, number, is_soft=self._is_soft))
        return chunk_id, number

    def _read(self, request: FrameRequest, picture: Picture) -> None:
        source, number = request.key
        if isinstance(request.source, Start):
            self._start = (source, picture)
            self.small_arrived.emit(source)
        elif number == THUMBNAIL:
            self._thumbnails[source] = picture
            while len(self._thumbnails) > _MAX_THUMBNAILS:
                self._thumbnails.popitem(last=False)
            self.small_arrived.emit(source)
        else:
            self._cache.put(source, number, picture)
            # Frames read ahead change nothing that is seen: views would only be painted once more.
            if (source, number) in self._missed or self.is_in_memory(request.source):
                self._missed.discard((source, number))
                self.arrived.emit(request.source.id)

    def _project_changed(self, change: Change) -> None:
        self._arriving.settle(change.after)
        if self._frame > max(self.num_total - 1, 0):
            self.seek(max(self.num_total - 1, 0))
        if change.before.selection.take != change.after.selection.take or self.num_frames == 0:
            self._reader.forget()
        self.changed.emit(None)
