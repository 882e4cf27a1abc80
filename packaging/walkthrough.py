"""Walk through the real program on a virtual screen, as a user would do it, with screenshots.

`python packaging/walkthrough.py OUT` needs Linux with Xvfb, a window manager (openbox) and xdotool. It starts the
program, drops a picture on it, makes three chunks, branches at the second, makes more, scrubs, exports both takes,
kills the program in the middle of a chunk, starts it again, finds every finished chunk, goes on from there, compares
the takes, and drops an exported video on the window, which brings its settings back. It exits with 0 only if all of
that was seen in the project file and in the exported videos. `--program FILE` walks through a packaged program instead.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageGrab

ROOT = Path(__file__).resolve().parent.parent
CHECKOUT = (sys.executable, "-m", "astra_studio.cli")
SCREEN = (1920, 1080)
SIZE = (1600, 1000)
MOVE_FIELD = (1430, 113)
"""Where the camera move is typed, in the window."""
RULER_Y = 640
CHUNK_FRAMES = (33, 65, 97, 129)
"""Frames of takes of one to four chunks."""
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

    def __init__(self, out: Path, home: Path, world: str, program: Sequence[str] = CHECKOUT) -> None:
        self.out, self.program, self.display = out, program, f":{90 + os.getpid() % 400}"
        self.environment = os.environ | {
            "DISPLAY": self.display,
            "ASTRA_STUDIO_HOME": str(home),
            "ASTRA_STUDIO_WORLD": world,
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

    def hand(self, *arguments: object) -> str:
        """One xdotool command."""
        command = ["xdotool", *map(str, arguments)]
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
        process = self.run([*self.program, *arguments])
        self.until(lambda: self.ok(["xdotool", "search", "--onlyvisible", "--name", "Astra Studio$"]), "the window")
        window = self.hand("search", "--onlyvisible", "--name", "Astra Studio$").splitlines()[0]
        self.hand("windowmove", window, 0, 0)
        self.hand("windowsize", window, *SIZE)
        self.hand("windowactivate", "--sync", window)
        time.sleep(2)
        return process, window

    def key(self, *keys: str) -> None:
        for key in keys:
            self.hand("key", "--clearmodifiers", key)
            time.sleep(0.15)

    def palette(self, text: str) -> None:
        """Do a command by its words."""
        self.key("ctrl+k")
        time.sleep(0.6)
        self.hand("type", "--delay", 25, text)
        time.sleep(0.3)
        self.key("Return")
        time.sleep(0.4)

    def type_move(self, line: str) -> None:
        """Type a camera move into the inspector."""
        self.hand("mousemove", *MOVE_FIELD)
        self.hand("click", 1)
        time.sleep(0.3)
        self.key("ctrl+a")
        self.hand("type", "--delay", 20, line)
        self.key("Return", "Escape")
        time.sleep(0.4)

    def scrub(self, *places: int) -> None:
        """Drag the playhead along the ruler, to these pixels."""
        self.hand("mousemove", places[0], RULER_Y)
        self.hand("mousedown", 1)
        for x in places[1:]:
            self.hand("mousemove", x, RULER_Y)
            time.sleep(0.1)
        self.hand("mouseup", 1)
        time.sleep(0.5)

    def chunks(self, take: str) -> list[str]:
        """Hashes of a take's chunks, as the file has them."""
        return chunks(self.info(), take)

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
        shot.crop((0, 0, *SIZE)).save(self.out / f"{name}.png")

    def info(self) -> dict[str, Any]:
        """What the project file holds, asked of the command line."""
        command = [*self.program, "info", str(self.project), "--json"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, cwd=ROOT)
        content: dict[str, Any] = json.loads(done.stdout) if done.returncode == 0 else {"takes": [], "num_chunks": 0}
        return content

    def export(self, take: str, path: Path) -> None:
        command = [
            *self.program,
            "export",
            str(self.project),
            "--take",
            take,
            "--scale",
            "4",
            "--hud",
            "--out",
            str(path),
        ]
        subprocess.run(command, env=self.environment, check=True, cwd=ROOT, capture_output=True)

    def close(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


def chunks(content: dict[str, Any], name: str) -> list[str]:
    """Hashes of a take's chunks."""
    return next(
        ([c["latents_sha256"] for c in take["chunks"]] for take in content["takes"] if take["name"] == name), []
    )


def walk(out: Path, world: str, program: Sequence[str] = CHECKOUT) -> None:
    """All of it. Raises SystemExit with what was waited for in vain, AssertionError with what was not as it should."""
    out.mkdir(parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix="astra-walk"))
    walk = Walk(out, home, world, program)
    try:
        process = make_takes(walk)
        export_takes(walk)
        info = kill_in_the_middle(walk, process)
        find_every_chunk(walk, info)
    finally:
        walk.close()
        shutil.rmtree(home, ignore_errors=True)


def make_takes(walk: Walk) -> subprocess.Popen[bytes]:
    """Start, drop, generate three chunks, branch at the second, generate again, scrub. The running program."""
    began_s = time.monotonic()
    process, _ = walk.start()
    say(f"window after {time.monotonic() - began_s:.1f} s, waits of this script included")
    walk.picture("1-empty")
    walk.drop(ROOT / "assets" / "pictures" / "meadow.jpg")
    time.sleep(2)
    walk.picture("2-dropped")
    walk.type_move("w-8 w+left-8 w-8")
    walk.key("ctrl+shift+Return")
    walk.until(lambda: len(walk.chunks("Take 1")) == 3, "three chunks")
    time.sleep(1)
    walk.key("k", "End")
    time.sleep(0.5)
    walk.picture("3-three-chunks")
    walk.key("Home", "ctrl+Right", "ctrl+Right", "shift+Left", "b")
    walk.until(lambda: len(walk.info()["takes"]) == 2, "a branch")
    walk.type_move("w-8 w+left-8 w+right-8 right-8")
    walk.key("ctrl+shift+Return")
    walk.until(lambda: len(walk.chunks("Take 2")) == 4, "two more chunks on the branch")
    first, second = walk.chunks("Take 1"), walk.chunks("Take 2")
    assert second[:2] == first[:2], "a branch shares what came before it"
    assert second[2] != first[2], "and goes its own way from there"
    time.sleep(1)
    walk.key("k")
    walk.scrub(300, 500, 700, 900, 1200, 1000)
    walk.picture("4-branch")
    return process


def export_takes(walk: Walk) -> None:
    """Both, with the program open."""
    for number, count in ((1, 3), (2, 4)):
        video = walk.out / f"take-{number}.mp4"
        walk.export(f"Take {number}", video)
        with av.open(str(video)) as container:
            found = sum(1 for _ in container.decode(video=0))
        assert found == CHUNK_FRAMES[count - 1], f"{video.name} has {found} frames"
    say("exported: 97 and 129 frames")


def kill_in_the_middle(walk: Walk, process: subprocess.Popen[bytes]) -> dict[str, list[str]]:
    """Ask for many chunks and kill the program while one of them is being made; the chunks that there were then."""
    before = len(walk.chunks("Take 2"))
    for _ in range(12):
        walk.key("ctrl+Return")
    walk.until(lambda: len(walk.chunks("Take 2")) > before, "another chunk")
    info = walk.info()
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = len(chunks(info, "Take 2"))
    assert made < before + 12, "it was killed too late: nothing was being made any more"
    say(f"killed while chunk {made + 1} of take 2 was being made")
    return {name: chunks(info, name) for name in ("Take 1", "Take 2")}


def find_every_chunk(walk: Walk, info: dict[str, list[str]]) -> None:
    """Start again: every chunk is there, the take goes on, takes can be compared, exports bring settings back."""
    walk.start(str(walk.project))
    walk.picture("5-after-the-kill")
    for name, hashes in info.items():
        assert walk.chunks(name)[: len(hashes)] == hashes, f"{name} has lost chunks"
    kept = len(walk.chunks("Take 2"))
    walk.key("ctrl+Return")
    walk.until(lambda: len(walk.chunks("Take 2")) == kept + 1, "a chunk that goes on from the stored ones")
    time.sleep(1)
    walk.key("k", "alt+3", "Home", "ctrl+Right", "ctrl+Right", "w")
    time.sleep(1)
    walk.picture("6-review")
    assert has_wipe(walk.out / "6-review.png"), "the two takes are not compared"
    walk.key("ctrl+t")
    walk.until(lambda: len(walk.info()["takes"]) == 3, "a new take")
    walk.drop(walk.out / "take-2.mp4")
    rows = [row for chunk in read_record(walk.out / "take-2.mp4")["chunks"] for row in chunk["rows"]]
    walk.until(lambda: len(walk.info()["takes"][-1]["rows"]) == len(rows), "the settings of the exported take")
    time.sleep(0.5)
    walk.picture("7-restored")
    say(f"kept {len(info['Take 1'])} and {len(info['Take 2'])} chunks and went on; pictures in {walk.out}")


def has_wipe(picture: Path) -> bool:
    """Whether the white line between two takes stands in the middle of the viewer."""
    with Image.open(picture) as seen:
        middle = np.asarray(seen.convert("L").crop((700, 140, 820, 240)))
    return bool((middle.min(axis=0) > 250).any())


def read_record(video: Path) -> dict[str, Any]:
    """What an exported video says of itself."""
    record: dict[str, Any] = json.loads(video.with_name(video.name + ".astra.json").read_text(encoding="utf-8"))
    return record


def say(text: str) -> None:
    """Tell whoever runs it."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser(description="Drive the real program on a virtual screen.")
    parser.add_argument("out", type=Path, help="folder for screenshots and videos")
    parser.add_argument("--world", default="small-astra")
    parser.add_argument("--program", type=Path, help="a packaged astra-studio; without it this checkout's")
    options = parser.parse_args()
    program = (str(options.program.absolute()),) if options.program else CHECKOUT
    walk(options.out.absolute(), options.world, program)


if __name__ == "__main__":
    main()
