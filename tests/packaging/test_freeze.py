"""What is put around a packaged program: icons, desktop files, licences, and that all of it can be installed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtCore import QCoreApplication

import freeze

ROOT = Path(__file__).parents[2]
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="menus are described like this on Linux alone")


@pytest.fixture(scope="module")
def icons(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, before = tmp_path_factory.mktemp("icons"), QCoreApplication.instance()
    freeze.draw_icons(ROOT / "assets" / "icons" / "astra.svg", folder)
    assert QCoreApplication.instance() is before, "an application of its own would be in the way of the window's"
    return folder


def test_icons_have_every_size_and_the_star_is_in_all_of_them(icons: Path) -> None:
    for size in freeze.ICON_SIZES_PX:
        with Image.open(icons / f"astra-studio-{size}.png") as picture:
            assert picture.size == (size, size)
            colours = picture.convert("RGBA")
            red, green, blue, alpha = colours.getpixel((size // 2, size // 2))
            assert (red > 200, green > 120, blue < 120, alpha) == (True, True, True, 255), "the star is amber"
    with Image.open(icons / "astra-studio.ico") as picture:
        assert {(16, 16), (32, 32), (256, 256)} <= picture.info["sizes"]
    with Image.open(icons / "astra-studio.icns") as picture:
        assert picture.size[0] >= 512


def test_every_library_that_is_needed_brings_its_licence_or_is_told_of(tmp_path: Path) -> None:
    freeze.copy_licences(tmp_path)
    told = (tmp_path / "README.txt").read_text(encoding="utf-8").lower()
    folders = {folder.name.rpartition("-")[0].lower().replace("_", "-") for folder in tmp_path.iterdir()}
    without = {name for name in freeze.needed_libraries() if name not in folders}
    assert {name for name in without if name.removesuffix("-essentials") not in told} == set()
    for name in ("Astra-Studio.txt", "LGPL-3.txt", "GPL-3.txt", "GPL-2.txt", "NOTES.md"):
        assert (tmp_path / name).stat().st_size > 1000


@on_linux
def test_the_program_is_installed_with_its_menu_entry_and_removed_again(icons: Path, tmp_path: Path) -> None:
    built, prefix = tmp_path / "built", tmp_path / "a home" / ".local"
    freeze.add_desktop_files(built, icons)
    program = built / "astra-studio"
    program.write_text("#!/bin/sh\necho started\n")
    program.chmod(0o755)
    (prefix / "share" / "applications").mkdir(parents=True)
    (prefix / "share" / "applications" / "other.desktop").write_text("[Desktop Entry]\n")
    before = {path for path in prefix.rglob("*") if path.is_file()}

    def install(*words: str) -> None:
        home = {**os.environ, "HOME": "/nowhere"}
        subprocess.run([str(built / "install.sh"), *words, str(prefix)], check=True, env=home)

    install()
    command = prefix / "bin" / "astra-studio"
    assert subprocess.run([str(command)], check=True, capture_output=True, text=True).stdout == "started\n"
    entry = (prefix / "share" / "applications" / "astra-studio.desktop").read_text()
    assert f'Exec="{command}" %f' in entry
    assert (prefix / "share" / "icons" / "hicolor" / "48x48" / "apps" / "astra-studio.png").is_file()
    assert (prefix / "share" / "mime" / "packages" / "astra-studio.xml").is_file()
    install()  # an update
    install("--remove")
    left = {path for path in prefix.rglob("*") if path.is_file() or path.is_symlink()}
    assert {path for path in left if "mime" not in path.parts and "cache" not in path.name} == before
