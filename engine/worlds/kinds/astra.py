"""The kind of the Astra worlds: found in the layouts that `engine.worlds.layout` knows."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from engine.worlds.astra_settings import ASTRA_PRESETS, ASTRA_SETTINGS
from engine.worlds.config import WorldConfig, load_world_config
from engine.worlds.kind import MissingFile, WorldRequirements
from engine.worlds.layout import CHECKPOINTS, TEXT_FILES, VAE_FILES, WorldFiles, files_of, find_world_files
from engine.worlds.protocol import WorldModel

_WEIGHTS = {".safetensors", ".json", ".ckpt", ".pth", ".pt", ".bin"}
_SMALL_BYTES = 500_000_000
_SMALL_PIXELS = 300 * 200
"""A world of fewer weights and pixels is one for a processor."""
_LARGE_GPU_BYTES = 24 << 30
"""What a world of 832 x 480 is said to need. Not measured."""
_PROGRAM_BYTES = 1 << 30
_GIB = 1 << 30

# Of the released Astra, which has to be fetched, sizes are known by its counts of parameters: 1.5 billion in the
# transformer, 5.7 billion in the text encoder.
_TRANSFORMER = MissingFile(
    what="Astra's transformer",
    names=CHECKPOINTS,
    num_bytes=6 * _GIB,
    is_needed=True,
    source="the released Astra",
)
_AUTOENCODER = MissingFile(
    what="the video autoencoder", names=VAE_FILES, num_bytes=_GIB // 2, is_needed=True, source="Wan 2.1"
)
_TEXT_ENCODER = MissingFile(
    what="the text encoder, with its tokenizer in google/umt5-xxl",
    names=TEXT_FILES,
    num_bytes=23 * _GIB // 2,
    is_needed=False,
    source="Wan 2.1",
)


class AstraKind:
    """Astra models of any size. A location is a folder or a checkpoint file."""

    name = "astra"
    layout = f"a folder transformer/ with vae/ beside it, or one of {', '.join(CHECKPOINTS)} with {VAE_FILES[0]}"
    settings = ASTRA_SETTINGS
    presets = ASTRA_PRESETS

    def recognise(self, path: Path) -> bool:
        """By the names of its files, and by the network that its config.json names, where it has one."""
        if path.is_file():
            is_part = path.parent.name == "transformer"
            return path.suffix in _WEIGHTS and (not is_part or _is_astra_config(path.parent))
        if (path / "transformer").is_dir():
            return _is_astra_config(path / "transformer")
        return _has_any(path, (*CHECKPOINTS, *VAE_FILES, *TEXT_FILES))

    def requirements(self, location: str) -> WorldRequirements:
        """For a folder that is not there: what the released Astra requires."""
        place = Path(location)
        if not place.exists():
            return _released()
        try:
            files = find_world_files(place)
            config = load_world_config(files.config_folder, fallback_name=place.name)
        except ValueError as error:
            missing = _missing_parts(place, lacks_checkpoint=not _has_checkpoint(place), lacks_text=False)
            return WorldRequirements(missing=tuple(missing), problem=str(error))
        return _of_files(place, files, config)

    def open(self, location: str, device: str) -> WorldModel:
        world: WorldModel = importlib.import_module("engine.worlds.astra").open_astra(Path(location), device)
        return world


def _of_files(place: Path, files: WorldFiles, config: WorldConfig) -> WorldRequirements:
    text_bytes = 0 if files.text_encoder is None else _bytes_of(files.text_encoder)
    weights_bytes = sum(_bytes_of(part) for part in (files.transformer, files.vae))
    is_small = config.width * config.height < _SMALL_PIXELS and _bytes_of(files.transformer) < _SMALL_BYTES
    resident = _PROGRAM_BYTES + text_bytes
    missing = () if is_small else _missing_parts(place, lacks_checkpoint=False, lacks_text=not text_bytes, has_vae=True)
    return WorldRequirements(
        width=config.width,
        height=config.height,
        memory_bytes=resident + weights_bytes,
        # On a processor the weights take twice the room of a file with 16 bits.
        cpu_memory_bytes=resident + (weights_bytes if is_small else 2 * weights_bytes),
        gpu_bytes=0 if is_small else _LARGE_GPU_BYTES,
        has_text=files.text_encoder is not None,
        missing=tuple(missing),
    )


def _released() -> WorldRequirements:
    missing = (_TRANSFORMER, _AUTOENCODER, _TEXT_ENCODER)
    needed = _PROGRAM_BYTES + sum(part.num_bytes for part in missing)
    return WorldRequirements(
        width=832,
        height=480,
        memory_bytes=needed,
        cpu_memory_bytes=needed,
        gpu_bytes=_LARGE_GPU_BYTES,
        missing=missing,
    )


def _missing_parts(
    place: Path, *, lacks_checkpoint: bool, lacks_text: bool, has_vae: bool = False
) -> Iterator[MissingFile]:
    if lacks_checkpoint:
        yield _TRANSFORMER
    if not has_vae and not _has_any(place, VAE_FILES) and not (place / "vae").is_dir():
        yield _AUTOENCODER
    if lacks_text:
        yield _TEXT_ENCODER


def _has_checkpoint(place: Path) -> bool:
    return _has_any(place, CHECKPOINTS) or (place / "transformer").is_dir()


def _has_any(place: Path, names: Iterable[str]) -> bool:
    try:
        return any(next(place.rglob(name), None) is not None for name in names)
    except OSError:
        return False


def _is_astra_config(folder: Path) -> bool:
    """Whether a network's config.json names Astra's, or says nothing: original files are told by their names."""
    try:
        content: Any = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return True
    name = content.get("_class_name") if isinstance(content, dict) else None
    return name in (None, "AstraTransformer3DModel")


def _bytes_of(part: Path) -> int:
    return sum(file.stat().st_size for file in files_of(part))
