"""Registry of data set layouts, and recognition of the layout of a folder."""

from __future__ import annotations

from pathlib import Path

from engine.training.datasets.errors import LayoutError
from engine.training.datasets.latents import LatentsSource
from engine.training.datasets.multicam import MultiCamSource
from engine.training.datasets.nuscenes import NuScenesSource
from engine.training.datasets.openx import OpenXSource
from engine.training.datasets.protocol import ClipSource
from engine.training.datasets.sekai import SekaiSource
from engine.training.datasets.spatialvid import SpatialVidSource

LAYOUTS: dict[str, type[ClipSource]] = {
    "sekai": SekaiSource,
    "spatialvid": SpatialVidSource,
    "nuscenes": NuScenesSource,
    "openx": OpenXSource,
    "multicam": MultiCamSource,
    "latents": LatentsSource,
}
"""The extension point: one entry per layout; tests/contracts/test_clip_sources.py is what an entry must pass."""

AUTO = "auto"
_NAMES_SHOWN = 6


def detect(folder: Path) -> tuple[str, str]:
    """The name of the layout that a folder is in, and why. Raises LayoutError for none, or more than one."""
    _check_folder(folder)
    found = {name: why for name, layout in LAYOUTS.items() if (why := layout.recognise(folder)) is not None}
    if not found:
        known = "; ".join(f"{name}: {layout.expects}" for name, layout in LAYOUTS.items())
        raise LayoutError(
            f"{folder} is in none of the layouts that are read here. Expected one of these: {known}. "
            f"Found: {_contents(folder)}"
        )
    if len(found) > 1:
        seen = "; ".join(f"{name}, because {why}" for name, why in found.items())
        raise LayoutError(f"{folder} could be several layouts: {seen}. Say which with --layout")
    return next(iter(found.items()))


def open_source(folder: Path, layout: str = AUTO) -> tuple[str, ClipSource]:
    """The name of the layout and the data set in a folder. Raises LayoutError for a folder that is not in it."""
    if layout == AUTO:
        layout, _ = detect(folder)
    if layout not in LAYOUTS:
        raise LayoutError(f"unknown layout {layout!r}; there are {', '.join([AUTO, *LAYOUTS])}")
    _check_folder(folder)
    kind = LAYOUTS[layout]
    if kind.recognise(folder) is None:
        raise LayoutError(
            f"{folder} is not in the layout {layout}: expected {kind.expects}. Found: {_contents(folder)}"
        )
    return layout, kind(folder)


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise LayoutError(f"there is no folder {folder}; give the one that holds the data set")


def _contents(folder: Path) -> str:
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {len(names) - _NAMES_SHOWN} more" if len(names) > _NAMES_SHOWN else shown or "nothing"
