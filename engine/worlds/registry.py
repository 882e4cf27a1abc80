"""Kinds of worlds by name, and worlds opened by name, folder or file. Imports no torch until a world is opened."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any

from engine.settings import SettingSpec, Specs
from engine.worlds.detail_settings import detail_settings
from engine.worlds.kind import WorldKind
from engine.worlds.protocol import WorldModel

GROUP = "astra_studio.worlds"
"""Entry point group in which other packages name their kinds: kind = "module:Class"."""

BUILT_IN: Mapping[str, str] = {
    "astra": "engine.worlds.kinds.astra:AstraKind",
    "wan": "engine.worlds.kinds.wan:WanKind",
    "sana-wm": "engine.worlds.kinds.sana_wm:SanaWMKind",
    "fake": "engine.worlds.kinds.fake:FakeKind",
}
"""The extension point: one entry per kind of world, in the order in which they are asked whether they recognise a
folder. tests/contracts/test_worlds.py is what an entry must pass."""

_PARTS = ("name", "layout", "settings", "presets", "recognise", "requirements", "open")


@dataclass(frozen=True, kw_only=True)
class FoundKinds:
    """All kinds of worlds of this installation.

    Attributes:
        kinds: those that can be used, in the order in which they are asked; those of the program first.
        problems: a sentence for each of those that cannot be used, by name.
    """

    kinds: Mapping[str, WorldKind]
    problems: Mapping[str, str]


@cache
def find_kinds() -> FoundKinds:
    """Import every kind, once. One that is broken is in `problems` and keeps no other from being used."""
    found = [EntryPoint(name, value, GROUP) for name, value in BUILT_IN.items()]
    found += sorted(entry_points(group=GROUP), key=lambda entry: entry.name)
    kinds: dict[str, WorldKind] = {}
    problems: dict[str, str] = {}
    for entry in found:
        try:
            if entry.name in kinds:
                raise ValueError("another kind has its name")
            kinds[entry.name] = _made(entry)
        except Exception as error:  # code of other packages: whatever is wrong there, the other kinds are of use
            reason = f"{error}" if type(error) is ValueError else f"{type(error).__name__}: {error}"
            maker = f" of the package {entry.dist.name}" if entry.dist is not None else ""
            problems[entry.name] = f"the kind of world {entry.name!r}{maker} cannot be used: {reason}"
    return FoundKinds(kinds=kinds, problems=problems)


def kind_named(name: str) -> WorldKind:
    """The kind of that name. Raises ValueError for one that is not there or cannot be used."""
    found = find_kinds()
    if name in found.kinds:
        return found.kinds[name]
    if name in found.problems:
        raise ValueError(found.problems[name])
    raise ValueError(f"there is no kind of world {name!r}; there are {', '.join(found.kinds)}")


def kind_of(path: Path) -> WorldKind:
    """The kind of the world in a folder or file: the one that its world.json names, or else the first that recognises
    it.

    Raises ValueError where world.json names one that is not there, or none recognises it.
    """
    named = _kind_in_config(path)
    if named is not None:
        return kind_named(named)
    found = find_kinds()
    for kind in found.kinds.values():
        if kind.recognise(path):
            return kind
    looked_for = "; ".join(f"{kind.name}: {kind.layout}" for kind in found.kinds.values() if kind.layout)
    broken = "".join(f"; {problem}" for problem in found.problems.values())
    raise ValueError(f"no kind of world recognises {path}. Looked for {looked_for}{broken}")


@dataclass(frozen=True, kw_only=True)
class ResolvedWorld:
    """What a name or path stands for.

    Attributes:
        location: as `WorldKind.open` takes it.
        path: its folder or file; None for a kind without files.
    """

    kind: WorldKind
    location: str
    path: Path | None


def resolve_world(spec: str, catalogue: Mapping[str, Path]) -> ResolvedWorld:
    """The kind and place of a world that is given by a catalogue name, by a kind's name, alone or with a colon and a
    location ("fake", "fake:0.4", "astra:/data/worlds/a"), or by its folder or checkpoint file.

    Raises ValueError for anything else.
    """
    if spec in catalogue:
        return _at(catalogue[spec])
    name, _, location = spec.partition(":")
    found = find_kinds()
    if name in found.kinds or name in found.problems:
        kind = kind_named(name)
        if not kind.layout:
            return ResolvedWorld(kind=kind, location=location, path=None)
        if location:
            place = _expanded(location)
            return ResolvedWorld(kind=kind, location=str(place), path=place)
    place = _expanded(spec)
    if spec and place.exists():
        return _at(place)
    names = ", ".join([*sorted(catalogue), *names_without_files()])
    raise ValueError(f"there is no world {spec!r}: it is neither a known name ({names}) nor a folder or file")


def names_without_files() -> list[str]:
    """Kinds whose worlds are opened by the kind's name alone."""
    return [kind.name for kind in find_kinds().kinds.values() if not kind.layout]


def every_setting() -> Specs:
    """Settings of all kinds of worlds, each name once: what a command line and a list of jobs may name."""
    found: dict[str, SettingSpec] = {}
    for kind in find_kinds().kinds.values():
        for spec in settings_of(kind):
            found.setdefault(spec.name, spec)
    return tuple(found.values())


def settings_of(kind: WorldKind) -> Specs:
    """What can be set in a world of that kind once it is open: what it declares itself, and detail."""
    return (*kind.settings, *detail_settings())


def open_world(spec: str, catalogue: Mapping[str, Path], device: str = "auto") -> WorldModel:
    """Open a world that is given as `resolve_world` takes it, with detail. Raises what that and `WorldKind.open`
    raise."""
    world = resolve_world(spec, catalogue)
    return importlib.import_module("engine.worlds.detailed").DetailedWorld(world.kind.open(world.location, device))


def _at(path: Path) -> ResolvedWorld:
    return ResolvedWorld(kind=kind_of(path), location=str(path), path=path)


def _expanded(location: str) -> Path:
    place = Path(location)
    with suppress(RuntimeError):  # ~ of somebody who is not known here stays as it is
        place = place.expanduser()
    return place


def _kind_in_config(path: Path) -> str | None:
    """What world.json names as `kind`; a file that cannot be read is for its kind to complain about."""
    folder = path if path.is_dir() else path.parent
    try:
        content: Any = json.loads((folder / "world.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    named = content.get("kind") if isinstance(content, dict) else None
    return named if isinstance(named, str) else None


def _made(entry: EntryPoint) -> WorldKind:
    """The kind that an entry point names. Raises whatever its package raises; ValueError for what is no kind."""
    made: Any = entry.load()
    kind: Any = made() if callable(made) else made
    lacking = [part for part in _PARTS if not hasattr(kind, part)]
    if lacking:
        raise ValueError(f"{entry.value} is no kind of world, it lacks {', '.join(lacking)}")
    if kind.name != entry.name or not entry.name or ":" in entry.name:
        raise ValueError(f"{entry.value} calls itself {kind.name!r}, and a name has no colon")
    checked: WorldKind = kind
    return checked
