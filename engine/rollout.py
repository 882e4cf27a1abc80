"""A rollout: one take, made chunk by chunk. Owns the absolute latent index, the seed of every chunk and the way back.

Memory does not grow with the take: the world's state is bounded, and latents lie in an archive on disk.
"""

from __future__ import annotations

import tempfile
import weakref
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO, Protocol

import numpy as np

from engine.actions.modality import ActionTrack, rest_rows
from engine.messages import ChunkRequest, ChunkResult, Frames, Latents, Listener, SamplingSettings, chunk_seed
from engine.worlds.protocol import WorldModel


class LatentArchive(Protocol):
    """Keeps a take's latents in order. The application's store is one; `TemporaryArchive` another."""

    def append(self, latents: Latents) -> None:
        """Add latents (C, T, h, w) at the end."""
        ...

    def read(self, start: int, stop: int) -> Latents:
        """Latents start..stop-1."""
        ...

    def truncate(self, num_latents: int) -> None:
        """Forget all but the first `num_latents`."""
        ...


class TemporaryArchive:
    """A `LatentArchive` in an unnamed file that vanishes with the process."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the archive)
        weakref.finalize(self, self._file.close)
        self._shape: tuple[int, int, int] | None = None
        self._count = 0

    def append(self, latents: Latents) -> None:
        channels, count, height, width = latents.shape
        self._shape = (channels, height, width)
        self._file.seek(self._count * self._latent_bytes())
        self._file.write(np.ascontiguousarray(latents.swapaxes(0, 1), dtype=np.float32).tobytes())
        self._count += count

    def read(self, start: int, stop: int) -> Latents:
        if not 0 <= start < stop <= self._count:
            raise ValueError(f"the archive holds latents 0 to {self._count - 1}, asked for {start} to {stop - 1}")
        self._file.seek(start * self._latent_bytes())
        raw = self._file.read((stop - start) * self._latent_bytes())
        assert self._shape is not None
        return np.frombuffer(raw, np.float32).reshape(stop - start, *self._shape).swapaxes(0, 1).copy()

    def truncate(self, num_latents: int) -> None:
        self._count = min(self._count, num_latents)

    def _latent_bytes(self) -> int:
        assert self._shape is not None
        return 4 * self._shape[0] * self._shape[1] * self._shape[2]


class Rollout:
    """One take of a world. Lives on the engine's thread.

    Ticks of an action track count from the first latent after the start: chunk k of 8 latents is steered by ticks 8k
    to 8k + 7. In the released model a command shows one latent after its own (K12).
    """

    def __init__(
        self,
        world: WorldModel,
        frames: Frames,
        modality: str = "camera",
        *,
        seed: int = 0,
        settings: SamplingSettings | None = None,
        archive: LatentArchive | None = None,
    ) -> None:
        """Open a take from 1 + 4k start frames (N, H, W, 3). Raises what `WorldModel.open` raises."""
        self.world = world
        self.seed = seed
        self.settings = settings or world.info.defaults
        self._archive = archive if archive is not None else TemporaryArchive()
        opened = world.open(frames, modality)
        self._state = opened.state
        self._archive.append(opened.latents)
        self.num_start_latents = opened.latents.shape[1]
        self._chunk_ends: list[int] = []
        self._start_state = opened.state
        self._rows: list[ActionTrack] = []

    @property
    def num_chunks(self) -> int:
        return len(self._chunk_ends)

    @property
    def num_latents(self) -> int:
        """Absolute number of the next latent; the start picture's is 0."""
        return self._chunk_ends[-1] if self._chunk_ends else self.num_start_latents

    def step(
        self,
        actions: ActionTrack,
        *,
        prompt: str = "",
        negative_prompt: str = "",
        settings: SamplingSettings | None = None,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ChunkResult:
        """Make the next chunk, one latent per row of `actions`.

        Raises Cancelled or what `WorldModel.step` raises; the rollout then stands where it stood.
        """
        request = ChunkRequest(
            index=self.num_chunks,
            actions=actions,
            seed=chunk_seed(self.seed, self.num_chunks),
            settings=settings or self.settings,
            prompt=prompt,
            negative_prompt=negative_prompt,
        )
        state, result = self.world.step(self._state, request, listener, cancelled)
        self._archive.append(result.latents)
        self._state = state
        self._rows.append(actions)
        self._chunk_ends.append(self.num_latents + len(actions))
        return result

    def resume_from(self, chunks: Sequence[tuple[ActionTrack, Latents]]) -> None:
        """Go on after chunks that were made before, by this world from this start, of which only latents are left.

        What follows equals a run that made them here. Raises ValueError where it has chunks already.
        """
        if self._chunk_ends:
            raise ValueError(f"the take has {self.num_chunks} chunks already, and can take up none")
        for actions, latents in chunks:
            self._archive.append(latents)
            self._rows.append(actions)
            self._chunk_ends.append(self.num_latents + len(actions))
        if chunks:
            self._state = self._restored(self._rows, self._chunk_ends)

    def rewind(self, num_chunks: int) -> None:
        """Go back to just after the first `num_chunks` chunks. What follows equals a fresh run from there.

        Raises ValueError unless 0 <= num_chunks <= self.num_chunks.
        """
        if not 0 <= num_chunks <= self.num_chunks:
            raise ValueError(f"the take has {self.num_chunks} chunks; cannot go back to {num_chunks}")
        if num_chunks == self.num_chunks:
            return
        rows, ends = self._rows[:num_chunks], self._chunk_ends[:num_chunks]
        state = self._restored(rows, ends) if num_chunks else self._start_state
        self._state, self._rows, self._chunk_ends = state, rows, ends
        self._archive.truncate(self.num_latents)

    def _restored(self, rows: list[ActionTrack], ends: list[int]) -> Any:
        """The world's state after these chunks, out of the archive."""
        tail = self._archive.read(max(0, ends[-1] - self.world.restore_latents), ends[-1])
        return self.world.restore(tail, ends[-1], self.num_start_latents, self._whole_track(rows))

    def _whole_track(self, chunks: list[ActionTrack]) -> ActionTrack:
        kind = chunks[0].modality
        start = rest_rows(kind, self.num_start_latents)
        return ActionTrack(kind, np.concatenate([start, *(chunk.rows for chunk in chunks)]))
