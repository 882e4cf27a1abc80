"""Says what each world needs of a machine, which of its files are missing, and what to do about that.

Sizes come from the files that are there. Of the released Astra, which has to be fetched, they are known by its counts
of parameters (1.5 billion in the transformer, 5.7 billion in the text encoder).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from astra_studio.paths import user_data, world_catalogue
from engine.worlds.config import WorldConfig, load_world_config
from engine.worlds.layout import CHECKPOINTS, TEXT_FILES, VAE_FILES, WorldFiles, find_world_files

State = Literal["ready", "slow", "too large", "incomplete", "unusable"]

RELEASED = "astra"
"""Folder that the released Astra is looked for in, among the user's worlds."""
_SMALL_BYTES = 500_000_000
_SMALL_PIXELS = 300 * 200
"""A world of fewer weights and pixels is one for a processor."""
_LARGE_GPU_GB = 24
"""What a world of 832 x 480 is said to need. Not measured."""
_PROGRAM_GB = 1.0


@dataclass(frozen=True, kw_only=True)
class Part:
    """A file that is missing.

    Attributes:
        what: which part of the world it is.
        names: any of them will do.
        gb: about how large, in GiB.
        is_needed: whether nothing works without it.
        source: what it comes with.
    """

    what: str
    names: tuple[str, ...]
    gb: float
    is_needed: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class WorldRequirements:
    """A world, and what it needs here.

    Attributes:
        bytes: of its files on this disk.
        width, height: of its pictures, in pixels; 0 where its folder does not tell.
        state: whether it can be used here: "slow" without the GPU that it is meant for, "too large" for the memory.
        needs: in words, for people.
        memory_gb: of the computer's memory that it takes, about.
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
    missing: tuple[Part, ...] = ()
    todo: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def needs_of_worlds(machine: Mapping[str, Any]) -> list[WorldRequirements]:
    """Every world that is known here, and the released one where it has not been fetched.

    `machine` is as `services.machine` sees it.
    """
    known = world_catalogue()
    found = [needs_of_world(name, place, machine) for name, place in sorted(known.items())]
    if not any(world.width * world.height > _SMALL_PIXELS for world in found):
        found.append(_released_world())
    return found


def needs_of_world(name: str, place: Path, machine: Mapping[str, Any]) -> WorldRequirements:
    """What the world in a folder needs. A world that cannot be used says why in `todo`."""
    size = _bytes_of(place)
    try:
        files = find_world_files(place)
        config = load_world_config(files.config_folder, fallback_name=name)
    except ValueError as error:
        missing = tuple(_parts(place, lacks_checkpoint=not _has_checkpoint(place), lacks_text=False))
        return WorldRequirements(
            name=name,
            folder=str(place),
            bytes=size,
            width=0,
            height=0,
            state="incomplete" if missing else "unusable",
            needs="its missing files" if missing else "mending",
            memory_gb=0.0,
            gpu_gb=0.0,
            missing=missing,
            todo=str(error),
        )
    return _judged(name, place, files, config, size, machine)


def _judged(
    name: str, place: Path, files: WorldFiles, config: WorldConfig, size: int, machine: Mapping[str, Any]
) -> WorldRequirements:
    text_gb = _gb(_bytes_of(files.text_encoder)) if files.text_encoder is not None else 0.0
    weights_gb = _gb(sum(_bytes_of(part) for part in (files.transformer, files.vae)))
    is_small = config.width * config.height < _SMALL_PIXELS and _bytes_of(files.transformer) < _SMALL_BYTES
    gpus = machine["torch"].get("gpus", [])
    largest_gb = max((gpu["memory_gb"] for gpu in gpus), default=0.0)
    # 24 GB cards have a little less; on a processor the weights take twice the room of a file with 16 bits.
    fits_gpu = largest_gb > 0.95 * _LARGE_GPU_GB
    memory_gb = round(_PROGRAM_GB + text_gb + (weights_gb if is_small or fits_gpu else 2 * weights_gb), 1)
    state: State = "ready" if is_small or fits_gpu else "slow"
    todo = ""
    if memory_gb > machine["memory"]["total_gb"]:
        state, todo = "too large", f"It takes about {memory_gb:g} GB of memory; use the bundled world here"
    elif state == "slow":
        todo = f"It is meant for a GPU with {_LARGE_GPU_GB} GB; here a chunk takes hours. Use the bundled world here"
    gpu = f"a GPU with {_LARGE_GPU_GB} GB and " if not is_small else "no GPU, "
    return WorldRequirements(
        name=name,
        folder=str(place),
        bytes=size,
        width=config.width,
        height=config.height,
        state=state,
        needs=f"{gpu}{memory_gb:g} GB of memory",
        memory_gb=memory_gb,
        gpu_gb=0.0 if is_small else float(_LARGE_GPU_GB),
        has_text=files.text_encoder is not None,
        missing=() if is_small else tuple(_parts(place, lacks_checkpoint=False, lacks_text=not text_gb, has_vae=True)),
        todo=todo,
    )


def _released_world() -> WorldRequirements:
    place = user_data() / "worlds" / RELEASED
    missing = tuple(_parts(place, lacks_checkpoint=True, lacks_text=True))
    needed = sum(part.gb for part in missing if part.is_needed)
    return WorldRequirements(
        name=RELEASED,
        folder=str(place),
        bytes=0,
        width=832,
        height=480,
        state="incomplete",
        needs=f"a GPU with {_LARGE_GPU_GB} GB, {needed:g} GB of disk, and {missing[-1].gb:g} GB more for prompts",
        memory_gb=round(_PROGRAM_GB + sum(part.gb for part in missing), 1),
        gpu_gb=float(_LARGE_GPU_GB),
        missing=missing,
        todo=f"Put its files into {place}",
    )


def _parts(place: Path, *, lacks_checkpoint: bool, lacks_text: bool, has_vae: bool = False) -> Iterable[Part]:
    if lacks_checkpoint:
        yield Part(what="Astra's transformer", names=CHECKPOINTS, gb=6.0, is_needed=True, source="the released Astra")
    if not has_vae and not _has_any(place, VAE_FILES) and not (place / "vae").is_dir():
        yield Part(what="the video autoencoder", names=VAE_FILES, gb=0.5, is_needed=True, source="Wan 2.1")
    if lacks_text:
        yield Part(
            what="the text encoder, with its tokenizer in google/umt5-xxl",
            names=TEXT_FILES,
            gb=11.5,
            is_needed=False,
            source="Wan 2.1",
        )


def _has_checkpoint(place: Path) -> bool:
    return _has_any(place, CHECKPOINTS) or (place / "transformer").is_dir()


def _has_any(place: Path, names: Iterable[str]) -> bool:
    return any(next(place.rglob(name), None) is not None for name in names)


def _bytes_of(place: Path) -> int:
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())


def _gb(num_bytes: int) -> float:
    return num_bytes / 2**30
