"""Benchmark of painting the timeline: 200 chunks, 60 takes, keys on every lane."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPoint
from PySide6.QtGui import QImage, QRegion
from PySide6.QtWidgets import QApplication

from astra_studio.document import edits, key_edits, take_edits
from astra_studio.document.action_edits import set_actions
from astra_studio.document.actions import actions_of
from astra_studio.document.chunk_files import encode_thumbnail
from astra_studio.document.database import connect, transaction
from astra_studio.document.declared import declared_settings
from astra_studio.document.model import Chunk, ParameterKey, Request, Start, Take, new_id, new_project
from astra_studio.document.opening import create_store
from astra_studio.document.session import Session
from astra_studio.document.store import put_artifact, put_chunk
from astra_studio.document.writer import Stored
from astra_studio.services.background.jobs import Jobs
from astra_studio.services.generation.queue import Generation
from astra_studio.services.playback.player import Player
from astra_studio.settings import Settings
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.serving.in_process import InProcessEngine
from engine.settings import default_settings
from ui.commands import Commands
from ui.studio import MainThread, Studio
from ui.theme import Theme
from ui.timeline.canvas import TimelineCanvas
from ui.timing import Timing

NUM_CHUNKS, NUM_TAKES = 200, 60
P95_LIMIT_MS, DRAG_LIMIT_MS = 16.0, 100.0
"""A frame of a screen at 60 Hz; and what still feels as if it was held in the hand."""
_SIZE = (1600, 346)
_REPEATS = 60


def timeline_repaints(num_chunks: int = NUM_CHUNKS, num_takes: int = NUM_TAKES) -> Iterator[Timing]:
    """The whole timeline, a page of it while it scrolls and zooms, a step of the playhead, a change of a key."""
    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        main_thread, theme = MainThread(), Theme("dark")
        engine = InProcessEngine()
        jobs = Jobs(main_thread.post)
        session = Session(create_store(Path(folder) / "walk.astra", new_project("fake")))
        _fill(session, num_chunks, num_takes)
        player = Player(session, main_thread.post)
        generation = Generation(session, engine, main_thread.post)
        studio = Studio(theme=theme, settings=Settings(), commands=Commands(theme), jobs=jobs)
        studio.show_project(session, player, generation)
        canvas = TimelineCanvas(studio)
        try:
            canvas.resize(*_SIZE)
            canvas.read()
            canvas.place_lanes()
            canvas.fit()
            _until_pictures_are_here(canvas)
            yield from _measured(canvas)
        finally:
            canvas.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            generation.close()
            player.close()
            engine.close()
            jobs.close()
            session.close()
    del application


def _measured(canvas: TimelineCanvas) -> Iterator[Timing]:
    studio = canvas.studio
    image = QImage(canvas.size(), QImage.Format.Format_RGB32)

    def paint_all(_number: int) -> None:
        canvas.update()
        canvas.render(image)

    def playhead(number: int) -> None:
        """What a step of the playhead uncovers."""
        x = 300 + 7 * number
        uncovered = QRegion(x, 0, 5, canvas.height()) + QRegion(x + 3, 0, 5, canvas.height())
        canvas.render(image, QPoint(), uncovered)

    def zoomed(number: int) -> None:
        canvas.zoom(1.2 if number % 20 < 10 else 1 / 1.2, 700)
        paint_all(number)

    def scrolled(number: int) -> None:
        canvas.scene.set_axis(canvas.axis.scrolled(40 if number % 40 < 20 else -40))
        paint_all(number)

    def read(number: int) -> None:
        canvas.read()

    def dragged(number: int) -> None:
        moved = replace(studio.take.keys[0], tick=16 * (number % 2) + 800)
        studio.session.apply(key_edits.set_keys(studio.take.id, (moved, *studio.take.keys[1:]), "Move", "move"))
        canvas.read()
        paint_all(number)

    yield _repaint("all of it, the whole take", paint_all)
    yield _repaint("a step of the playhead", playhead)
    canvas.scene.set_axis(replace(canvas.axis, scale=2.7))
    yield _repaint("all of it, 14 chunks in sight", paint_all)
    yield _repaint("zoomed", zoomed)
    canvas.scene.set_axis(replace(canvas.axis, scale=2.7, first=800.0))
    yield _repaint("scrolled", scrolled)
    yield _repaint("what is true, read anew", read)
    yield _repaint("a key dragged, stored and painted", dragged, DRAG_LIMIT_MS, time.perf_counter)
    canvas.show_graph(True)
    yield _repaint("curves", paint_all)


def _repaint(
    name: str,
    run: Callable[[int], None],
    limit_ms: float = P95_LIMIT_MS,
    clock: Callable[[], float] = time.thread_time,
) -> Timing:
    """Painting is this thread's work alone: its processor time is what an idle machine would take."""
    for number in range(3):
        run(number)
    times = []
    for number in range(_REPEATS):
        began = clock()
        run(number)
        times.append(1000 * (clock() - began))
    return Timing(name=f"timeline, {name}", values=times, p95_limit=limit_ms)


def _fill(session: Session, num_chunks: int, num_takes: int) -> None:
    """One take of many chunks, and branches of three chunks each all along it. Frames are left out: none is shown."""
    artifact = session.put("picture", b"benchmark")
    start = Start(artifact=artifact, width_px=832, height_px=480)
    session.apply(edits.set_start(start))
    rows = actions_of(parse_pose_line(" ".join(["w-8 w+left-4 w-4"] * (num_chunks // 2 + 1)), clock=ASTRA_CLOCK))
    first = session.project.current.id
    session.apply(set_actions(first, rows))
    session.apply(key_edits.set_keys(first, _keys(num_chunks), "Keys"))
    ramp = np.linspace(40, 220, 208 * 120 * 3).reshape(1, 120, 208, 3).astype(np.uint8)
    thumbnail = encode_thumbnail(ramp)
    writer = connect(session.path)
    try:
        for count in range(num_chunks):
            with transaction(writer, session.path):
                data = thumbnail + str(count).encode()
                chunk = _chunk(session.project.current, start, put_artifact(writer, "thumbnail", data))
                number = put_chunk(writer, chunk)
            session.chunk_stored(Stored(number=number, chunk=chunk))
        shared = session.project.take(first).chunks[0].thumbnail
        for count in range(num_takes - 1):
            session.apply(take_edits.branch(first, 1 + count * (num_chunks - 4) // num_takes, new_id()))
            for _ in range(3):
                with transaction(writer, session.path):
                    chunk = _chunk(session.project.current, start, shared)
                    number = put_chunk(writer, chunk)
                session.chunk_stored(Stored(number=number, chunk=chunk))
    finally:
        writer.close()
    session.apply(edits.select(first))


def _keys(num_chunks: int) -> tuple[ParameterKey, ...]:
    ticks = range(0, 8 * num_chunks, 24)
    return tuple(
        ParameterKey(parameter=spec.name, tick=tick, value=spec.slider[0] + 0.01 * (tick % 7))
        for spec in declared_settings("fake")
        if spec.can_have_keys and not spec.needs_text
        for tick in ticks
    )


def _chunk(take: Take, start: Start, thumbnail: str) -> Chunk:
    index = len(take.chunks)
    per_tick, length = take.clock.frames_per_latent, take.clock.latents_per_chunk
    begin = length * index
    asked = take.actions.part(begin, begin + length)
    return Chunk(
        id=new_id(),
        take=take.id,
        parent=take.chunks[-1].id if take.chunks else None,
        request=Request(
            world="fake",
            start=start,
            index=index,
            actions=asked,
            prompt="",
            negative_prompt="",
            seed=0,
            settings=default_settings(declared_settings("fake")),
        ),
        latents=thumbnail,
        frames=thumbnail,
        thumbnail=thumbnail,
        latents_sha256="0" * 64,
        first_latent=1 + begin,
        num_frames=per_tick * length + (1 if index == 0 else 0),
    )


def _until_pictures_are_here(canvas: TimelineCanvas) -> None:
    """Let the reader bring the small pictures that are asked for by painting."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        canvas.picture()
        QApplication.processEvents()
