"""Check of a packaged program as a user would use it, without a screen: `python packaging/try_frozen.py FOLDER`.

It is run away from the checkout and with a home of its own, so that nothing but what was packed can serve it. Exit 0
only if everything went well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
TIMEOUT_S = 600


class Trial:
    """A packaged program, a folder to work in, and what has been seen."""

    def __init__(self, folder: Path, work: Path) -> None:
        self.program = folder / ("astra-studio.exe" if os.name == "nt" else "astra-studio")
        self.pictures = next(folder.glob("*/assets/pictures"))
        self.work = work
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
        self.environment = {**kept, "ASTRA_STUDIO_HOME": str(work / "home"), "QT_QPA_PLATFORM": "offscreen"}
        self.project = work / "home" / "data" / "projects" / "Untitled 1.astra"

    def run(self, *arguments: object) -> str:
        """What the program prints. Raises CalledProcessError where it fails."""
        command = [str(self.program), *map(str, arguments)]
        done = subprocess.run(
            command,
            env=self.environment,
            cwd=self.work,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
        return done.stdout

    # ------------------------------------------------------------------ what is tried

    def tell_version(self) -> str:
        return self.run("--version").strip()

    def examine(self) -> str:
        """The doctor finds all parts in the package."""
        found = json.loads(self.run("doctor", "--json"))
        assert found["is_packaged"], "the doctor does not know that it is packaged"
        assert "problem" not in found["torch"], found["torch"]
        assert "problem" not in found["qt"], found["qt"]
        assert all(found["encoders"].values()), found["encoders"]
        assert {"jpeg", "png", "svg", "webp"} <= set(found["qt"]["pictures"]), found["qt"]
        states = {world["name"]: world["state"] for world in found["worlds"]}
        assert states["small-astra"] == "ready", states
        return f"torch {found['torch']['version']}, Qt {found['qt']['version']}"

    def show_window(self) -> str:
        output = self.run("--quit-when-shown").strip()
        assert "heavy modules: none" in output, output
        return output.partition(";")[0]

    def generate_in_window(self) -> str:
        """Generate is pressed in the window, and the chunk is in the project file."""
        output = self.run(self.pictures / "meadow.jpg", "--quit-when-generated").strip().splitlines()[-1]
        project = Path(output.partition(" in ")[2])
        (take,) = json.loads(self.run("info", project, "--json"))["takes"]
        assert [chunk["num_frames"] for chunk in take["chunks"]] == [33], take
        self.project = project
        return output.partition(" in ")[0]

    def export(self) -> str:
        return self.video(lambda out: self.run("export", self.project, "--take", "Take 1", "--hud", "--out", out))

    def render(self) -> str:
        picture = self.pictures / "lake_sun.jpg"
        arguments = ("render", "--image", picture, "--trajectory", "w-8", "--solver", "unipc", "--out")
        return self.video(lambda out: self.run(*arguments, out))

    def render_released_layout(self) -> str:
        """A small world with the files, and through all the libraries, of the released one."""
        from tests.builders import add_text, write_original_world

        world = write_original_world(self.work / "tiny")
        add_text(world)
        picture = self.pictures / "pines.jpg"
        arguments = (
            "render",
            "--world",
            world,
            "--image",
            picture,
            "--prompt",
            "a sunlit street",
            "--trajectory",
            "w-8",
        )
        return self.video(lambda out: self.run(*arguments, "--out", out))

    def plot(self) -> str:
        """A drawn trajectory, here of three poses in TUM's format."""
        path = self.work / "path.txt"
        path.write_text("".join(f"{number} 0 0 {number} 0 0 0 1\n" for number in range(3)))
        self.run("trajectory", "plot", path, self.work / "path.png")
        return f"{(self.work / 'path.png').stat().st_size} bytes"

    def video(self, make: Callable[[Path], object]) -> str:
        from engine.video.decode import probe

        out = self.work / f"{time.monotonic_ns()}.mp4"
        make(out)
        found = probe(out)
        assert found.num_frames == 33, found
        return f"{found.num_frames} frames of {found.width} x {found.height}"


def try_program(folder: Path) -> int:
    """Try everything, telling each; returns 1 if anything failed."""
    with tempfile.TemporaryDirectory(prefix="astra-trial") as work:
        trial = Trial(folder.absolute(), Path(work))
        steps: dict[str, Callable[[], str]] = {
            "version": trial.tell_version,
            "doctor": trial.examine,
            "window": trial.show_window,
            "one chunk in the window": trial.generate_in_window,
            "export": trial.export,
            "render": trial.render,
            "render, released layout": trial.render_released_layout,
            "plot": trial.plot,
        }
        failed = 0
        for name, step in steps.items():
            began_s = time.monotonic()
            try:
                output = step()
            except (AssertionError, OSError, ValueError, subprocess.SubprocessError) as error:
                failed += 1
                output = f"FAILED: {error} {getattr(error, 'stdout', '') or ''}{getattr(error, 'stderr', '') or ''}"
            sys.stdout.write(f"{name:<24} {time.monotonic() - began_s:6.1f} s  {output}\n")
            sys.stdout.flush()
    return 1 if failed else 0


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(description="Try a packaged program.")
    parser.add_argument("folder", type=Path)
    return try_program(parser.parse_args().folder)


if __name__ == "__main__":
    sys.exit(main())
