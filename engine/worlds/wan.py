"""Plain Wan 2.1 through diffusers' own pipelines: every chunk is a clip from the last frame, or from text alone.

It knows no actions: whatever is asked for, it goes its own way. That is what a world model is measured against.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import diffusers
import torch
from PIL import Image

from engine.clock import ASTRA_CLOCK, Clock
from engine.messages import ChunkRequest, Frames, Latents, Picture, WorldInfo
from engine.worlds.clip_settings import wan_settings
from engine.worlds.clip_world import ClipWorld
from engine.worlds.kinds.pipeline_folder import open_folder
from engine.worlds.kinds.wan import PIPELINES, USUAL
from engine.worlds.pipeline_config import load_pipeline_config
from engine.worlds.pipelines import (
    PipelineCodec,
    as_latents,
    fingerprint_folder,
    generator_of,
    load_pipeline,
    step_callback,
)
from engine.worlds.sizes import check_size

FPS = 16
_SHIFTS = ("flow_shift", "shift")
"""Names that schedulers have for the flow shift."""


class WanModel:
    """A Wan pipeline and its autoencoder."""

    def __init__(self, pipeline: Any, width: int, height: int) -> None:
        self._pipeline, self._width, self._height = pipeline, width, height
        self.takes_picture = isinstance(pipeline, diffusers.WanImageToVideoPipeline)
        self._scheduler = pipeline.scheduler
        config = pipeline.vae.config
        self._codec = PipelineCodec(pipeline.vae, torch.tensor(config.latents_mean), torch.tensor(config.latents_std))
        self._shift_name = next((name for name in _SHIFTS if name in self._scheduler.config), "")

    @property
    def shift(self) -> float | None:
        """Flow shift that its scheduler was published with; None where it has none."""
        return float(self._scheduler.config[self._shift_name]) if self._shift_name else None

    def encode(self, frames: Frames) -> Latents:
        return self._codec.encode(frames)

    def decode(self, latents: Latents) -> Frames:
        return self._codec.decode(latents)

    def make(self, picture: Picture, request: ChunkRequest, step_done: Callable[[int], None]) -> Latents:
        pipeline, settings = self._pipeline, request.settings
        # A scheduler remembers steps; a new one makes every clip a function of its request alone.
        changes = {self._shift_name: settings.number("shift")} if self._shift_name else {}
        pipeline.scheduler = type(self._scheduler).from_config(self._scheduler.config, **changes)
        given = {"image": Image.fromarray(picture)} if self.takes_picture else {}
        (latents_BCTHW,) = pipeline(
            **given,
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            width=self._width,
            height=self._height,
            num_frames=1 + len(request.actions) * pipeline.vae_scale_factor_temporal,
            num_inference_steps=int(settings.number("num_steps")),
            guidance_scale=settings.number("text_guidance"),
            generator=generator_of(request),
            output_type="latent",
            return_dict=False,
            callback_on_step_end=step_callback(step_done),
        )
        return as_latents(latents_BCTHW)


def open_wan(place: Path, device: str = "auto") -> ClipWorld:
    """Load a Wan pipeline from its folder.

    Raises WeightsError, or ValueError for a wrong world.json, a size that cannot be made or a device that is not there.
    """
    folder = open_folder(place)
    if folder.pipeline not in PIPELINES:
        raise ValueError(f"{place} holds a {folder.pipeline}, and no {' or '.join(PIPELINES)}")
    config = load_pipeline_config(place, USUAL)
    pipeline = load_pipeline(getattr(diffusers, folder.pipeline), folder, device)
    network = pipeline.transformer if pipeline.transformer is not None else pipeline.transformer_2
    _, patch_height, patch_width = network.config.patch_size
    factor = pipeline.vae_scale_factor_spatial
    check_size(config.name, config.width, config.height, (factor * patch_width, factor * patch_height))
    model = WanModel(pipeline, config.width, config.height)
    clock = Clock(
        fps=FPS,
        frames_per_latent=pipeline.vae_scale_factor_temporal,
        latents_per_chunk=config.latents_per_chunk,
        max_latents_per_chunk=max(config.latents_per_chunk, USUAL.latents_per_chunk),
        # It was trained at no speed of the user's: those of the model that is compared with it.
        trained_speed=ASTRA_CLOCK.trained_speed,
        trained_turn=ASTRA_CLOCK.trained_turn,
    )
    info = WorldInfo(
        name=config.name,
        fingerprint=fingerprint_folder(folder, config.width, config.height),
        width=config.width,
        height=config.height,
        clock=clock,
        modalities=("camera",),
        has_text=True,
        settings=config.specs(wan_settings(model.shift)),
        device=str(pipeline.device),
        licence=config.licence,
        ignores=("actions",) if model.takes_picture else ("actions", "picture"),
    )
    return ClipWorld(info, model)
