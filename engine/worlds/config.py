"""Owns `world.json`: what a world's folder says about itself beside its weights."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from engine.messages import SamplingSettings

FILE_NAME = "world.json"


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """Facts that weights do not carry. The defaults are the released model's (reference section 1)."""

    name: str = "Astra"
    width: int = 832
    height: int = 480
    fps: int = 20
    latents_per_chunk: int = 8
    num_heads: int | None = None
    """Of the transformer, where its width does not tell."""
    rounds_actions: bool = True
    """Whether action rows are rounded to bfloat16, as the released training saw them (K8)."""
    licence: str = ""
    defaults: SamplingSettings = field(default_factory=SamplingSettings)


def load_world_config(folder: Path, fallback_name: str) -> WorldConfig:
    """The config in a folder; defaults where there is no file. Raises ValueError for a file that says something else."""
    path = folder / FILE_NAME
    if not path.exists():
        return WorldConfig(name=fallback_name)
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise ValueError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} should hold one JSON object, it holds a {type(values).__name__}")
    known = {f.name for f in fields(WorldConfig)}
    unknown = sorted(set(values) - known)
    if unknown:
        raise ValueError(f"{path} has unknown entries {', '.join(unknown)}; known are {', '.join(sorted(known))}")
    for key in ("width", "height", "fps", "latents_per_chunk"):
        if key in values and not (isinstance(values[key], int) and values[key] > 0):
            raise ValueError(f"{key} in {path} must be a positive whole number, got {values[key]!r}")
    defaults = SamplingSettings().changed(values.pop("defaults", {}))
    return WorldConfig(defaults=defaults, **values)
