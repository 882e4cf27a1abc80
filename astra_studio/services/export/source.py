"""Frames of an export: those of a take from the project file, with actions drawn in, or takes side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from astra_studio.document.artifacts import open_artifacts
from astra_studio.document.chunk_files import ChunkFrames
from astra_studio.document.derived import locate_frame, made_frames
from astra_studio.document.model import Chunk, Take
from astra_studio.services.export.burnt_hud import draw_hud
from engine.messages import Picture


class TakeSource:
    """Frames of a take, one after another; a chunk is opened when its first frame is asked for. A context manager."""

    def __init__(
        self, project: Path, take: Take, *, has_hud: bool = False, beside: Take | None = None, scale: int = 1
    ) -> None:
        """Read from the file `project`. `beside` is another take on the right; its last frame stands where it is
        shorter. Pictures are made `scale` times larger each way, before anything is drawn on them."""
        self._take = take
        self._has_hud, self._scale = has_hud, scale
        self._artifacts = open_artifacts(project)
        self._open: tuple[str, ChunkFrames] | None = None
        self._beside = TakeSource(project, beside, has_hud=has_hud, scale=scale) if beside is not None else None
        self.num_frames = made_frames(take)
        self.rate = take.clock.fps
        self._size = self._largest_size()

    def picture(self, number: int) -> Picture:
        """Frame `number` as it is exported. Raises ValueError for takes of different sizes, ArtifactDamaged."""
        picture = self._own(min(number, self.num_frames - 1))
        if self._beside is None:
            return picture
        # The other at the same time, where it has another rate.
        other = self._beside.picture(number * self._beside.rate // self.rate)
        if other.shape != picture.shape:
            names = f"{self._take.name} and {self._beside._take.name}"
            raise ValueError(f"{names} have pictures of different sizes; they cannot stand side by side")
        return np.concatenate([picture, other], axis=1)

    def _own(self, number: int) -> Picture:
        chunk, inside = locate_frame(self._take, number)
        if self._open is None or self._open[0] != chunk.id:
            self._close_chunk()
            self._open = (chunk.id, ChunkFrames(self._artifacts.read(chunk.frames)))
        picture = _resized(self._open[1].frame(inside), self._size, self._scale)
        tick = tick_in(chunk, inside)
        return (
            picture
            if tick is None or not self._has_hud
            else draw_hud(picture, chunk.request.actions, tick, chunk.clock)
        )

    def _largest_size(self) -> tuple[int, int]:
        """(width, height) of the take's largest frames: chunks may be shown at different sizes."""
        distinct = {chunk.request.settings: chunk for chunk in self._take.chunks}
        sizes = []
        for chunk in distinct.values():
            with ChunkFrames(self._artifacts.read(chunk.frames)) as frames:
                height, width = frames.frame(0).shape[:2]
                sizes.append((width, height))
        return max(sizes)

    def _close_chunk(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None

    def close(self) -> None:
        self._close_chunk()
        self._artifacts.close()
        if self._beside is not None:
            self._beside.close()

    def __enter__(self) -> TakeSource:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _resized(picture: Picture, size: tuple[int, int], scale: int) -> Picture:
    """A picture at `scale` times that width and height."""
    wanted = scale * size[0], scale * size[1]
    if picture.shape[1::-1] == wanted:
        return picture
    return np.array(Image.fromarray(picture).resize(wanted, Image.Resampling.LANCZOS))


def tick_in(chunk: Chunk, frame: int) -> int | None:
    """The chunk's tick whose action made a frame of it; None for frames of the start, which come first."""
    per_tick = chunk.clock.frames_per_latent
    lead = chunk.num_frames - per_tick * chunk.num_ticks
    return (frame - lead) // per_tick if frame >= lead else None
