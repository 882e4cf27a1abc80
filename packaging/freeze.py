"""Packaging of this checkout with PyInstaller: icons, the program's folder, desktop files, licences.

`python packaging/freeze.py [--out FOLDER] [--try]` leaves FOLDER/astra-studio, by default build/dist/astra-studio, made
of the libraries of the Python that runs it. That needs the extra `package`: `go.py package` installs it and runs this.
PyInstaller does not build for other systems than the one it runs on.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from try_frozen import try_program

ROOT = Path(__file__).resolve().parents[1]
LINUX = ROOT / "packaging" / "linux"
NAME = "astra-studio"
ICON_SIZES_PX = (16, 22, 24, 32, 48, 64, 128, 256, 512)
SMALL_PX, CLOSER = 24, 0.16
"""Up to that size an icon shows the middle of the drawing, so that the star is still one: that share of it is cut off
at each side."""
LICENCE_FILE = re.compile(r"(?i)(licen[cs]e|copying|notice|authors)[^/]*(?<!\.py)(?<!\.pyc)$")
MISSING = "PyInstaller is missing; python3 packaging/go.py package installs it, and goes on with this"


def freeze(out: Path) -> Path:
    """Build into `out`; returns the program's folder. Raises CalledProcessError where PyInstaller fails."""
    icons = ROOT / "build" / "icons"
    draw_icons(ROOT / "assets" / "icons" / "astra.svg", icons)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(out), "--workpath", str(ROOT / "build" / "frozen")]
    command.append(str(ROOT / "packaging" / "astra-studio.spec"))
    subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "ASTRA_STUDIO_ICONS": str(icons)})
    folder = out / NAME
    copy_licences(folder / "licences")
    if sys.platform == "linux":
        add_desktop_files(folder, icons)
    return folder


def draw_icons(drawing: Path, folder: Path) -> None:
    """PNG files in every size, one .ico and one .icns, of an SVG drawing."""
    # Neither fonts nor pixmaps, so no application: one made here would outlive this and be in the way of others.
    from PIL import Image
    from PySide6.QtCore import QRectF
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    folder.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(str(drawing))
    for size in ICON_SIZES_PX:
        cut = CLOSER * size if size <= SMALL_PX else 0.0
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(0)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(-cut, -cut, size + 2 * cut, size + 2 * cut))
        painter.end()
        image.save(str(folder / f"{NAME}-{size}.png"))
    pictures = [Image.open(folder / f"{NAME}-{size}.png") for size in ICON_SIZES_PX]
    largest, *rest = reversed(pictures)
    largest.save(folder / f"{NAME}.icns", append_images=rest)
    small = [picture for picture in pictures if picture.width <= 256]
    small[-1].save(folder / f"{NAME}.ico", sizes=[picture.size for picture in small], append_images=small)


def add_desktop_files(folder: Path, icons: Path) -> None:
    """The tree `share/` and the script that installs all of it."""
    for file, place in (("astra-studio.desktop", "applications"), ("astra-studio.xml", "mime/packages")):
        (folder / "share" / place).mkdir(parents=True, exist_ok=True)
        shutil.copy2(LINUX / file, folder / "share" / place / file)
    for size in ICON_SIZES_PX:
        apps = folder / "share" / "icons" / "hicolor" / f"{size}x{size}" / "apps"
        apps.mkdir(parents=True, exist_ok=True)
        shutil.copy2(icons / f"{NAME}-{size}.png", apps / f"{NAME}.png")
    scalable = folder / "share" / "icons" / "hicolor" / "scalable" / "apps"
    scalable.mkdir(parents=True, exist_ok=True)
    shutil.copy2(ROOT / "assets" / "icons" / "astra.svg", scalable / f"{NAME}.svg")
    shutil.copy2(LINUX / "install.sh", folder / "install.sh")


def copy_licences(folder: Path) -> None:
    """The licence files of every library that the program needs, and our own."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy2(ROOT / "LICENSE", folder / "Astra-Studio.txt")
    shutil.copy2(ROOT / "packaging" / "NOTES.md", folder / "NOTES.md")
    shutil.copytree(ROOT / "packaging" / "licences", folder, dirs_exist_ok=True)
    for name in sorted(needed_libraries()):
        library = metadata.distribution(name)
        for file in library.files or []:
            if LICENCE_FILE.search(str(file)):
                target = folder / f"{library.metadata['Name']}-{library.version}" / file.name
                target.parent.mkdir(exist_ok=True)
                shutil.copy2(str(file.locate()), target)


def needed_libraries() -> set[str]:
    """Names of all installed libraries that the program's own requirements lead to."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    waiting, found = list(project["dependencies"]), set()
    while waiting:
        requirement = waiting.pop()
        name = re.split(r"[^A-Za-z0-9_.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")
        if name in found or "extra ==" in requirement:
            continue
        try:
            waiting.extend(metadata.requires(name) or [])
        except metadata.PackageNotFoundError:
            continue  # for other systems or Pythons
        found.add(name)
    return found


def files_in(folder: Path) -> Iterator[Path]:
    """Every file of a folder, links left out."""
    return (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def main() -> int:
    """Build; returns the exit code."""
    parser = argparse.ArgumentParser(description="Make a packaged program of this checkout.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "dist", help="folder to build into")
    parser.add_argument("--try", action="store_true", dest="is_tried", help="see that it starts and makes chunks")
    options = parser.parse_args()
    if importlib.util.find_spec("PyInstaller") is None:
        sys.stderr.write(MISSING + "\n")
        return 1
    began_s = time.monotonic()
    folder = freeze(options.out.absolute())
    size = sum(path.stat().st_size for path in files_in(folder))
    sys.stdout.write(f"{folder}: {size / 1e6:.0f} MB, built in {time.monotonic() - began_s:.0f} s\n")
    sys.stdout.flush()
    return try_program(folder) if options.is_tried else 0


if __name__ == "__main__":
    sys.exit(main())
