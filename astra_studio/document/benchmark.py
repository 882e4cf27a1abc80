"""Measures what a user waits for: a frame out of a stored chunk, a chunk on its way into the file, an open project."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from astra_studio.document import edits
from astra_studio.document.chunk_files import ChunkFrames, FrameFormat
from astra_studio.document.model import Start, new_id, new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.session import Session
from astra_studio.document.writer import ArtifactWriter, Finished, Stored
from engine.actions.pose_line import parse_pose_line
from engine.messages import ChunkRequest, ChunkResult, Frames, SamplingSettings, chunk_seed

HEIGHT, WIDTH = 480, 832
_LATENTS = (16, 8, 60, 104)


def measure(
    folder: Path, num_chunks: int = 200, num_frames: int = 200, frame_format: FrameFormat = "mjpeg"
) -> dict[str, float]:
    """Make a project of `num_chunks` chunks of 480 x 832 in `folder` and measure it, in milliseconds.

    Gives medians and 95th percentiles (`_p95`) of: an edit while the writer is busy (`edit`), a chunk from being
    handed over to being told (`chunk`), a random frame out of the file with its chunk to be read (`frame_cold`) and
    with its chunk open (`frame_warm`); and once, `open`.
    """
    path = folder / "benchmark.astra"
    times: dict[str, list[float]] = {"edit": [], "chunk": [], "frame_cold": [], "frame_warm": []}
    with closing(Session(create_store(path, new_project("fake")))) as session:
        _fill(session, num_chunks, frame_format, times)
    started = time.perf_counter()
    session = Session(open_store(path))
    opened = time.perf_counter() - started
    with closing(session):
        _scrub(session, num_frames, times)
    return {**_summary(times), "open": 1000 * opened}


def _fill(session: Session, num_chunks: int, frame_format: FrameFormat, times: Mapping[str, list[float]]) -> None:
    artifact = session.put("picture", b"benchmark")
    session.apply(edits.set_start(Start(artifact=artifact, width_px=WIDTH, height_px=HEIGHT)))
    told: list[Stored] = []
    heard = threading.Event()

    def stored(one: Stored) -> None:
        told.append(one)
        heard.set()

    def failed(_finished: Finished, error: Exception) -> None:
        raise error

    writer = ArtifactWriter(session.path, stored, failed)
    frames = _scene(32)
    take, before = session.project.current.id, None
    for index in range(num_chunks):
        finished = _finished(session, index, before, np.roll(frames, index, axis=2), frame_format)
        before = finished.id
        started = time.perf_counter()
        writer.submit(finished)
        while not heard.wait(0.002):
            edited = time.perf_counter()
            session.apply(edits.set_seed(take, len(times["edit"]) + 1, is_locked=False))
            times["edit"].append(time.perf_counter() - edited)
        times["chunk"].append(time.perf_counter() - started)
        heard.clear()
        session.chunk_stored(told[-1])
    writer.close()


def _scrub(session: Session, num_frames: int, times: Mapping[str, list[float]]) -> None:
    chunks = session.project.current.chunks
    numbers = np.random.default_rng(0)
    for _ in range(num_frames):
        chunk = chunks[int(numbers.integers(len(chunks)))]
        started = time.perf_counter()
        with ChunkFrames(session.read(chunk.frames)) as frames:
            frames.frame(int(numbers.integers(chunk.num_frames)))
            times["frame_cold"].append(time.perf_counter() - started)
            started = time.perf_counter()
            frames.frame(int(numbers.integers(chunk.num_frames)))
            times["frame_warm"].append(time.perf_counter() - started)


def _finished(session: Session, index: int, before: str | None, frames: Frames, frame_format: FrameFormat) -> Finished:
    request = ChunkRequest(
        index=index, actions=parse_pose_line("w-4 left-4"), seed=chunk_seed(0, index), settings=SamplingSettings()
    )
    latents = np.random.default_rng(index).standard_normal(_LATENTS).astype(np.float32)
    result = ChunkResult(request=request, first_latent=1 + 8 * index, latents=latents, frames=frames, seconds={})
    start = session.project.start
    assert start is not None
    return Finished(
        id=new_id(),
        take=session.project.current.id,
        parent=before,
        world="benchmark",
        start=replace(start),
        seed=0,
        result=result,
        start_latents=latents[:, :1] if index == 0 else None,
        frame_format=frame_format,
    )


def _scene(count: int) -> Frames:
    """Frames (count, 480, 832, 3) with edges, ramps and grain, about as hard to pack as a photograph."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    grain = np.random.default_rng(0).normal(0, 5, (HEIGHT, WIDTH, 1))
    stripes = 40 * ((x // 37 + y // 23) % 2)
    scene = np.stack([x * 200 // WIDTH, y * 200 // HEIGHT, (x + y) % 200], axis=-1) + stripes[..., None] + grain
    return np.stack([np.roll(np.clip(scene, 0, 255), 3 * number, axis=1) for number in range(count)]).astype(np.uint8)


def _summary(times: Mapping[str, list[float]]) -> dict[str, float]:
    found = {}
    for name, values in times.items():
        found[name], found[f"{name}_p95"] = (float(share) for share in 1000 * np.percentile(values, [50, 95]))
    return found
