"""Pictures of the window for the README: the real window off screen, with chunks of the bundled world.

`python packaging/pictures.py docs/pictures` writes window-dark.png, window-light.png and path-editor.png there.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZE = (1600, 1000)
START = "assets/pictures/meadow.jpg"
KEYS = (
    (0.0, 0.0, 0.0, 0.0),
    (1.6, 0.02, 0.24, -4.0),
    (3.2, 0.06, 0.46, -10.0),
    (4.8, 0.15, 0.66, -14.0),
    (6.4, 0.30, 0.80, -6.0),
    (8.0, 0.47, 0.86, 8.0),
    (9.6, 0.62, 0.80, 20.0),
)
"""Seconds, x and z in scene units, degrees of turn to the left."""


def wait(condition: Callable[[], bool], timeout_s: float = 300) -> None:
    """Let the window live until something holds."""
    from PySide6.QtCore import QEventLoop, QTimer

    end = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("the window did not come so far")
        loop = QEventLoop()
        QTimer.singleShot(50, loop.quit)
        loop.exec()


def settle(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait(lambda: time.monotonic() > end)


def draw(out: Path) -> None:
    """Author in both themes: a drawn path, three chunks, a branch of three more."""
    from astra_studio.app import App
    from astra_studio.document.path_edits import set_path
    from astra_studio.document.paths import Drawn
    from engine import poses
    from engine.trajectories.path import CameraPath, key_from_pose

    app = App()
    app.settings.set("theme", "dark")
    if not app.show(None):
        raise SystemExit("no project could be made")
    window, studio = app.window, app.studio
    assert window is not None
    window.resize(*SIZE)
    app.files.take_in([Path(START).absolute()])
    wait(lambda: studio.project.start is not None and studio.generation.status.world_stage == "open")
    keys = []
    for time_s, x, z, turn in KEYS:
        pose = poses.from_parts(poses.rotation_y(-turn * 3.14159 / 180), (x, 0.0, z))
        keys.append(key_from_pose(time_s, pose))
    studio.apply(set_path(studio.take.id, Drawn(path=CameraPath(keys=tuple(keys)))))
    studio.commands.trigger("generate.next")
    window.timeline.generate(2)
    wait(lambda: len(studio.take.chunks) == 3 and not studio.generation.status.is_busy)
    studio.player.pause()
    studio.player.seek(70)
    studio.commands.trigger("take.branch")
    window.timeline.generate(3)
    wait(lambda: len(studio.take.chunks) == 5 and not studio.generation.status.is_busy)
    studio.player.pause()
    window.timeline.canvas.fit()
    studio.player.seek(26)
    window.toast.hide()
    for theme in ("dark", "light"):
        app.settings.set("theme", theme)
        studio.select_key(3)
        settle(1.0)
        window.grab().save(str(out / f"window-{theme}.png"))
        if theme == "dark":
            window.path.grab().save(str(out / "path-editor.png"))
    window.close()
    app.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the README's pictures of the window.")
    parser.add_argument("out", type=Path)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {"QT_QPA_PLATFORM": "offscreen", "ASTRA_STUDIO_HOME": home}
        draw(options.out.absolute())


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    main()
