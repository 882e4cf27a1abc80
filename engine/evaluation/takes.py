"""Takes made with a world for measuring; a few frames of every chunk are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.actions.modality import ActionTrack
from engine.analysis.following import luminance
from engine.analysis.warp import Luminance
from engine.clock import Clock
from engine.evaluation.commands import glimpse_ticks
from engine.evaluation.starts import Start
from engine.messages import Frames, Picture
from engine.rollout import Rollout
from engine.settings import Settings
from engine.worlds.protocol import WorldModel


@dataclass(frozen=True, kw_only=True, eq=False)
class Glimpses:
    """A chunk at a glance."""

    before: Luminance = field(repr=False)
    """The frame before it: of a first chunk the start as the world shows it."""
    after: tuple[Luminance, ...] = field(repr=False)
    """Its frames at `glimpse_ticks`."""
    start: Picture = field(repr=False)
    """The start of the take as the world shows it."""
    last: Picture = field(repr=False)
    """The chunk's last frame."""


def make_take(
    world: WorldModel, start: Start, tracks: Sequence[ActionTrack], seed: int, settings: Settings | None = None
) -> list[Glimpses]:
    """One chunk per track, with the world's default settings where none are given."""
    rollout = Rollout(world, start.picture[None], seed=seed, settings=settings)
    chunks: list[Glimpses] = []
    for track in tracks:
        frames = rollout.step(track).frames
        before = chunks[-1].last if chunks else frames[0]
        shown = frames if chunks else frames[1:]
        chunks.append(_glimpses(chunks[0].start if chunks else frames[0], before, shown, world.info.clock, len(track)))
    return chunks


def _glimpses(start: Picture, before: Picture, frames: Frames, clock: Clock, num_ticks: int) -> Glimpses:
    """Glimpses of a chunk of `num_ticks` ticks that shows `frames` after `before`."""
    return Glimpses(
        before=luminance(before),
        after=tuple(luminance(frames[clock.frames_per_latent * tick - 1]) for tick in glimpse_ticks(num_ticks)),
        start=start,
        last=frames[-1],
    )


def noise_seed(start_number: int, seed_number: int) -> int:
    """Take seed of one noise seed of one start."""
    return 1000 * seed_number + start_number
