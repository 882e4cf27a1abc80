"""Cache of frames in memory, limited in bytes; the least recently used go first."""

from __future__ import annotations

import ctypes
import sys
from collections import Counter, OrderedDict
from contextlib import suppress

from astra_studio.document.model import ChunkId
from engine.messages import Picture

DEFAULT_CAP_BYTES = 2**30
_M_MMAP_THRESHOLD, _LARGE_BYTES = -3, 2**18
"""Of glibc's mallopt: blocks from that size on come from the system one by one, and go back to it."""


class FrameCache:
    """Frames by chunk and number. Belongs to the main thread."""

    def __init__(self, cap_bytes: int = DEFAULT_CAP_BYTES) -> None:
        """Raises ValueError for a cap that is not above 0."""
        if cap_bytes <= 0:
            raise ValueError(f"the frame cache needs room, got {cap_bytes} bytes")
        _keep_large_blocks_apart()
        self.cap_bytes = cap_bytes
        self.num_bytes = 0
        self._frames: OrderedDict[tuple[ChunkId, int], Picture] = OrderedDict()
        self._counts: Counter[ChunkId] = Counter()

    def get(self, chunk: ChunkId, number: int) -> Picture | None:
        """A frame, which counts as looked at; None where it is not here."""
        key = (chunk, number)
        if key not in self._frames:
            return None
        self._frames.move_to_end(key)
        return self._frames[key]

    def put(self, chunk: ChunkId, number: int, frame: Picture) -> None:
        """Keep a frame, and drop others while there are too many bytes."""
        key = (chunk, number)
        if key in self._frames:
            self._frames.move_to_end(key)
            return
        self._frames[key] = frame
        self._counts[chunk] += 1
        self.num_bytes += frame.nbytes
        while self.num_bytes > self.cap_bytes and len(self._frames) > 1:
            (gone, _), dropped = self._frames.popitem(last=False)
            self.num_bytes -= dropped.nbytes
            self._counts[gone] -= 1

    def count(self, chunk: ChunkId) -> int:
        """How many frames of a chunk are here."""
        return self._counts[chunk]


def _keep_large_blocks_apart() -> None:
    """Let the memory of this process follow what is kept.

    By itself glibc takes blocks of a frame's size from one heap after the first was freed; what decoding needs for a
    moment leaves holes between the frames that stay, half as large again as these (measured: 255 MB beside 439).
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # another libc
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
