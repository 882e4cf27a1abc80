"""Drives the real program on a virtual screen as a user would, and leaves screenshots.

`python packaging/walkthrough.py OUT` needs Linux with Xvfb, a window manager (openbox) and xdotool. It starts the
program, drops a picture on it, makes three chunks, branches at the second, makes more, scrubs, exports both takes,
kills the program while a chunk is being made, starts it again and finds every finished chunk. It exits with 0 only if
all of that was seen in the project file and in the exported videos.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PIL import Image, ImageGrab

ROOT = Path(__file__).resolve().parent.parent
SCREEN = (1920, 1080)
_DRAG_SOURCE = """
import sys
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QApplication, QLabel

class Source(QLabel):
    def mouseMoveEvent(self, event):
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(sys.argv[1])])
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.exec(Qt.DropAction.CopyAction)

app = QApplication([])
source = Source("drag me")
source.setWindowTitle("drag source")
source.setGeometry(1660, 40, 200, 80)
source.show()
app.exec()
"""


class Walk:
    """The program, its screen, and hands on mouse and keyboard."""

    def __init__(self, out: Path, home: Path, world: str, seconds: float) -> None:
        self.out, self.display = out, f":{90 + os.getpid() % 400}"
        self.environment = os.environ | {
            "DISPLAY": self.display,
            "ASTRA_STUDIO_HOME": str(home),
            "ASTRA_STUDIO_WORLD": world,
            "ASTRA_STUDIO_FAKE_SECONDS": str(seconds),
            "QT_QPA_PLATFORM": "xcb",
            "PYTHONPATH": str(ROOT),
        }
        self.project = home / "data" / "projects" / "Untitled 1.astra"
        self.processes: list[subprocess.Popen[bytes]] = []
        self.run(["Xvfb", self.display, "-screen", "0", f"{SCREEN[0]}x{SCREEN[1]}x24"])
        self.until(lambda: self.ok(["xdotool", "getdisplaygeometry"]), "the virtual screen")
        self.run(["openbox"])
        time.sleep(1)

    def run(self, command: list[str]) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd=ROOT
        )
        self.processes.append(process)
        return process

    def ok(self, command: list[str]) -> bool:
        return subprocess.run(command, env=self.environment, capture_output=True, check=False).returncode == 0

    def hand(self, *words: object) -> str:
        """One xdotool command."""
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def until(self, condition: Callable[[], bool], what: str, timeout_s: float = 180) -> None:
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                self.picture("stuck")
                raise SystemExit(f"waited {timeout_s:g} s in vain for {what}")
            time.sleep(0.2)

    def start(self, *arguments: str) -> tuple[subprocess.Popen[bytes], str]:
        """The program, and its window's number."""
        process = self.run([sys.executable, "-m", "astra_studio.cli", *arguments])
        self.until(lambda: self.ok(["xdotool", "search", "--onlyvisible", "--name", "Astra Studio$"]), "the window")
        window = self.hand("search", "--onlyvisible", "--name", "Astra Studio$").splitlines()[0]
        self.hand("windowmove", window, 0, 0)
        self.hand("windowsize", window, 1600, 1000)
        self.hand("windowactivate", "--sync", window)
        time.sleep(2)
        return process, window

    def key(self, *keys: str) -> None:
        for key in keys:
            self.hand("key", "--clearmodifiers", key)
            time.sleep(0.15)

    def palette(self, words: str) -> None:
        """Do a command by its words."""
        self.key("ctrl+k")
        time.sleep(0.6)
        self.hand("type", "--delay", 25, words)
        time.sleep(0.3)
        self.key("Return")
        time.sleep(0.4)

    def drop(self, picture: Path) -> None:
        """Drag a file from another program onto the window."""
        source = self.run([sys.executable, "-c", _DRAG_SOURCE, str(picture)])
        self.until(lambda: self.ok(["xdotool", "search", "--name", "drag source"]), "the drag source")
        time.sleep(1)
        window = self.hand("search", "--name", "drag source").splitlines()[0]
        self.hand("mousemove", "--window", window, 60, 40)
        self.hand("mousedown", 1)
        for x, y in ((1600, 120), (1400, 200), (1000, 300), (800, 320), (780, 330)):
            self.hand("mousemove", x, y)
            time.sleep(0.15)
        self.hand("mouseup", 1)
        time.sleep(1)
        source.kill()

    def picture(self, name: str) -> None:
        """A screenshot of the window."""
        shot: Image.Image = ImageGrab.grab(xdisplay=self.display)
        shot.crop((0, 0, 1602, 1024)).save(self.out / f"{name}.png")

    def info(self) -> dict[str, Any]:
        """What the project file holds, asked of the command line."""
        command = [sys.executable, "-m", "astra_studio.cli", "info", str(self.project), "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, cwd=ROOT)
        content: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"takes": [], "num_chunks": 0}
        return content

    def export(self, take: str, path: Path) -> None:
        command = [sys.executable, "-m", "astra_studio.cli", "export", str(self.project), "--take", take]
        subprocess.run([*command, "--out", str(path)], env=self.environment, check=True, cwd=ROOT, capture_output=True)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def chunks(content: dict[str, Any], name: str) -> list[str]:
    """Hashes of a take's chunks."""
    return next(
        ([c["latents_sha256"] for c in take["chunks"]] for take in content["takes"] if take["name"] == name), []
    )


def walk(out: Path, world: str, seconds: float) -> None:
    """All of it. Raises SystemExit with what was waited for in vain."""
    out.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="astra-walk"))
    walk = Walk(out, home, world, seconds)
    try:
        began = time.monotonic()
        process, _ = walk.start()
        say(f"window after {time.monotonic() - began:.1f} s, waits of this script included")
        walk.picture("1-empty")
        walk.drop(ROOT / "assets" / "pictures" / "lake_sun.jpg")
        time.sleep(2)
        walk.picture("2-dropped")
        for _ in range(3):
            walk.key("ctrl+Return")
        walk.until(lambda: len(chunks(walk.info(), "Take 1")) == 3, "three chunks")
        time.sleep(2)
        walk.key("k")
        walk.picture("3-three-chunks")
        walk.key("Home", "ctrl+Right", "ctrl+Right", "shift+Right")
        walk.key("b")
        walk.until(lambda: len(walk.info()["takes"]) == 2, "a branch")
        for _ in range(2):
            walk.key("ctrl+Return")
        walk.until(lambda: len(chunks(walk.info(), "Take 2")) == 4, "two more chunks on the branch")
        time.sleep(1.5)
        walk.key("k")
        content = walk.info()
        assert chunks(content, "Take 2")[:2] == chunks(content, "Take 1")[:2], "a branch shares what came before it"
        for x in (300, 500, 700, 620):
            walk.hand("mousemove", x, 680)
            walk.hand("click", 1)
            time.sleep(0.3)
        walk.picture("4-branch")
        for number in (1, 2):
            walk.export(f"Take {number}", out / f"take-{number}.mp4")
        walk.palette("play to start")
        walk.key("End", "ctrl+Return")
        walk.until(lambda: process.poll() is None, "the program")
        time.sleep(0.25)
        before = walk.info()
        process.send_signal(signal.SIGKILL)
        process.wait()
        process, _ = walk.start(str(walk.project))
        time.sleep(2)
        walk.picture("5-after-the-kill")
        after = walk.info()
        for take in ("Take 1", "Take 2"):
            kept = chunks(after, take)
            assert kept[: len(chunks(before, take))] == chunks(before, take), f"{take} has lost chunks"
        walk.key("alt+3")
        time.sleep(1)
        walk.picture("6-review")
        say(f"kept: {len(chunks(after, 'Take 1'))} and {len(chunks(after, 'Take 2'))} chunks; pictures in {out}")
    finally:
        walk.close()
        shutil.rmtree(home, ignore_errors=True)


def say(text: str) -> None:
    """Tell whoever runs it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Drive the real program on a virtual screen.")
    parser.add_argument("out", type=Path, help="folder for screenshots and videos")
    parser.add_argument("--world", default="small-astra")
    parser.add_argument("--fake-seconds", type=float, default=1.0, help="seconds per chunk of the world fake")
    options = parser.parse_args()
    walk(options.out.absolute(), options.world, options.fake_seconds)


if __name__ == "__main__":
    main()
