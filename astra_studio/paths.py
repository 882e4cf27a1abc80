"""Paths: what ships with the program, and the user's own folders."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import appdirs

APP = "AstraStudio"
HOME_VARIABLE = "ASTRA_STUDIO_HOME"
"""Moves every folder of the user's that the program would choose."""
BUNDLED_WORLD = "small-astra"


def assets() -> Path:
    """The folder assets/: beside the packages, or inside a frozen bundle."""
    frozen = getattr(sys, "_MEIPASS", None)
    root = Path(frozen) if frozen else Path(__file__).resolve().parent.parent
    return root / "assets"


def user_data() -> Path:
    """The user's folder for worlds and other data."""
    home = os.environ.get(HOME_VARIABLE)
    return Path(home) / "data" if home else Path(appdirs.user_data_dir(APP, appauthor=False))


def world_catalogue() -> dict[str, Path]:
    """Worlds by name: those in assets/models, and those in the user's data folder, which win."""
    folders = [assets() / "models", user_data() / "worlds"]
    places = [place for folder in folders if folder.is_dir() for place in sorted(folder.iterdir()) if place.is_dir()]
    return {place.name: place for place in places}
