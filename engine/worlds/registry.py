"""Owns the names under which worlds are opened. Importing this module does not import torch."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from engine.worlds.protocol import WorldModel

Opener = Callable[[Path | None, str], WorldModel]
"""Opens a world of one kind from its place (None for worlds without files) on the device of that name."""


def _open_astra(place: Path | None, device: str) -> WorldModel:
    assert place is not None, "an Astra world lies in a folder or file"
    world: WorldModel = importlib.import_module("engine.worlds.astra").open_astra(place, device)
    return world


def _open_fake(place: Path | None, device: str) -> WorldModel:
    world: WorldModel = importlib.import_module("engine.worlds.fake").FakeWorld()
    return world


KINDS: dict[str, Opener] = {"astra": _open_astra, "fake": _open_fake}
"""The extension point: one entry per kind of world; tests/contracts/test_worlds.py is what an entry must pass."""


def open_world(spec: str, catalogue: Mapping[str, Path], device: str = "auto") -> WorldModel:
    """Open a world by a catalogue name, by the name of a kind without files ("fake"), or by its folder or checkpoint
    file.

    Raises ValueError for a name that is nothing of that; errors of loading pass through.
    """
    if spec in catalogue:
        return KINDS["astra"](catalogue[spec], device)
    if spec == "fake":
        return KINDS["fake"](None, device)
    place = Path(spec)
    with suppress(RuntimeError):  # ~ of somebody who is not known here stays as it is
        place = place.expanduser()
    if spec and place.exists():
        return KINDS["astra"](place, device)
    names = ", ".join([*sorted(catalogue), "fake"])
    raise ValueError(f"there is no world {spec!r}: it is neither a known name ({names}) nor a folder or file")
