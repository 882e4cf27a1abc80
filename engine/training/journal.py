"""Journal of a training run: a log of figures, TensorBoard events, curves and strips as pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LOG, CURVES, STRIP = "log.jsonl", "curves.png", "strip.png"
CURVES_EVERY_S = 30.0
"""Drawing takes a second: often enough to look at, and next to nothing of a run."""


class Journal:
    """Appends figures to `log.jsonl` and to TensorBoard events in `tensorboard/`, and draws `curves.png` from the
    log."""

    def __init__(self, folder: Path) -> None:
        from tensorboardX import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._events = SummaryWriter(str(folder / "tensorboard"))
        self._drawn_s = time.monotonic()

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Note figures of a step."""
        line = {"step": step, "time": round(time.time(), 1), **figures}
        with (self.folder / LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in figures.items():
            self._events.add_scalar(name, value, step)

    def forget_after(self, step: int) -> None:
        """Drop log lines of later steps: those of a run that went on past the checkpoint it is resumed from."""
        kept = [line for line in read_log(self.folder) if line["step"] <= step]
        text = "".join(json.dumps(line) + "\n" for line in kept)
        (self.folder / LOG).write_text(text, encoding="utf-8")

    def draw_curves(self) -> None:
        """Draw every figure of the log over the steps, unless they were drawn in the last `CURVES_EVERY_S` seconds."""
        self._events.flush()
        if time.monotonic() - self._drawn_s >= CURVES_EVERY_S:
            draw_curves(read_log(self.folder), self.folder / CURVES)
            self._drawn_s = time.monotonic()

    def draw_strip(self, rows: Sequence[Sequence[NDArray[np.uint8]]], step: int) -> None:
        """Save rows of pictures (H, W, 3) as one picture, and as a TensorBoard image."""
        strip = np.concatenate([np.concatenate(list(row), axis=1) for row in rows])
        Image.fromarray(strip).save(self.folder / STRIP)
        self._events.add_image("strip", strip, step, dataformats="HWC")

    def close(self) -> None:
        """Draw the curves as they are now; nothing can be noted after that."""
        draw_curves(read_log(self.folder), self.folder / CURVES)
        self._events.close()


def read_log(folder: Path) -> list[dict[str, float]]:
    """The lines of a run's log; a last line that a kill cut short is left out."""
    path = folder / LOG
    if not path.exists():
        return []
    lines = []
    for text in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(text))
        except ValueError:
            break
    return lines


def draw_curves(log: Sequence[Mapping[str, float]], destination: Path) -> None:
    """One small plot per figure, with a moving median over a twentieth of the points."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    names = [name for name in dict.fromkeys(key for line in log for key in line) if name not in ("step", "time")]
    if not names:
        return
    columns = min(3, len(names))
    rows = -(-len(names) // columns)
    figure = Figure(figsize=(4.2 * columns, 2.8 * rows), layout="constrained")
    FigureCanvasAgg(figure)
    for place, name in enumerate(names):
        points = np.array([(line["step"], line[name]) for line in log if name in line])
        plot = figure.add_subplot(rows, columns, place + 1)
        plot.plot(points[:, 0], points[:, 1], color="#b0b0b0", linewidth=0.8)
        half = max(1, len(points) // 40)
        smooth = [np.median(points[max(0, i - half) : i + half + 1, 1]) for i in range(len(points))]
        plot.plot(points[:, 0], smooth, color="#202020", linewidth=1.4)
        plot.set_title(name.replace("_", " "), fontsize=9)
        plot.tick_params(labelsize=8)
        plot.grid(alpha=0.25)
    figure.savefig(destination, dpi=110)
