"""A planned chunk: everything decided when it begins, and the request sent to the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from astra_studio.document.artifacts import open_artifacts
from astra_studio.document.derived import TickRecipe, latents_per_chunk, made_ticks, recipe_at
from astra_studio.document.model import ChunkId, Project, Start, Take, new_id
from astra_studio.document.writer import Finished
from astra_studio.services.generation.requests import planned_actions, stored_take
from astra_studio.services.playback.starts import best_picture, start_frames
from engine.actions.modality import ActionTrack
from engine.messages import TakeHistory, WorldInfo
from engine.serving.messages import ChunkDone, MakeChunk
from engine.worlds.location import WorldLocation


@dataclass(frozen=True, kw_only=True, eq=False)
class PlannedChunk:
    """The next chunk of a take.

    Attributes:
        take: as it is when the chunk begins, without chunks that are not in the file yet.
        unstored: those chunks, oldest first.
        parent: the chunk before it, stored or not; None for the first of a take.
        project_file: where what lies before it is read.
    """

    chunk_id: ChunkId
    take: Take
    unstored: tuple[Finished, ...]
    parent: ChunkId | None
    start: Start
    world: WorldLocation
    info: WorldInfo
    recipe: TickRecipe
    actions: ActionTrack
    project_file: Path

    @property
    def index(self) -> int:
        """Number of the chunk in its take."""
        return len(self.take.chunks) + len(self.unstored)

    def message(self) -> MakeChunk:
        """The request; of a take's first chunk with the start, which is read for it. Raises ArtifactDamaged, or what
        reading the start raises."""
        frames = picture = None
        if self.parent is None:
            with open_artifacts(self.project_file) as artifacts:
                data = artifacts.read(self.start.artifact)
            frames, picture = start_frames(self.start, data, self.info), best_picture(self.start, data, self.info)
        has_text = self.info.has_text
        return MakeChunk(
            request_id=self.chunk_id,
            world=self.world,
            fingerprint=self.info.fingerprint,
            parent_id=self.parent,
            start=frames,
            picture=picture,
            index=self.index,
            take_seed=self.take.recipe.seed,
            actions=self.actions,
            settings=self.recipe.settings,
            prompt=self.recipe.prompt if has_text else "",
            negative_prompt=self.take.recipe.negative_prompt if has_text else "",
        )

    def history(self, num_latents: int) -> TakeHistory:
        """What lies before the chunk. Raises ArtifactDamaged."""
        with open_artifacts(self.project_file) as artifacts:
            return stored_take(self.take.chunks, artifacts.read, self.unstored, info=self.info).history(num_latents)

    def finished(self, done: ChunkDone) -> Finished:
        """The chunk as the engine made it, for the project."""
        return Finished(
            id=self.chunk_id,
            take=self.take.id,
            parent=self.parent,
            world=self.info.fingerprint,
            start=self.start,
            seed=self.take.recipe.seed,
            result=done.result,
            start_latents=done.start_latents,
            clock=self.info.clock,
            keyed=self.recipe.keyed,
        )


def plan_chunk(
    project: Project,
    take: Take,
    unstored: Sequence[Finished],
    *,
    info: WorldInfo,
    world: WorldLocation,
    project_file: Path,
) -> PlannedChunk:
    """What the next chunk of a take is to be, after its chunks in the file and those that are still unstored."""
    begin = made_ticks(take) + sum(len(chunk.result.request.actions) for chunk in unstored)
    start = take.chunks[0].request.start if take.chunks else unstored[0].start if unstored else project.start
    assert start is not None, "a take that goes on has a start"
    parents = [*(chunk.id for chunk in take.chunks), *(chunk.id for chunk in unstored)]
    return PlannedChunk(
        chunk_id=new_id(),
        take=take,
        unstored=tuple(unstored),
        parent=parents[-1] if parents else None,
        start=start,
        world=world,
        info=info,
        recipe=recipe_at(project, take, begin),
        actions=planned_actions(take, begin, latents_per_chunk(project, take)).track,
        project_file=project_file,
    )


@dataclass(kw_only=True)
class CurrentChunk:
    """The chunk that the engine makes, and its pace."""

    plan: PlannedChunk
    began_s: float
    first_step_s: float = 0.0

    def seconds_left(self, step: int, num_steps: int, known: float | None) -> float | None:
        """From the pace of this chunk's own steps; from past chunks until it has one."""
        if step > 1:
            return (time.monotonic() - self.first_step_s) / (step - 1) * (num_steps - step)
        return None if known is None else known * (num_steps - step) / num_steps
