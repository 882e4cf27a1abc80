"""Benchmark of a large project: what a user waits for while a chunk is stored, and during an edit."""

from __future__ import annotations

import io
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from astra_studio.document import edits
from astra_studio.document.declared import declared_settings
from astra_studio.document.model import Start, new_id, new_project
from astra_studio.document.opening import create_store
from astra_studio.document.session import Session
from astra_studio.document.writer import ArtifactWriter, Finished, Stored
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest, ChunkResult, Frames, chunk_seed
from engine.settings import default_settings
from engine.video.pictures import Picture

_FRAMES = 32


@dataclass(frozen=True, kw_only=True)
class FillTimes:
    """Seconds.

    Attributes:
        edit: of every edit made while the writer was busy.
        chunk: from handing a chunk over to hearing that it is in the file.
    """

    edit: list[float] = field(default_factory=list)
    chunk: list[float] = field(default_factory=list)


def fill_project(path: Path, num_chunks: int, height: int = 480, width: int = 832) -> FillTimes:
    """Make a project with one take of chunks of that size, each with pictures of its own. Raises what storing does."""
    times = FillTimes()
    with closing(Session(create_store(path, new_project("fake")))) as session:
        artifact = session.put("picture", _png(scene(1, height, width)[0]))
        session.apply(edits.set_start(Start(artifact=artifact, width_px=width, height_px=height)))
        told: list[Stored] = []
        errors: list[Exception] = []
        heard = threading.Event()

        def stored(one: Stored) -> None:
            told.append(one)
            heard.set()

        def failed(_finished: Finished, error: Exception) -> None:
            errors.append(error)
            heard.set()

        writer = ArtifactWriter(path, stored, failed)
        frames = scene(_FRAMES, height, width)
        take, before = session.project.current.id, None
        for index in range(num_chunks):
            finished = _finished(session, index, before, np.roll(frames, 5 * index, axis=2))
            before = finished.id
            began_s = time.perf_counter()
            writer.submit(finished)
            while not heard.wait(0.002):
                edited_s = time.perf_counter()
                session.apply(edits.set_seed(take, len(times.edit) + 1, is_locked=False))
                times.edit.append(time.perf_counter() - edited_s)
            times.chunk.append(time.perf_counter() - began_s)
            if errors:
                writer.close()
                raise errors[0]
            heard.clear()
            session.chunk_stored(told[-1])
        writer.close()
    return times


def _png(picture: Picture) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG")
    return file.getvalue()


def scene(count: int, height: int, width: int) -> Frames:
    """Frames (count, height, width, 3) with edges, ramps and grain, about as hard to pack as a photograph."""
    y, x = np.mgrid[:height, :width]
    grain = np.random.default_rng(0).normal(0, 5, (height, width, 1))
    stripes = 40 * ((x // 37 + y // 23) % 2)
    colours = np.stack([x * 200 // width, y * 200 // height, (x + y) % 200], axis=-1) + stripes[..., None] + grain
    picture: Picture = np.clip(colours, 0, 255).astype(np.uint8)
    return np.stack([np.roll(picture, 3 * number, axis=1) for number in range(count)])


def _finished(session: Session, index: int, before: str | None, frames: Frames) -> Finished:
    request = ChunkRequest(
        index=index,
        actions=parse_pose_line("w-4 left-4", clock=ASTRA_CLOCK),
        seed=chunk_seed(0, index),
        settings=default_settings(declared_settings("fake")),
    )
    height, width = frames.shape[1:3]
    size = (16, ASTRA_CLOCK.latents_per_chunk, height // 8, width // 8)
    latents = np.random.default_rng(index).standard_normal(size).astype(np.float32)
    shown = frames if index else np.concatenate([frames[:1], frames])
    result = ChunkResult(
        request=request,
        first_latent=1 + ASTRA_CLOCK.latents_per_chunk * index,
        latents=latents,
        frames=shown,
        seconds={},
    )
    start = session.project.start
    assert start is not None
    return Finished(
        id=new_id(),
        take=session.project.current.id,
        parent=before,
        world="benchmark",
        start=start,
        seed=0,
        result=result,
        clock=ASTRA_CLOCK,
        start_latents=latents[:, :1] if index == 0 else None,
    )
