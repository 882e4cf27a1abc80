"""Files of an Astra world, found in any folder or checkpoint file that people have on disk.

Known layouts: the diffusers layout (`transformer/`, `vae/`, `text_encoder/`, `tokenizer/`); the original Astra
checkpoint beside the original Wan 2.1 files, in one folder or in neighbouring ones; any mixture of them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.models.weights.errors import WeightsMissing

CHECKPOINTS = ("diffusion_pytorch_model.ckpt", "Astra.pth", "Astra.ckpt", "Astra.safetensors", "Astra.pt")
VAE_FILES = ("Wan2.1_VAE.pth", "Wan2.1_VAE.safetensors")
TEXT_FILES = ("models_t5_umt5-xxl-enc-bf16.pth", "models_t5_umt5-xxl-enc-bf16.safetensors")
BASE_FILES = ("diffusion_pytorch_model.safetensors", "diffusion_pytorch_model.pth")
TOKENIZER_FOLDERS = ("tokenizer", "google/umt5-xxl", "umt5-xxl", ".")
TOKENIZER_FILES = ("spiece.model", "tokenizer.json")
INDEX_SUFFIX = ".index.json"
"""Of a file that lists the shards of one part."""
DEPTH = 3
WHOLE_HASH_BYTES = 1 << 30
SAMPLES, SAMPLE_BYTES = 256, 1 << 20


@dataclass(frozen=True, kw_only=True)
class WorldFiles:
    """Where the parts of a world lie."""

    transformer: Path
    vae: Path
    base: Path | None = None
    text_encoder: Path | None = None
    tokenizer: Path | None = None
    config_folder: Path

    def weights(self) -> Iterator[Path]:
        """Every weights file, in a fixed order."""
        for part in (self.transformer, self.base, self.vae, self.text_encoder):
            if part is not None:
                yield from files_of(part)


def files_of(part: Path) -> list[Path]:
    """The files of a part of a world: of its folder, or the file itself, with the shards that it lists if it is an
    index of them."""
    if part.is_dir():
        return sorted(path for path in part.iterdir() if path.suffix in {".safetensors", ".bin", ".json"})
    if not part.name.endswith(INDEX_SUFFIX):
        return [part]
    try:
        shards = set(json.loads(part.read_text(encoding="utf-8"))["weight_map"].values())
    except (OSError, ValueError, KeyError, AttributeError, TypeError, RecursionError):
        return [part]  # opening the world says what is wrong with it
    return [part, *(part.parent / name for name in sorted(map(str, shards)) if (part.parent / name).is_file())]


def find_world_files(place: Path) -> WorldFiles:
    """Look for a world in a folder, or around a checkpoint file. Raises WeightsMissing saying what was looked for,
    and where."""
    if not place.exists():
        raise WeightsMissing(f"there is no world at {place}: no such file or folder")
    if place.is_file() and place.parent.name == "transformer" and _is_file(place.parent / "config.json"):
        return find_world_files(place.parent.parent)  # a file of the diffusers layout stands for its world
    if place.is_file():
        # Wan's own files may lie beside the checkpoint or in a folder next to its folder.
        folders = [place.parent, place.parent.parent]
        return _complete(place, folders)
    try:
        next(place.iterdir(), None)
    except OSError as error:
        raise WeightsMissing(f"the folder {place} cannot be read: {error.strerror}") from error
    if (place / "transformer").is_dir():
        return _complete(place / "transformer", [place])
    checkpoint = _first_named(place, CHECKPOINTS)
    if checkpoint is None:
        raise WeightsMissing(
            f"there is no Astra world in {place}: expected a folder transformer/ or one of {', '.join(CHECKPOINTS)}"
        )
    return _complete(checkpoint, [place, place.parent])


def _complete(transformer: Path, folders: list[Path]) -> WorldFiles:
    def find(directory: str, names: tuple[str, ...]) -> Path | None:
        for folder in folders:
            # Other programs have folders of these names too; those of the diffusers layout hold a config.
            if _is_file(folder / directory / "config.json"):
                return folder / directory
            found = _first_named(folder, names)
            if found is not None:
                return found
        return None

    vae = find("vae", VAE_FILES)
    if vae is None:
        raise WeightsMissing(
            f"the world at {transformer} has no video autoencoder: looked in {', '.join(map(str, folders))} for "
            f"vae/ or {' or '.join(VAE_FILES)}. It comes with Wan 2.1; put it beside the checkpoint"
        )
    text_encoder = find("text_encoder", TEXT_FILES)
    tokenizer = None if text_encoder is None else _tokenizer_near([text_encoder.parent, *folders])
    return WorldFiles(
        transformer=transformer,
        vae=vae,
        base=None if transformer.is_dir() else _base_near([transformer.parent, vae.parent], transformer),
        text_encoder=text_encoder if tokenizer is not None else None,
        tokenizer=tokenizer,
        config_folder=transformer.parent,
    )


# Models of all kinds have files of the next two names, so these are not looked for far and wide.


def _base_near(folders: list[Path], transformer: Path) -> Path | None:
    """Wan's transformer, which lies beside its autoencoder or beside the checkpoint."""
    for folder in folders:
        if (folder / "transformer").is_dir():
            return folder / "transformer"
        for name in BASE_FILES:
            if _is_file(folder / name) and folder / name != transformer:
                return folder / name
    return None


def _tokenizer_near(folders: list[Path]) -> Path | None:
    """The folder of the text encoder's tokenizer, which lies beside it under one of few names."""
    for folder in folders:
        for inside in TOKENIZER_FOLDERS:
            if any(_is_file(folder / inside / name) for name in TOKENIZER_FILES):
                return folder / inside
    return None


def _first_named(folder: Path, names: tuple[str, ...]) -> Path | None:
    """The first file of these names in a folder or the folders in it, shallowest first, in a fixed order.

    Folders that may not be read are passed over.
    """
    level = [folder]
    for _ in range(DEPTH):
        for place in level:
            for name in names:
                if _is_file(place / name):
                    return place / name
        level = [child for place in level for child in _folders_in(place)]
    return None


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name[0] != "." and path.is_dir())
    except OSError:
        return []


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def fingerprint(files: WorldFiles, extra: str) -> str:
    """sha256 over all weights files and `extra`, in hex: see `fingerprint_of`."""
    return fingerprint_of(files.weights(), extra)


def fingerprint_of(paths: Iterable[Path], extra: str) -> str:
    """sha256 over files and `extra`, in hex.

    A file above 1 GiB enters with its size and 256 evenly spaced megabytes: enough to tell any two trainings apart, and
    seconds instead of a minute to compute.
    """
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            if size <= WHOLE_HASH_BYTES:
                while block := file.read(SAMPLE_BYTES):
                    digest.update(block)
                continue
            for sample in range(SAMPLES):
                file.seek(sample * (size - SAMPLE_BYTES) // (SAMPLES - 1))
                digest.update(file.read(SAMPLE_BYTES))
    return digest.hexdigest()
