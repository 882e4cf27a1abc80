"""Description of a world in a pipeline's folder, beside its weights: `world.json`, if it has one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.settings import Specs, with_defaults
from engine.worlds.config import COMMON_CHECKS, FILE_NAME, read_world_json


@dataclass(frozen=True, kw_only=True)
class PipelineConfig:
    """Facts that the weights do not carry.

    Attributes:
        width, height: of its pictures, in pixels.
        latents_per_chunk: of a chunk where nobody says otherwise.
        defaults: settings of which it wants other defaults.
    """

    name: str
    width: int
    height: int
    latents_per_chunk: int
    licence: str = ""
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def specs(self, declared: Specs) -> Specs:
        """The settings with its defaults. Raises ValueError for a setting that is not declared, or a value that cannot
        be."""
        return with_defaults(declared, self.defaults)


def load_pipeline_config(folder: Path, usual: PipelineConfig) -> PipelineConfig:
    """The config in a folder; `usual` stands for what it does not say, but for the name, which is the folder's. Raises
    ValueError for a file that says something else."""
    said: dict[str, Any] = {}
    if (folder / FILE_NAME).exists():
        said = read_world_json(folder / FILE_NAME, COMMON_CHECKS)
    said.pop("kind", None)
    return PipelineConfig(**{**vars(usual), "name": folder.name, **said})
