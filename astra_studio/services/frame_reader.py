"""Owns the reading thread: frames and thumbnails out of the project file, the newest wish first."""

from __future__ import annotations

import io
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from astra_studio.document.artifacts import ArtifactReader, open_artifacts
from astra_studio.document.chunk_files import ChunkFrames
from astra_studio.document.errors import ProjectError
from astra_studio.document.model import Chunk
from astra_studio.services.posting import Post
from engine.messages import Picture

_LOG = logging.getLogger(__name__)
_OPEN_CHUNKS = 6
"""Chunk files kept open: a scrub goes back and forth over the same few."""
THUMBNAIL = -1
"""The number under which a chunk's thumbnail is asked for."""


@dataclass(frozen=True)
class Wish:
    """A frame of a chunk, or its thumbnail."""

    chunk: Chunk
    number: int


class FrameReader:
    """A thread that reads what is wished for and posts it to the main thread."""

    def __init__(self, path: Path, post: Post, on_read: Callable[[Wish, Picture], None]) -> None:
        self._path, self._post, self._on_read = path, post, on_read
        self._wishes: OrderedDict[tuple[str, int], Wish] = OrderedDict()
        self._changed = threading.Condition()
        self._closing = False
        self._bad: set[tuple[str, int]] = set()
        self._thread = threading.Thread(target=self._run, name="frame reader")
        self._thread.start()

    def wish(self, wish: Wish) -> None:
        """Read this next. What is wished for already moves to the front."""
        key = (wish.chunk.id, wish.number)
        with self._changed:
            if key in self._bad:
                return
            self._wishes[key] = wish
            self._wishes.move_to_end(key)
            self._changed.notify()

    def forget(self) -> None:
        """Drop every wish for a frame that has not been read yet: the playhead is elsewhere."""
        with self._changed:
            for key in [key for key in self._wishes if key[1] != THUMBNAIL]:
                del self._wishes[key]

    def close(self) -> None:
        """End the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        opened: OrderedDict[str, ChunkFrames] = OrderedDict()
        with open_artifacts(self._path) as artifacts:
            while (wish := self._next()) is not None:
                try:
                    picture = _read(wish, artifacts, opened)
                except (ProjectError, OSError, ValueError) as error:
                    _LOG.error("a frame cannot be shown: %s", error)
                    self._bad.add((wish.chunk.id, wish.number))
                else:
                    self._post(lambda wish=wish, picture=picture: self._on_read(wish, picture))  # type: ignore[misc]
        for frames in opened.values():
            frames.close()

    def _next(self) -> Wish | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closing or bool(self._wishes))
            return None if self._closing else self._wishes.popitem(last=True)[1]


def _read(wish: Wish, artifacts: ArtifactReader, opened: OrderedDict[str, ChunkFrames]) -> Picture:
    if wish.number == THUMBNAIL:
        with Image.open(io.BytesIO(artifacts.read(wish.chunk.thumbnail))) as image:
            return np.array(image.convert("RGB"))
    if wish.chunk.id not in opened:
        opened[wish.chunk.id] = ChunkFrames(artifacts.read(wish.chunk.frames))
        while len(opened) > _OPEN_CHUNKS:
            opened.popitem(last=False)[1].close()
    opened.move_to_end(wish.chunk.id)
    return opened[wish.chunk.id].frame(wish.number)
