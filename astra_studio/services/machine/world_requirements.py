"""Requirements of each world on this machine: whether it can be used, and what to do if not.

What a world requires, its kind says (`engine.worlds.kind`); here that is held against the machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from astra_studio.paths import user_data, world_catalogue
from astra_studio.problems import Problem
from engine.worlds.kind import MissingFile, WorldRequirements
from engine.worlds.registry import find_kinds, kind_named, kind_of

State = Literal["ready", "slow", "too large", "incomplete", "unusable"]

RELEASED = "astra"
"""Kind of the released Astra, and the folder that it is looked for in, among the user's worlds."""
_GIB = 1 << 30
_SHARE = 0.95
"""GPUs that are sold as 24 GB have a little less."""


@dataclass(frozen=True, kw_only=True)
class WorldOnMachine:
    """A world, and whether it can be used here.

    Attributes:
        bytes: of its files on this disk.
        width, height: of its pictures, in pixels; 0 where its folder does not tell.
        state: "slow" without the GPU that it is meant for, "too large" for the memory.
        needs: in words, for people.
        memory_gb: of the computer's memory that it takes, about, in GiB.
        gpu_gb: of a GPU's memory; 0: none is needed.
        todo: what to do next; "" where nothing is to be done.
    """

    name: str
    folder: str
    bytes: int
    width: int
    height: int
    state: State
    needs: str
    memory_gb: float
    gpu_gb: float
    has_text: bool = False
    missing: tuple[MissingFile, ...] = ()
    todo: str = ""

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def worlds_on_machine(machine: Mapping[str, Any]) -> list[WorldOnMachine]:
    """Every world that is known here, and the released Astra where it has not been fetched.

    `machine` is as `services.machine` sees it.
    """
    found = [world_on_machine(name, place, machine) for name, place in sorted(world_catalogue().items())]
    place = user_data() / "worlds" / RELEASED
    if not place.exists() and not any(world.gpu_gb for world in found):
        found.append(_to_be_fetched(place, kind_named(RELEASED).requirements(str(place))))
    return found


def kind_problems() -> list[Problem]:
    """Kinds of worlds of other packages that cannot be used."""
    todo = "Update that package, or remove it; other kinds are not affected"
    return [Problem("A kind of world is left out", reason, todo) for reason in find_kinds().problems.values()]


def world_on_machine(name: str, place: Path, machine: Mapping[str, Any]) -> WorldOnMachine:
    """The world in a folder. One that cannot be used says why in `todo`."""
    try:
        kind = kind_of(place)
    except ValueError as error:
        # Most folders without a sign of any kind are those that the released Astra is to be put into.
        required = kind_named(RELEASED).requirements(str(place))
        return _unusable(name, place, required, str(error))
    required = kind.requirements(str(place))
    return (
        _unusable(name, place, required, required.problem)
        if required.problem
        else _usable(name, place, required, machine)
    )


def _unusable(name: str, place: Path, required: WorldRequirements, problem: str) -> WorldOnMachine:
    return WorldOnMachine(
        name=name,
        folder=str(place),
        bytes=_bytes_of(place),
        width=0,
        height=0,
        state="incomplete" if required.missing else "unusable",
        needs="its missing files" if required.missing else "mending",
        memory_gb=0.0,
        gpu_gb=0.0,
        missing=required.missing,
        todo=problem,
    )


def _usable(name: str, place: Path, required: WorldRequirements, machine: Mapping[str, Any]) -> WorldOnMachine:
    gpus = machine["torch"].get("gpus", [])
    largest_gb = max((gpu["memory_gb"] for gpu in gpus), default=0.0)
    gpu_gb = required.gpu_bytes / _GIB
    is_fast = not gpu_gb or largest_gb > _SHARE * gpu_gb
    memory_gb = round((required.memory_bytes if is_fast else required.cpu_memory_bytes) / _GIB, 1)
    state: State = "ready" if is_fast else "slow"
    todo = ""
    if memory_gb > machine["memory"]["total_gb"]:
        state, todo = "too large", f"It takes about {memory_gb:g} GB of memory; use the bundled world here"
    elif state == "slow":
        todo = f"It is meant for a GPU with {gpu_gb:g} GB; here a chunk takes hours. Use the bundled world here"
    gpu = f"a GPU with {gpu_gb:g} GB and " if gpu_gb else "no GPU, "
    return WorldOnMachine(
        name=name,
        folder=str(place),
        bytes=_bytes_of(place),
        width=required.width,
        height=required.height,
        state=state,
        needs=f"{gpu}{memory_gb:g} GB of memory",
        memory_gb=memory_gb,
        gpu_gb=gpu_gb,
        has_text=required.has_text,
        missing=required.missing,
        todo=todo,
    )


def _to_be_fetched(place: Path, required: WorldRequirements) -> WorldOnMachine:
    needed, optional = (
        sum(part.num_bytes for part in required.missing if part.is_needed is is_needed) / _GIB
        for is_needed in (True, False)
    )
    gpu_gb = required.gpu_bytes / _GIB
    return WorldOnMachine(
        name=RELEASED,
        folder=str(place),
        bytes=0,
        width=required.width,
        height=required.height,
        state="incomplete",
        needs=f"a GPU with {gpu_gb:g} GB, {needed:g} GB of disk, and {optional:g} GB more for prompts",
        memory_gb=round(required.memory_bytes / _GIB, 1),
        gpu_gb=gpu_gb,
        missing=required.missing,
        todo=f"Put its files into {place}",
    )


def _bytes_of(place: Path) -> int:
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
