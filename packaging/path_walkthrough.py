"""Check of camera paths in the real program on a virtual screen: draws one as a user would, and checks the file.

`python packaging/path_walkthrough.py OUT` needs what `walkthrough.py` needs. It drops a picture, draws a path with the
pen, adds and moves keys with the mouse, types numbers, turns a key, undoes everything back to the start and does it
again, renders two chunks, exports the path, and compares the action rows in the project with those that
`astra-studio trajectory show --json` prints for the exported file. It exits with 0 only if all of that came out right.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from astra_studio.document.model import Project
from astra_studio.document.opening import open_reader
from astra_studio.document.paths import stored_path
from engine.trajectories.path import CameraPath
from walkthrough import ROOT, Walk, chunks, say

_TOP = (211, 77, 587, 412)
"""The view from above, in pixels of the window at 1600 x 1000: left, top, right, bottom."""
_BEGIN, _STEPS = (300, 340), 40
_FIELDS = {"x": (1427, 144), "z": (1536, 144), "yaw": (1427, 170)}
"""Where the inspector's numbers stand while a key is chosen."""
_TOLERANCE = 1e-6


class PathWalk:
    """Hands on the path editor of a running program."""

    def __init__(self, walk: Walk, window: str) -> None:
        self.walk, self.window = walk, window

    def move(self, x: float, y: float) -> None:
        self.walk.hand("mousemove", "--window", self.window, round(x), round(y))
        time.sleep(0.02)

    def click(self, x: float, y: float, times: int = 1) -> None:
        self.move(x, y)
        self.walk.hand("click", "--repeat", times, "--delay", 60, 1)
        time.sleep(0.35)

    def drag(self, *way: tuple[float, float]) -> None:
        """Press at the first point, let go at the last."""
        self.move(*way[0])
        self.walk.hand("mousedown", 1)
        time.sleep(0.1)
        for x, y in way[1:]:
            self.move(x, y)
        time.sleep(0.1)
        self.walk.hand("mouseup", 1)
        time.sleep(0.4)

    def type_into(self, field: str, text: str) -> None:
        """Click a number of the inspector, type another one."""
        self.click(*_FIELDS[field])
        self.walk.hand("type", "--delay", 30, text)
        self.walk.key("Return")
        time.sleep(0.3)

    def project(self) -> Project:
        """The project as its file has it now."""
        with open_reader(self.walk.project) as reader:
            return reader.current()

    def path(self) -> CameraPath | None:
        drawn = stored_path(self.project().current)
        return None if drawn is None else drawn.path

    def expect(self, is_so: bool, what: str) -> None:
        if not is_so:
            self.walk.picture("not-as-expected")
            raise SystemExit(f"not so: {what}; the path is {self.path()}")
        say(f"  {what}")


def bow() -> list[tuple[float, float]]:
    """A line for the pen, from the lower left up and to the right."""
    angles = [math.pi / 2 * step / _STEPS for step in range(_STEPS + 1)]
    x, y = _BEGIN
    return [(x + 190 * (1 - math.cos(angle)), y - 190 * math.sin(angle)) for angle in angles]


def edit(hands: PathWalk) -> CameraPath:
    """Draw, add, move, type, turn; the path that comes of it."""
    walk = hands.walk
    walk.key("p")
    way = bow()
    hands.drag(*way)
    walk.picture("path-1-drawn")
    drawn = hands.path()
    hands.expect(drawn is not None and 3 <= len(drawn.keys) <= 10, "the pen has drawn a few keys")
    assert drawn is not None
    walk.key("2")
    hands.click(*way[_STEPS // 3], times=2)
    split = hands.path()
    hands.expect(split is not None and len(split.keys) == len(drawn.keys) + 1, "a double click has put a key on it")
    walk.key("Escape")
    hands.drag(way[-1], (way[-1][0] - 20, way[-1][1] - 10), (way[-1][0] - 40, way[-1][1] - 20))
    moved = hands.path()
    hands.expect(moved is not None and moved.keys[-1].position != drawn.keys[-1].position, "the last key was dragged")
    hands.type_into("x", "0.5")
    hands.type_into("yaw", "45")
    walk.picture("path-2-numbers")
    typed = hands.path()
    assert typed is not None
    hands.expect(math.isclose(typed.keys[-1].position[0], 0.5), "x of the last key was typed")
    # The view takes the keys again, with nothing chosen.
    hands.click(_TOP[0] + 14, _TOP[1] + 20)
    walk.key("comma", "comma", "Escape", "shift+Left", "shift+Left")
    walk.key("Return")
    grown = hands.path()
    hands.expect(grown is not None and len(grown.keys) == len(typed.keys) + 1, "Return has put a key at the playhead")
    walk.key("ctrl+a")
    walk.key("Up", "Up")
    nudged = hands.path()
    walk.picture("path-3-nudged")
    hands.expect(
        nudged is not None and math.isclose(nudged.keys[0].position[2] - typed.keys[0].position[2], 0.02, abs_tol=1e-9),
        "arrow keys have moved all keys ahead",
    )
    assert nudged is not None
    return nudged


def undo_and_redo(hands: PathWalk, last: CameraPath) -> None:
    """Everything back to the start, and again."""
    walk = hands.walk
    walk.key("Escape")
    steps = 0
    while hands.path() is not None and steps < 60:
        walk.key("ctrl+z")
        steps += 1
        time.sleep(0.1)
    hands.expect(hands.path() is None, f"{steps} undos have taken the path back to nothing")
    walk.picture("path-4-undone")
    for _ in range(steps):
        walk.key("ctrl+shift+z")
        time.sleep(0.1)
    hands.expect(hands.path() == last, "as many redos have brought back the same path")


def compare(hands: PathWalk, out: Path) -> None:
    """Export the path by the dialog, and compare its rows with the project's."""
    walk, file = hands.walk, out / "walk.json"
    file.unlink(missing_ok=True)
    walk.palette("export camera path")
    time.sleep(1.0)
    walk.picture("path-6-export")
    walk.key("Tab")
    walk.key("ctrl+a")
    walk.hand("type", "--delay", 20, str(file))
    walk.key("Return")
    walk.until(file.is_file, "the exported path", timeout_s=20)
    time.sleep(0.5)
    command = [sys.executable, "-m", "astra_studio.cli", "trajectory", "show", str(file), "--json"]
    done = subprocess.run(command, env=walk.environment, capture_output=True, text=True, check=True, cwd=ROOT)
    printed = np.array(json.loads(done.stdout)["rows"])
    stored = hands.project().current.actions.rows
    away = float(np.abs(printed - stored).max())
    hands.expect(
        printed.shape == stored.shape and away < _TOLERANCE, f"rows shown and rows stored differ by {away:.1g}"
    )


def run(out: Path, world: str) -> None:
    """All of it. Raises SystemExit with what was not as it should be."""
    out.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="astra-path"))
    walk = Walk(out, home, world)
    try:
        _, window = walk.start()
        walk.drop(ROOT / "assets" / "pictures" / "lake_sun.jpg")
        time.sleep(2)
        hands = PathWalk(walk, window)
        last = edit(hands)
        undo_and_redo(hands, last)
        for _ in range(2):
            walk.key("ctrl+Return")
        walk.until(lambda: len(chunks(walk.info(), "Take 1")) == 2, "two chunks")
        time.sleep(2)
        walk.key("k")
        hands.expect(hands.path() == last, "two chunks were made, and the path is what it was")
        walk.picture("path-5-rendered")
        compare(hands, out)
        say(f"all as it should be; pictures in {out}")
    finally:
        walk.close()
        shutil.rmtree(home, ignore_errors=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a camera path in the real program on a virtual screen.")
    parser.add_argument("out", type=Path, help="folder for screenshots and the exported path")
    parser.add_argument("--world", default="small-astra")
    options = parser.parse_args()
    run(options.out.absolute(), options.world)


if __name__ == "__main__":
    main()
