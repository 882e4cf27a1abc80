"""The whole training in seconds: every stage of the bundled world's recipe at toy size, as a check."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.moves import camera_row
from engine.messages import ChunkRequest
from engine.training.bundled import export, run
from engine.training.journal import read_log
from engine.training.recipe import SMOKE, Folders
from engine.worlds.astra import open_astra


@dataclass(frozen=True, kw_only=True)
class SmokeReport:
    """What a smoke run came to."""

    world: Path
    """A folder that opens with --world. It knows nothing: its training was a few steps."""
    num_parameters: int
    """Of the transformer."""
    losses: tuple[float, float]
    """Of the first and the last training's last step."""
    frames_shape: tuple[int, ...]
    """Of one chunk made with the world."""
    seconds: float


def smoke(folder: Path, say: Callable[[str], None] = lambda _text: None) -> SmokeReport:
    """Render, train, refine, tune, export, open and step, in an empty `folder`; tells each stage as it begins."""
    started = time.perf_counter()
    folders = Folders(folder / "run")
    finished = run(SMOKE, folders, None, say)
    say("exporting the world and making a chunk with it")
    world = folder / "world"
    export(SMOKE, finished.autoencoder, finished.model, world)
    frames = _one_chunk(world)
    losses = tuple(
        read_log(stage)[-1]["loss"] for stage in (folders.transformer, folders.finish(SMOKE.long_loop.num_steps).cooled)
    )
    return SmokeReport(
        world=world,
        num_parameters=sum(parameter.numel() for parameter in finished.model.parameters()),
        losses=(losses[0], losses[1]),
        frames_shape=frames.shape,
        seconds=time.perf_counter() - started,
    )


def _one_chunk(place: Path) -> NDArray[np.uint8]:
    """Frames of a chunk forward from a grey picture."""
    world = open_astra(place, "cpu")
    info = world.info
    opened = world.open(np.full((1, info.height, info.width, 3), 90, np.uint8), CAMERA.name)
    forward = np.tile(camera_row(["w"], clock=info.clock), (info.clock.latents_per_chunk, 1))
    request = ChunkRequest(index=0, actions=ActionTrack(CAMERA, forward), seed=1, settings=info.defaults)
    _, result = world.step(opened.state, request)
    return result.frames
