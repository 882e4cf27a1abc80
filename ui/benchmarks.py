"""Benchmarks of the window: how long its event loop is held up while chunks are made."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from astra_studio.document import edits
from astra_studio.document.model import Start, new_project
from astra_studio.document.opening import create_store
from astra_studio.document.session import Session
from astra_studio.paths import BUNDLED_WORLD, assets
from astra_studio.services.engine_thread import EngineThread
from astra_studio.services.generation import Generation
from ui.studio import MainThread

_TICK_MS = 4
P95_LIMIT_MS, MAX_LIMIT_MS = 16.0, 100.0
_TIMEOUT_S = 300.0


@dataclass(frozen=True, kw_only=True)
class Delay:
    """How late the event loop was over some time, in milliseconds: median, 95th percentile, maximum."""

    name: str
    median_ms: float
    p95_ms: float
    max_ms: float
    num_ticks: int
    has_limit: bool

    @property
    def is_met(self) -> bool:
        return not self.has_limit or (self.p95_ms < P95_LIMIT_MS and self.max_ms < MAX_LIMIT_MS)

    def line(self) -> str:
        verdict = "    " if not self.has_limit else "ok  " if self.is_met else "MISS"
        found = f"median {self.median_ms:6.2f}  p95 {self.p95_ms:6.2f}  max {self.max_ms:7.2f} ms"
        return f"{verdict} event loop, {self.name:<34} {found}  ({self.num_ticks} ticks)"


class _Watch:
    """A timer that should ring every `_TICK_MS`; what it is late by is what a key or a frame would have waited."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._rang)
        self._late_ms: list[float] = []
        self._last_s = time.perf_counter()
        self._timer.start(_TICK_MS)

    def _rang(self) -> None:
        now_s = time.perf_counter()
        self._late_ms.append(max(0.0, 1000 * (now_s - self._last_s) - _TICK_MS))
        self._last_s = now_s

    def delay(self, name: str, until: Callable[[], bool], *, has_limit: bool) -> Delay:
        """Let the loop turn until something holds. Raises TimeoutError."""
        self._late_ms.clear()
        end_s = time.monotonic() + _TIMEOUT_S
        while not until() or not self._late_ms:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.monotonic() > end_s:
                raise TimeoutError(f"{name} has not ended within {_TIMEOUT_S:g} s")
        late = np.array(self._late_ms)
        median, p95 = np.percentile(late, [50, 95])
        return Delay(
            name=name,
            median_ms=float(median),
            p95_ms=float(p95),
            max_ms=float(late.max()),
            num_ticks=len(late),
            has_limit=has_limit,
        )


def event_loop_delays(num_chunks: int = 8, *, in_process: bool = False) -> Iterator[Delay]:
    """The event loop at rest, while the bundled world is opened, and while it makes chunks.

    With `in_process` torch runs in the window's own process, which is what the child process is there to avoid.
    """
    application = QApplication.instance() or QApplication([])
    watch, main_thread = _Watch(), MainThread()
    rest_until_s = time.monotonic() + 2
    yield watch.delay("at rest", lambda: time.monotonic() > rest_until_s, has_limit=False)
    with tempfile.TemporaryDirectory() as folder:
        engine = EngineThread(lambda _answer: None, in_process=in_process)
        session = Session(create_store(Path(folder) / "walk.astra", new_project(BUNDLED_WORLD)))
        generation = Generation(session, engine, main_thread.post)
        artifact = session.put("picture", (assets() / "pictures" / "meadow.jpg").read_bytes())
        session.apply(edits.set_start(Start(artifact=artifact, width_px=832, height_px=480)))
        try:
            generation.open_world()
            yield watch.delay(
                "opening the bundled world", lambda: generation.making.world_stage != "opening", has_limit=True
            )
            generation.generate(session.project.current.id, num_chunks)
            yield watch.delay(f"making {num_chunks} chunks", lambda: not generation.making.is_busy, has_limit=True)
        finally:
            generation.close()
            engine.close()
            session.close()
    del application
