"""Real layouts on a real X server: a virtual screen, setxkbmap, and keys pressed by their place with xdotool."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ("Xvfb", "setxkbmap", "xdotool")

DRIVER = """
import sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QWidget
from astra_studio.input.held import HeldInput
from astra_studio.input.layout_labels import LayoutLabels
from ui.input.qt_events import KeyListener

application = QApplication(sys.argv)
window = QWidget()
window.resize(300, 200)
window.show()
held, labels = HeldInput(), LayoutLabels()
listener = KeyListener(held, labels)
listener.start()
print("ready", *(labels.label(code) for code in ("KeyW", "KeyA", "KeyS", "KeyD")), flush=True)
seen = set()

def look():
    axes = held.peek().axes
    for name, value in axes.items():
        if value and (name, value) not in seen:
            seen.add((name, value))
            print(name, value, flush=True)

timer = QTimer()
timer.timeout.connect(look)
timer.start(5)
QTimer.singleShot(15000, application.quit)
application.exec()
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or any(shutil.which(tool) is None for tool in TOOLS),
    reason="needs an X server of its own: Xvfb, setxkbmap and xdotool",
)


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    try:
        environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        script = "from PySide6.QtWidgets import QApplication; QApplication([])"
        # In a process of its own: where a library of the system is missing Qt aborts.
        if subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False).returncode:
            pytest.skip("Qt cannot open a window on X here; `go.py setup` names the libraries that it lacks")
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@pytest.mark.parametrize(
    ("layout", "labels"),
    [
        (("us",), "W A S D"),
        (("fr",), "Z Q S D"),
        (("us", "dvorak"), ", A O E"),
        (("ru",), "Ц Ф Ы В"),
    ],
    ids=["US", "French", "Dvorak", "Cyrillic"],
)
def test_the_same_places_drive_on_every_layout(display: str, layout: tuple[str, ...], labels: str) -> None:
    environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": str(ROOT)}
    subprocess.run(["setxkbmap", *layout], env=environment, check=True)
    with subprocess.Popen(
        [sys.executable, "-c", DRIVER], env=environment, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as driver:
        assert driver.stdout is not None
        try:
            assert driver.stdout.readline().split() == ["ready", *labels.split()]
            subprocess.run(["xdotool", "mousemove", "100", "100", "click", "1"], env=environment, check=True)
            told = []
            for keycode in (25, 38, 39, 40):  # the places of W, A, S and D
                for action in ("keydown", "keyup"):
                    subprocess.run(["xdotool", action, str(keycode)], env=environment, check=True)
                    subprocess.run(["sleep", "0.06"], check=True)
                told.append(driver.stdout.readline().split())
        finally:
            driver.kill()
    assert told == [["forward", "1.0"], ["right", "-1.0"], ["forward", "-1.0"], ["right", "1.0"]]
