"""Benchmark of the path editor with 200 keys over 2,000 ticks: the sampler, painting every view, dragging a key."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from astra_studio.document.model import new_project
from astra_studio.document.opening import create_store
from astra_studio.document.session import Session
from astra_studio.services.background.jobs import Jobs
from astra_studio.services.generation.queue import Generation
from astra_studio.services.playback.player import Player
from astra_studio.settings import Settings
from engine.clock import ASTRA_CLOCK
from engine.serving.in_process import InProcessEngine
from engine.trajectories import key_edits
from engine.trajectories.path import CameraPath, Key
from engine.trajectories.sampling import tick_poses
from ui.commands import Commands
from ui.path_editor.editing import PathEditing
from ui.path_editor.pane import PathPane
from ui.path_editor.view import PathView
from ui.studio import MainThread, Studio
from ui.theme import Theme
from ui.timing import Timing

NUM_KEYS, NUM_TICKS = 200, 2000
SAMPLER_LIMIT_MS, REPAINT_LIMIT_MS, DRAG_LIMIT_MS = 10.0, 8.0, 100.0
_SIZES = {"from above": (376, 337), "from the side": (376, 337), "in 3D": (376, 181), "in 3D, alone": (760, 522)}
_REPEATS = 100


def path_timings(num_keys: int = NUM_KEYS, repeats: int = _REPEATS) -> Iterator[Timing]:
    """Processor time of this thread, which is what an idle machine would take; of a drag, the clock's."""
    paths = [long_path(num_keys, bend) for bend in np.linspace(0.2, 0.4, repeats)]
    count = NUM_TICKS * num_keys // NUM_KEYS

    def sample(number: int) -> None:
        tick_poses(paths[number % len(paths)], count, clock=ASTRA_CLOCK)

    yield _timed(f"sampler, {count} ticks of {num_keys} new keys", sample, SAMPLER_LIMIT_MS, repeats)
    application = QApplication.instance() or QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        main_thread, theme = MainThread(), Theme("dark")
        engine = InProcessEngine()
        jobs = Jobs(main_thread.post)
        session = Session(create_store(Path(folder) / "walk.astra", new_project("fake")))
        player = Player(session, main_thread.post)
        generation = Generation(session, engine, main_thread.post)
        studio = Studio(theme=theme, settings=Settings(), commands=Commands(theme), jobs=jobs)
        studio.show_project(session, player, generation)
        editing = PathEditing(studio)
        pane = PathPane(editing)
        try:
            editing.set_path(paths[0], "Draw path")
            yield from _measured(editing, pane, repeats)
        finally:
            pane.deleteLater()
            QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            generation.close()
            player.close()
            engine.close()
            jobs.close()
            session.close()
    del application


def long_path(num_keys: int, bend: float = 0.3) -> CameraPath:
    """A winding way; its keys look aside, stand at uneven heights and are two seconds apart."""
    keys = []
    for number in range(num_keys + 1):
        place = (0.5 * np.sin(bend * number), 0.05 * np.sin(0.7 * number), 0.25 * number)
        key = Key(time_s=2.0 * number, position=(float(place[0]), float(place[1]), place[2]))
        keys.append(key_edits.with_angles(key, 30 * float(np.sin(number)), 4.0, 0.0))
    return CameraPath(keys=tuple(keys))


def _measured(editing: PathEditing, pane: PathPane, repeats: int) -> Iterator[Timing]:
    editing.select([editing.num_keys // 2])
    editing.studio.player.seek(1000)
    views: tuple[PathView, ...] = (pane.top, pane.side, pane.space, pane.space)
    for view, (name, size) in zip(views, _SIZES.items(), strict=True):
        view.resize(*size)
        view.fit()
        yield _timed(f"path, {name}, whole", _painting(view), REPAINT_LIMIT_MS, repeats)
    close = pane.top.projection
    for _ in range(20):
        close = close.zoomed(1.15, 188, 168)
    pane.top.set_projection(close)
    yield _timed("path, from above, near", _painting(pane.top), REPAINT_LIMIT_MS, repeats)
    pane.top.fit()
    paint, number = _painting(pane.top), editing.active
    editing.begin_drag()

    def drag(step: int) -> None:
        """What a move of the mouse does: the path is sampled, stored, told, and painted from above."""
        editing.drag(lambda path: _moved(path, number, 0.001 * (step + 1)), "Move keys")
        paint(step)

    yield _timed("path, a key dragged, stored and painted", drag, DRAG_LIMIT_MS, repeats, time.perf_counter)
    editing.end_drag()


def _moved(path: CameraPath, number: int, shift: float) -> CameraPath:
    key = path.keys[number]
    x, y, z = key.position
    return key_edits.with_key(path, number, replace(key, position=(x + shift, y, z)))


def _painting(view: PathView) -> Callable[[int], None]:
    image = QImage(view.size(), QImage.Format.Format_RGB32)

    def paint(_number: int) -> None:
        painter = QPainter(image)
        view.paint(painter)
        painter.end()

    return paint


def _timed(
    name: str,
    run: Callable[[int], None],
    limit_ms: float,
    repeats: int,
    clock: Callable[[], float] = time.thread_time,
) -> Timing:
    for number in range(3):
        run(-1 - number)
    times = []
    for number in range(repeats):
        began = clock()
        run(number)
        times.append(1000 * (clock() - began))
    return Timing(name=name, values=times, p95_limit=limit_ms)
