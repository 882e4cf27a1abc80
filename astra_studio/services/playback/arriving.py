"""Frames of chunks not yet in the project: shown as they are decoded, until their chunk is stored."""

from __future__ import annotations

from dataclasses import dataclass

from astra_studio.document.model import Chunk, ChunkId, Project, Take, TakeId


@dataclass(frozen=True)
class _Arriving:
    take: TakeId
    chunk_id: ChunkId
    num_frames: int


class ArrivingFrames:
    """How many frames have come of which chunks, oldest first."""

    def __init__(self) -> None:
        self._chunks: list[_Arriving] = []

    def add(self, take: TakeId, chunk: ChunkId, num_frames: int) -> None:
        """Note that the first `num_frames` of a chunk are there."""
        for place, known in enumerate(self._chunks):
            if known.chunk_id == chunk:
                self._chunks[place] = _Arriving(take, chunk, max(num_frames, known.num_frames))
                return
        self._chunks.append(_Arriving(take, chunk, num_frames))

    def drop(self, chunk: ChunkId) -> None:
        """Forget a chunk that will not be in the project."""
        self._chunks = [known for known in self._chunks if known.chunk_id != chunk]

    def settle(self, project: Project) -> None:
        """Forget the chunks that are in the project, and those of takes that are not."""
        if self._chunks:
            stored = {chunk.id for take in project.takes for chunk in take.chunks}
            self._chunks = [
                known for known in self._chunks if known.chunk_id not in stored and project.has_take(known.take)
            ]

    def count(self, take: Take) -> int:
        """Frames beyond those of a take's chunks."""
        return sum(known.num_frames for known in self._of(take))

    def locate(self, take: Take, frame: int) -> tuple[ChunkId, int] | None:
        """The chunk that holds frame `frame`, counted from the end of the take's own chunks, and its number there."""
        for known in self._of(take):
            if 0 <= frame < known.num_frames:
                return known.chunk_id, frame
            frame -= known.num_frames
        return None

    def _of(self, take: Take) -> list[_Arriving]:
        own = {chunk.id for chunk in take.chunks}
        return [known for known in self._chunks if known.take == take.id and known.chunk_id not in own]


FoundFrame = tuple[str, int, Chunk | None]
"""Under what a chunk's frames are kept, a frame's number in it, and the chunk in the project, where it is there."""
