"""The kind of SANA-WM worlds: diffusers' own pipeline, steered by camera poses."""

from __future__ import annotations

import importlib
from pathlib import Path

from engine.settings import SettingsPreset
from engine.worlds.clip_settings import SANA_WM_SETTINGS
from engine.worlds.kind import WorldRequirements
from engine.worlds.kinds.pipeline_folder import open_folder, pipeline_class
from engine.worlds.pipeline_config import PipelineConfig, load_pipeline_config
from engine.worlds.protocol import WorldModel

PIPELINE = "SanaWMPipeline"
USUAL = PipelineConfig(name="SANA-WM", width=1280, height=704, latents_per_chunk=20)
"""A clip of 161 frames, the pipeline's own default."""


class SanaWMKind:
    """SANA-WM worlds. A location is the folder of a pipeline."""

    name = "sana-wm"
    layout = f"a pipeline of diffusers, {PIPELINE}, with its model_index.json"
    settings = SANA_WM_SETTINGS
    presets: tuple[SettingsPreset, ...] = ()

    def recognise(self, path: Path) -> bool:
        return pipeline_class(path) == PIPELINE

    def requirements(self, location: str) -> WorldRequirements:
        try:
            folder = open_folder(Path(location))
            config = load_pipeline_config(folder.path, USUAL)
        except ValueError as error:
            return WorldRequirements(problem=str(error))
        return folder.requirements(config.width, config.height)

    def open(self, location: str, device: str) -> WorldModel:
        world: WorldModel = importlib.import_module("engine.worlds.sana_wm").open_sana_wm(Path(location), device)
        return world
