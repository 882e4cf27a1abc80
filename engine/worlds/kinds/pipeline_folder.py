"""Folders in which diffusers keeps its pipelines: which one, its parts, files and sizes. Imports no torch."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.worlds.kind import MissingFile, WorldRequirements

INDEX = "model_index.json"
_WEIGHTS = ("*.safetensors", "*.safetensors.index.json")
_PROGRAM_BYTES = 1 << 30
_WORKING_BYTES = 4 << 30
"""Of a GPU, beside the weights. Not measured."""
_READ = {".safetensors", ".json", ".model", ".txt"}
"""Suffixes of files that decide what comes out: weights, configs, vocabularies."""


@dataclass(frozen=True, kw_only=True)
class PipelineFolder:
    """A pipeline's folder.

    Attributes:
        pipeline: name of its class in diffusers.
        parts: class of each part that it has, by the name of its folder.
    """

    path: Path
    pipeline: str
    parts: Mapping[str, str]

    def missing_parts(self) -> list[str]:
        """Parts whose folders are not there, and those of networks that have no weights."""
        missing = []
        for name in self.parts:
            folder = self.path / name
            is_network = (folder / "config.json").is_file()
            if not folder.is_dir() or (is_network and not any(True for glob in _WEIGHTS for _ in folder.glob(glob))):
                missing.append(f"{name}/")
        return missing

    def files(self) -> list[Path]:
        """Every file that decides what comes out, in a fixed order."""
        folders = [self.path / name for name in sorted(self.parts)]
        inside = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
        return [self.path / INDEX, *(path for path in inside if path.suffix in _READ)]

    def requirements(self, width: int, height: int) -> WorldRequirements:
        """What opening it takes, by the sizes of its files: all parts are on the GPU at once."""
        missing = self.missing_parts()
        weights = sum(path.stat().st_size for path in self.files())
        is_small = weights < _PROGRAM_BYTES
        return WorldRequirements(
            width=width,
            height=height,
            memory_bytes=_PROGRAM_BYTES + weights,
            cpu_memory_bytes=_PROGRAM_BYTES + (weights if is_small else 2 * weights),
            gpu_bytes=0 if is_small else weights + _WORKING_BYTES,
            has_text=True,
            missing=tuple(
                MissingFile(what=name, names=(name,), num_bytes=0, is_needed=True, source=self.pipeline)
                for name in missing
            ),
            problem=f"{self.path} lacks {', '.join(missing)}" if missing else "",
        )


def pipeline_class(path: Path) -> str | None:
    """Name of the pipeline in a folder; None where there is none."""
    content = _index_in(path)
    name = content.get("_class_name") if content is not None else None
    return name if isinstance(name, str) else None


def open_folder(path: Path) -> PipelineFolder:
    """The pipeline in a folder. Raises ValueError where there is none."""
    content = _index_in(path)
    if content is None or not isinstance(content.get("_class_name"), str):
        raise ValueError(f"{path} holds no pipeline of diffusers: its {INDEX} is missing or says nothing")
    parts = {
        name: str(value[1])
        for name, value in content.items()
        if isinstance(value, list) and len(value) == 2 and value[1] is not None
    }
    return PipelineFolder(path=path, pipeline=content["_class_name"], parts=parts)


def _index_in(path: Path) -> dict[str, Any] | None:
    try:
        content: Any = json.loads((path / INDEX).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None
