"""Benchmarks of the window, on a real one: how soon it is there, how long its event loop is held up while chunks are
made, how fast it scrubs, how much memory it keeps, how soon a large project is open."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from astra_studio.document import take_edits
from astra_studio.document.benchmark import FillTimes, fill_project
from astra_studio.document.derived import made_frames
from astra_studio.document.model import new_id
from astra_studio.paths import assets
from astra_studio.services.background.jobs import Jobs
from astra_studio.services.machine.machine import command_line
from astra_studio.settings import Settings
from engine.serving.child_engine import ChildEngine
from engine.serving.in_process import InProcessEngine
from ui.commands import Commands
from ui.dialogs import LogLines
from ui.files import Files
from ui.main_window import MainWindow
from ui.path_editor.benchmark import path_timings
from ui.studio import MainThread, Studio
from ui.theme import Theme
from ui.timeline.benchmark import timeline_repaints
from ui.timing import Timing

_TICK_MS = 4
_LATE_P95_MS, _LATE_MS = 16.0, 100.0
_TIMEOUT_S = 600.0
_SIZE = (1600, 1000)
_MB = 2**20


class _Bench:
    """A window over a new project, put together as the program does it."""

    def __init__(self, *, in_process: bool) -> None:
        existing = QApplication.instance()
        self.qt = existing if isinstance(existing, QApplication) else QApplication([])
        theme, settings, main_thread = Theme(), Settings(), MainThread()
        theme.apply(self.qt)
        self.engine = InProcessEngine() if in_process else ChildEngine()
        self.jobs = Jobs(main_thread.post)
        self.studio = Studio(theme=theme, settings=settings, commands=Commands(theme, {}), jobs=self.jobs)
        self.files = Files(self.studio, self.engine, main_thread.post)
        self.watch = _Watch()
        self.files.new_project()
        self.window = MainWindow(self.studio, self.files, LogLines())
        self.window.resize(*_SIZE)
        self.window.show()

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Let the event loop turn until something holds. Raises TimeoutError."""
        end_s = time.monotonic() + _TIMEOUT_S
        while not condition():
            self.qt.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
            if time.monotonic() > end_s:
                raise TimeoutError(f"{what} has not ended within {_TIMEOUT_S:g} s")

    def delays(self, name: str, condition: Callable[[], bool], *, has_limits: bool = True) -> Timing:
        """How late the event loop was until something holds."""
        self.watch.late_ms.clear()
        self.until(lambda: condition() and bool(self.watch.late_ms), name)
        p95, most = (_LATE_P95_MS, _LATE_MS) if has_limits else (None, None)
        late = tuple(self.watch.late_ms)
        return Timing(name=f"event loop, {name}", values=late, p95_limit=p95, max_limit=most)

    def close(self) -> None:
        self.window.close()
        self.jobs.close()
        self.files.close()
        self.engine.close()
        self.window.deleteLater()
        self.qt.processEvents()


class _Watch:
    """A timer that should ring every `_TICK_MS`; what it is late by is what a key or a frame would have waited."""

    def __init__(self) -> None:
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._rang)
        self.late_ms: list[float] = []
        self._last_s = time.perf_counter()
        self._timer.start(_TICK_MS)

    def _rang(self) -> None:
        now_s = time.perf_counter()
        self.late_ms.append(max(0.0, 1000 * (now_s - self._last_s) - _TICK_MS))
        self._last_s = now_s


@contextmanager
def _bench(*, in_process: bool = False) -> Iterator[_Bench]:
    bench = _Bench(in_process=in_process)
    try:
        yield bench
    finally:
        bench.close()


def run_window_benchmarks(
    *, in_process: bool = False, num_starts: int = 7, num_chunks: int = 8, num_stored: int = 200, num_frames: int = 200
) -> Iterator[Timing]:
    """All of them, in some minutes. With `in_process` torch runs in the window's own process, which is what the child
    process is there to avoid."""
    yield start_up(num_starts)
    yield from event_loop(num_chunks, in_process=in_process)
    yield from first_frame(num_chunks, in_process=in_process)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.astra"
        times = fill_project(path, num_stored)
        yield from _fill_timings(times)
        yield from large_project(path, num_frames)
    yield from timeline_repaints(num_stored)
    yield from path_timings(num_stored)


def start_up(count: int) -> Timing:
    """Seconds from starting the program's process to its window being shown, without torch.

    Raises RuntimeError where it does not come.
    """
    seconds = []
    for _ in range(count):
        began_s = time.perf_counter()
        with subprocess.Popen(
            command_line("--quit-when-shown"), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as program:
            assert program.stdout is not None
            output = program.stdout.readline()
            seconds.append(time.perf_counter() - began_s)
            _, errors = program.communicate()
        if "heavy modules: none" not in output:
            raise RuntimeError(f"the window did not open, or it loaded torch: {output}{errors}")
    return Timing(name="window visible after the command", values=seconds, unit="s", p95_limit=2.0)


def event_loop(num_chunks: int, *, in_process: bool = False) -> Iterator[Timing]:
    """The event loop of the shown window at rest, while the bundled world is opened, and while it makes chunks."""
    with _bench(in_process=in_process) as bench:
        generation = bench.studio.generation
        painted_s = time.monotonic() + 0.2
        bench.until(lambda: time.monotonic() > painted_s, "painting the window")
        yield bench.delays("opening the bundled world", lambda: generation.status.world_stage == "open")
        rest_until_s = time.monotonic() + 2
        yield bench.delays("at rest", lambda: time.monotonic() > rest_until_s, has_limits=False)
        bench.files.use_picture(assets() / "pictures" / "meadow.jpg")
        bench.until(lambda: bench.studio.project.start is not None, "reading the picture")
        generation.generate(bench.studio.take.id, num_chunks)
        yield bench.delays(f"making {num_chunks} chunks", lambda: not generation.status.is_busy)
        bench.studio.player.play()
        generation.generate(bench.studio.take.id, num_chunks)
        name = f"making {num_chunks} chunks, playing"
        yield bench.delays(name, lambda: not generation.status.is_busy)


def first_frame(num_chunks: int, *, in_process: bool = False) -> Iterator[Timing]:
    """From asking for one more chunk of the bundled world to its first new frame on the screen.

    Denoising ends before anything is decoded, so most of a chunk's making lies before its first frame; what counts is
    how soon that is seen, beside how long the chunk plays.
    """
    with _bench(in_process=in_process) as bench:
        studio = bench.studio
        bench.until(lambda: studio.generation.status.world_stage == "open", "opening the bundled world")
        bench.files.use_picture(assets() / "pictures" / "meadow.jpg")
        bench.until(lambda: studio.project.start is not None, "reading the picture")
        studio.generation.generate(studio.take.id, 1)
        bench.until(lambda: not studio.generation.status.is_busy, "the first chunk, which starts kernels")
        first_s, whole_s = [], []
        for _ in range(num_chunks):
            before, began_s = studio.player.num_frames, time.perf_counter()
            studio.generation.generate(studio.take.id, 1)
            bench.until(lambda before=before: studio.player.num_frames > before, "the first frame")  # type: ignore[misc]
            studio.player.seek(before)
            bench.window.viewport.stage.repaint()
            first_s.append(time.perf_counter() - began_s)
            bench.until(lambda: not studio.generation.status.is_busy, "the rest of the chunk")
            whole_s.append(time.perf_counter() - began_s)
        plays_s = studio.take.clock.seconds_per_chunk
        yield Timing(name="first new frame on the screen", values=[1000 * value for value in first_s])
        shares = [value / plays_s for value in first_s]
        yield Timing(name=f"as a share of the {plays_s:g} s that a chunk plays", values=shares, unit="", p95_limit=0.4)
        shares = [first / whole for first, whole in zip(first_s, whole_s, strict=True)]
        yield Timing(name="as a share of the time until it is stored", values=shares, unit="")


def _fill_timings(times: FillTimes) -> Iterator[Timing]:
    yield Timing(name="a chunk of 480 x 832 into the file", values=[1000 * value for value in times.chunk])
    yield Timing(name="an edit meanwhile", values=[1000 * value for value in times.edit], p95_limit=16.0)


def large_project(path: Path, num_frames: int, num_scrubbed_chunks: int = 60) -> Iterator[Timing]:
    """Opening a project, then scrubbing a take of its first chunks from the file and from memory."""
    with _bench() as bench:
        studio = bench.studio
        opened = []
        for _ in range(5):
            began_s = time.perf_counter()
            assert bench.files.open_project(path), "the project cannot be opened"
            bench.window.repaint()
            opened.append(time.perf_counter() - began_s)
            count = len(studio.take.chunks)
            bench.files.new_project()
        yield Timing(name=f"opening a project of {count} chunks", values=opened, unit="s", p95_limit=1.0)
        bench.files.open_project(path)
        studio.session.apply(take_edits.branch(studio.take.id, min(num_scrubbed_chunks, count), new_id()))
        total = made_frames(studio.take)
        before_mb = psutil.Process().memory_info().rss / _MB
        numbers = np.random.default_rng(0)
        chosen = [int(number) for number in numbers.permutation(total)[:num_frames]]
        yield Timing(
            name=f"scrubbing {len(chosen)} of {total} frames, from the file",
            values=[_shown_ms(bench, frame) for frame in chosen],
            p95_limit=50.0,
        )
        recent = chosen[-num_frames:]
        for frame in recent:
            _shown_ms(bench, frame)
        yield Timing(
            name="scrubbing the same frames, from memory",
            values=[_shown_ms(bench, recent[int(number)]) for number in numbers.permutation(len(recent))],
            p95_limit=16.0,
        )
        held, kept = [], []
        for frame in range(total):
            _shown_ms(bench, frame)
            held.append(studio.player.cache_bytes / _MB)
            kept.append(psutil.Process().memory_info().rss / _MB - before_mb)
        cap_mb = studio.player.cache_cap_bytes / _MB
        name = f"frames in memory over all {total}"
        yield Timing(name=name, values=held, unit="MB", max_limit=cap_mb)
        yield Timing(name="growth of the process meanwhile", values=kept, unit="MB", max_limit=cap_mb + 200)


def _shown_ms(bench: _Bench, frame: int) -> float:
    """Milliseconds until a frame is on the screen after the playhead was put there."""
    studio = bench.studio
    began_s = time.perf_counter()
    studio.player.seek(frame)
    bench.until(lambda: studio.player.picture(studio.take.id, frame) is not None, "reading a frame")
    bench.window.viewport.stage.repaint()
    took_ms = 1000 * (time.perf_counter() - began_s)
    bench.qt.processEvents()  # what follows the frame a little later is not to pile up
    return took_ms
