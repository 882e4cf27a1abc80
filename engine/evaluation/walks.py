"""Likeness of a world's frames to the truth, and its decay: two random chunks against the truth, and long takes.

Shape letters of arrays: G starts, S noise seeds, L commands of the long takes, K chunks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.actions.modality import CAMERA, ActionTrack
from engine.analysis.quality import blockiness, psnr, sharpness_kept
from engine.evaluation.commands import LONG, LONG_PACE
from engine.evaluation.controls import CONTROLS
from engine.evaluation.following import Gains, OnStart, Searches
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import Start
from engine.evaluation.takes import make_take, noise_seed
from engine.poses import Floats
from engine.training.synthetic.commands import FRAMES_PER_TICK, camera_rows, frame_poses, random_motions
from engine.worlds.protocol import WorldModel

NUM_CHUNKS = 2
"""Of the takes that are held against the truth."""
_LEAST_MOTION = 0.1
"""Scene units plus radians away from the start that every chunk's end must be: where nothing moves, a copy of the
start is the truth."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LikenessSamples:
    """Decibels of PSNR against the truth at the end of each of the `NUM_CHUNKS` chunks."""

    world: NDArray[np.float64]
    """(G, S, chunks)."""
    copied: NDArray[np.float64]
    """(G, 1, chunks): of the start picture itself."""
    controls: dict[str, NDArray[np.float64]]
    """(G, 1, chunks) of each of `CONTROLS`, by name."""


@dataclass(frozen=True, kw_only=True, eq=False)
class LongSamples:
    """What becomes of long takes at half speed."""

    gains: Gains
    """(G, S, L, K): within each chunk, against the frame before it."""
    sharpness: NDArray[np.float64]
    """(G, S, L, K): gradient energy of each chunk's last frame over that of the start as the world shows it."""
    blockiness: NDArray[np.float64]
    """(G, S, L, K): of each chunk's last frame."""


def compare_with_truth(
    world: WorldModel, starts: Sequence[Start], settings: EvaluationSettings, on_start: OnStart
) -> LikenessSamples:
    """Walk through scenes with random held keys, as in training, and compare where each chunk ends."""
    num_ticks = world.info.clock.latents_per_chunk
    found = np.zeros((len(starts), settings.num_seeds, NUM_CHUNKS))
    copied = np.zeros((len(starts), 1, NUM_CHUNKS))
    controls = {control.name: np.zeros_like(copied) for control in CONTROLS}
    for g, (start, path) in enumerate(zip(starts, random_paths(len(starts), num_ticks, settings.seed), strict=True)):
        rows = camera_rows(path)[1:]
        tracks = [ActionTrack(CAMERA, rows[k * num_ticks : (k + 1) * num_ticks]) for k in range(NUM_CHUNKS)]
        ends = chunk_ends(path, num_ticks)
        truth = start.shown_from(ends)
        for control in CONTROLS:
            shown = control.show(start.picture, ends)
            controls[control.name][g, 0] = [psnr(*pair) for pair in zip(shown, truth, strict=True)]
        copied[g, 0] = [psnr(start.picture, picture) for picture in truth]
        for s in range(settings.num_seeds):
            chunks = make_take(world, start, tracks, noise_seed(g, s))
            found[g, s] = [psnr(chunk.last, picture) for chunk, picture in zip(chunks, truth, strict=True)]
        on_start(g + 1)
    return LikenessSamples(world=found, copied=copied, controls=controls)


def walk_far(
    world: WorldModel, starts: Sequence[Start], settings: EvaluationSettings, searches: Searches, on_start: OnStart
) -> LongSamples:
    """Make the long takes and measure direction and sharpness in every chunk."""
    clock, pace = world.info.clock, settings.pace * LONG_PACE
    num_ticks = clock.latents_per_chunk
    shape = (len(starts), settings.num_seeds, len(LONG), settings.num_chunks)
    gains, sharpness, blocks = (np.zeros(shape) for _ in range(3))
    for g, start in enumerate(starts):
        for s in range(settings.num_seeds):
            for number, command in enumerate(LONG):
                tracks = [command.track(num_ticks, pace, clock)] * settings.num_chunks
                chunks = make_take(world, start, tracks, noise_seed(g, s))
                gains[g, s, number] = [searches.gain(chunk, command, pace) for chunk in chunks]
                sharpness[g, s, number] = [sharpness_kept(chunk.last, chunk.start) for chunk in chunks]
                blocks[g, s, number] = [blockiness(chunk.last) for chunk in chunks]
        on_start(g + 1)
    return LongSamples(gains=gains, sharpness=sharpness, blockiness=blocks)


def random_paths(num: int, num_ticks: int, seed: int) -> list[Floats]:
    """Frame poses (1 + 4 x ticks x chunks, 4, 4) of random held keys that end every chunk away from the start."""
    rng = np.random.default_rng((seed, 2))
    paths: list[Floats] = []
    while len(paths) < num:
        path = frame_poses(random_motions(rng, NUM_CHUNKS * num_ticks))
        if np.all(_distances(chunk_ends(path, num_ticks)) >= _LEAST_MOTION):
            paths.append(path)
    return paths


def chunk_ends(frames: NDArray[Any], num_ticks: int) -> NDArray[Any]:
    """Of one thing per frame, the start's first, those at the end of each chunk."""
    step = FRAMES_PER_TICK * num_ticks
    return frames[step::step]


def _distances(c2w: Floats) -> Floats:
    """Scene units plus radians between each pose (N, 4, 4) and the identity."""
    cosine = (np.trace(c2w[:, :3, :3], axis1=1, axis2=2) - 1) / 2
    return np.asarray(np.linalg.norm(c2w[:, :3, 3], axis=-1) + np.arccos(np.clip(cosine, -1, 1)))
