"""Rollouts: the chunks of a take, one after another, numbered, seeded and kept so that every way back is exact.

`Branches` makes chunks by their ids, each from the state after another; it is what a window goes back and forth in.
`Rollout` is one take of it. Both hold a bounded number of states; what they no longer hold is rebuilt from latents.
"""

from __future__ import annotations

import tempfile
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import numpy as np

from engine.actions.modality import ActionTrack, rest_rows
from engine.messages import (
    ChunkRequest,
    ChunkResult,
    Frames,
    Latents,
    Listener,
    Picture,
    StoredArrays,
    TakeHistory,
    chunk_seed,
)
from engine.settings import Settings
from engine.worlds.protocol import WorldModel

MAX_BYTES = 8 * 2**30
"""Of the states that `Branches` holds; the newest is held whatever it has. One of the full size has 1.9 GB."""


class LatentReader(Protocol):
    """The latents of a take."""

    def read(self, start: int, stop: int) -> Latents:
        """Latents start..stop-1, 0 being the start picture's."""
        ...


class LatentArchive(LatentReader, Protocol):
    """Keeps a take's latents in order."""

    def append(self, latents: Latents) -> None:
        """Add latents (C, T, h, w) at the end."""
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


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredTake:
    """What is kept of a take that its states can be rebuilt from.

    Attributes:
        chunks: actions of every chunk from the first on.
        num_start: latents of the start.
        arrays: of the newest chunk.
        picture: the last start frame at the best resolution there is, where detail is to go on.
    """

    latents: LatentReader
    chunks: Sequence[ActionTrack]
    num_start: int
    arrays: StoredArrays = field(default_factory=dict)
    picture: Picture | None = None

    @property
    def num_latents(self) -> int:
        return self.num_start + sum(len(chunk) for chunk in self.chunks)

    def history(self, num_needed: int) -> TakeHistory:
        """The take's history with its last `num_needed` latents, or all. Raises what reading them raises."""
        kind, count = self.chunks[0].modality, self.num_latents
        rows = [rest_rows(kind, self.num_start), *(chunk.rows for chunk in self.chunks)]
        return TakeHistory(
            latents=self.latents.read(max(0, count - num_needed), count),
            num_latents=count,
            num_start=self.num_start,
            actions=ActionTrack(kind, np.concatenate(rows)),
            arrays=self.arrays,
            picture=self.picture,
        )


class Branches:
    """Chunks of one world by their ids, each made from the state after another. Belongs to the world's thread.

    The states after the chunks made last are held, at most `max_states`: the newest where the world computes, the
    others off its device.
    """

    def __init__(self, world: WorldModel, max_states: int = 4, max_bytes: int = MAX_BYTES) -> None:
        """Raises ValueError for less than one state."""
        if max_states < 1:
            raise ValueError(f"branches grow from at least one state, got {max_states}")
        self.world = world
        self._max_states, self._max_bytes = max_states, max_bytes
        self._states: OrderedDict[str, Any] = OrderedDict()
        self._newest = ""

    @property
    def held(self) -> tuple[str, ...]:
        """Ids of the chunks whose states are held, the one used last at the end."""
        return tuple(self._states)

    @property
    def num_bytes(self) -> int:
        """Bytes of all held states, what they share counted once for each."""
        return sum(self.world.state_bytes(state) for state in self._states.values())

    def open(self, start_id: str, frames: Frames, modality: str, picture: Picture | None = None) -> Latents:
        """Begin a take; returns the latents of its start, whose state has the id `start_id`. `picture` as in
        `WorldModel.open`. Raises ValueError."""
        opened = self.world.open(frames, modality, picture)
        self._hold(start_id, opened.state)
        return opened.latents

    def step(
        self,
        chunk_id: str,
        parent_id: str,
        request: ChunkRequest,
        history: Callable[[int], TakeHistory],
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ChunkResult:
        """Make the chunk after `parent_id`. `history` is asked, for so many latents, where that state is not held.

        Raises Cancelled, what `WorldModel.step` raises, or what `history` raises; every state then is as it was.
        """
        if parent_id not in self._states:
            self._hold(parent_id, self.world.restore(history(self.world.restore_latents)))
        after, result = self.world.step(self._states[parent_id], request, listener, cancelled)
        self._states.move_to_end(parent_id)
        self._hold(chunk_id, after)
        return result

    def forget(self, chunk_ids: Iterable[str]) -> None:
        """Let go of the states after these chunks."""
        for chunk_id in chunk_ids:
            self._states.pop(chunk_id, None)

    def _hold(self, chunk_id: str, state: Any) -> None:
        if self._newest in self._states:
            self._states[self._newest] = self.world.off_device(self._states[self._newest])
        self._states[chunk_id] = state
        self._newest = chunk_id
        while len(self._states) > self._max_states or (len(self._states) > 1 and self.num_bytes > self._max_bytes):
            self._states.popitem(last=False)


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
        settings: Settings | None = None,
        archive: LatentArchive | None = None,
        max_states: int = 1,
        picture: Picture | None = None,
    ) -> None:
        """Open a take from start frames (N, H, W, 3) of the world's clock and size.

        `max_states` are held to go back without restoring them; `picture` is the last start frame at the best
        resolution there is, for worlds that show detail. Raises what `WorldModel.open` raises.
        """
        self.world = world
        self.seed = seed
        self.settings = settings or world.info.defaults
        self._archive = archive if archive is not None else TemporaryArchive()
        self._branches = Branches(world, max_states)
        self._start, self._modality, self._picture = frames, modality, picture
        latents = self._branches.open(_id(0), frames, modality, picture)
        self._archive.append(latents)
        self.num_start_latents = latents.shape[1]
        self._chunks: list[ActionTrack] = []
        self._arrays: list[StoredArrays] = []

    @property
    def num_chunks(self) -> int:
        return len(self._chunks)

    @property
    def num_latents(self) -> int:
        """Absolute number of the next latent; the start picture's is 0."""
        return self._stored.num_latents

    def step(
        self,
        actions: ActionTrack,
        *,
        prompt: str = "",
        negative_prompt: str = "",
        settings: Settings | None = None,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> ChunkResult:
        """Make the next chunk, one latent per row of `actions`.

        Raises Cancelled or what `WorldModel.step` raises; the rollout then stands where it stood.
        """
        index = self.num_chunks
        request = next_request(
            take_seed=self.seed,
            index=index,
            actions=actions,
            settings=settings or self.settings,
            prompt=prompt,
            negative_prompt=negative_prompt,
        )
        if not self._chunks and _id(0) not in self._branches.held:
            self._branches.open(_id(0), self._start, self._modality, self._picture)
        made = _id(index + 1)
        result = self._branches.step(made, _id(index), request, self._stored.history, listener, cancelled)
        try:
            self._archive.append(result.latents)
        except BaseException:
            self._branches.forget([made])
            raise
        self._chunks.append(actions)
        self._arrays.append(result.arrays)
        return result

    def resume_from(
        self,
        chunks: Sequence[tuple[ActionTrack, Latents]],
        arrays: StoredArrays | None = None,
    ) -> None:
        """Go on after chunks that were made before, by this world from this start, of which only latents are left.

        `arrays` are those of the last of them. What follows equals a run that made them here. Raises ValueError where
        it has chunks already.
        """
        if self._chunks:
            raise ValueError(f"the take has {self.num_chunks} chunks already, and can take up none")
        for actions, latents in chunks:
            self._archive.append(latents)
            self._chunks.append(actions)
            self._arrays.append({})
        if chunks:
            self._arrays[-1] = arrays or {}

    def rewind(self, num_chunks: int) -> None:
        """Go back to just after the first `num_chunks` chunks. What follows equals a fresh run from there.

        Raises ValueError unless 0 <= num_chunks <= self.num_chunks.
        """
        if not 0 <= num_chunks <= self.num_chunks:
            raise ValueError(f"the take has {self.num_chunks} chunks; cannot go back to {num_chunks}")
        self._branches.forget(_id(index) for index in range(num_chunks + 1, self.num_chunks + 1))
        del self._chunks[num_chunks:], self._arrays[num_chunks:]
        self._archive.truncate(self.num_latents)

    @property
    def _stored(self) -> StoredTake:
        return StoredTake(
            latents=self._archive,
            chunks=self._chunks,
            num_start=self.num_start_latents,
            arrays=self._arrays[-1] if self._arrays else {},
            picture=self._picture,
        )


def next_request(
    *,
    take_seed: int,
    index: int,
    actions: ActionTrack,
    settings: Settings,
    prompt: str = "",
    negative_prompt: str = "",
) -> ChunkRequest:
    """The request for chunk `index` of a take: the one place where the seed of a chunk is derived."""
    return ChunkRequest(
        index=index,
        actions=actions,
        seed=chunk_seed(take_seed, index),
        settings=settings,
        prompt=prompt,
        negative_prompt=negative_prompt,
    )


def _id(num_chunks: int) -> str:
    return str(num_chunks)
