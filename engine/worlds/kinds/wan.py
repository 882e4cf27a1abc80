"""The kind of plain Wan worlds: diffusers' own pipelines, which know no actions."""

from __future__ import annotations

import importlib
from pathlib import Path

from engine.settings import SettingsPreset
from engine.worlds.clip_settings import WAN_SETTINGS
from engine.worlds.kind import WorldRequirements
from engine.worlds.kinds.pipeline_folder import open_folder, pipeline_class
from engine.worlds.pipeline_config import PipelineConfig, load_pipeline_config
from engine.worlds.protocol import WorldModel

PIPELINES = ("WanImageToVideoPipeline", "WanPipeline")
USUAL = PipelineConfig(name="Wan", width=832, height=480, latents_per_chunk=20)
"""A clip of 81 frames, as Wan 2.1 was trained."""


class WanKind:
    """Wan 2.1 from a picture or from text alone. A location is the folder of a pipeline."""

    name = "wan"
    layout = f"a pipeline of diffusers, {' or '.join(PIPELINES)}, with its model_index.json"
    settings = WAN_SETTINGS
    presets: tuple[SettingsPreset, ...] = ()

    def recognise(self, path: Path) -> bool:
        return pipeline_class(path) in PIPELINES

    def requirements(self, location: str) -> WorldRequirements:
        try:
            folder = open_folder(Path(location))
            config = load_pipeline_config(folder.path, USUAL)
        except ValueError as error:
            return WorldRequirements(problem=str(error))
        return folder.requirements(config.width, config.height)

    def open(self, location: str, device: str) -> WorldModel:
        world: WorldModel = importlib.import_module("engine.worlds.wan").open_wan(Path(location), device)
        return world
