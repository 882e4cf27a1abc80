"""Thread that reads frames and thumbnails from the project file, the newest request first."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from astra_studio.document.artifacts import ArtifactReader, open_artifacts
from astra_studio.document.chunk_files import THUMBNAIL_PX, ChunkFrames
from astra_studio.document.model import Chunk, Start
from astra_studio.services.playback.starts import whole_picture
from astra_studio.services.signals import Post
from engine.messages import Picture
from engine.video.pictures import decode_jpeg

_LOG = logging.getLogger(__name__)
_OPEN_CHUNKS = 16
"""Chunk files kept open, 4 MB each at 480 x 832: a scrub goes back and forth over the same ones."""
THUMBNAIL = -1
"""The number under which a chunk's thumbnail is asked for."""


@dataclass(frozen=True)
class FrameRequest:
    """A frame of a chunk, its thumbnail, or a start's whole picture.

    Attributes:
        is_soft: whether the frame is wanted as the world decoded it, without detail.
    """

    source: Chunk | Start
    number: int
    is_soft: bool = False

    @property
    def key(self) -> tuple[str, int]:
        if isinstance(self.source, Start):
            return self.source.artifact, self.number
        return frames_id(self.source, is_soft=self.is_soft), self.number


def frames_id(chunk: Chunk, *, is_soft: bool) -> str:
    """Under what a chunk's frames are kept: those without detail apart, where there are any."""
    return f"{chunk.id} soft" if is_soft and chunk.soft_frames is not None else chunk.id


class FrameReader:
    """A thread that reads what is wished for and posts it to the main thread."""

    def __init__(self, path: Path, post: Post, on_read: Callable[[FrameRequest, Picture], None]) -> None:
        self._path, self._post, self._on_read = path, post, on_read
        self._requests: OrderedDict[tuple[str, int], FrameRequest] = OrderedDict()
        self._changed = threading.Condition()
        self._closing = False
        self._bad: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._run, name="frame reader")
        self._thread.start()

    def request(self, request: FrameRequest) -> None:
        """Read this next. What is wished for already moves to the front."""
        key = request.key
        with self._changed:
            if key in self._bad:
                return
            self._requests[key] = request
            self._requests.move_to_end(key)
            self._changed.notify()

    def forget(self) -> None:
        """Drop every request for a frame that has not been read yet: the playhead is elsewhere."""
        with self._changed:
            for key in [key for key in self._requests if key[1] != THUMBNAIL]:
                del self._requests[key]

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        opened: OrderedDict[str, ChunkFrames] = OrderedDict()
        with open_artifacts(self._path) as artifacts:
            while (request := self._next()) is not None:
                try:
                    picture = _read(request, artifacts, opened)
                except Exception as error:  # a worker's loop: whatever it was, the next frame is to be read
                    _LOG.error("a frame cannot be shown: %s", error)
                    self._bad.add(request.key)
                else:
                    self._post(lambda request=request, picture=picture: self._on_read(request, picture))  # type: ignore[misc]
        for frames in opened.values():
            frames.close()

    def _next(self) -> FrameRequest | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or bool(self._requests))
            return None if self._closing else self._requests.popitem(last=True)[1]


def _read(request: FrameRequest, artifacts: ArtifactReader, opened: OrderedDict[str, ChunkFrames]) -> Picture:
    source = request.source
    if isinstance(source, Start):
        return whole_picture(source, artifacts.read(source.artifact))
    if request.number == THUMBNAIL:
        return decode_jpeg(artifacts.read(source.thumbnail), max(THUMBNAIL_PX))
    key = request.key[0]
    if key not in opened:
        soft = source.soft_frames if request.is_soft else None
        opened[key] = ChunkFrames(artifacts.read(soft or source.frames))
        while len(opened) > _OPEN_CHUNKS:
            opened.popitem(last=False)[1].close()
    opened.move_to_end(key)
    return opened[key].frame(request.number)
