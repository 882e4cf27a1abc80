"""SANA-WM through diffusers' own pipeline: every chunk is a clip from the last frame along the camera's way.

The pipeline takes a camera-to-world pose for every frame, OpenCV axes, which are ours; it counts them from the clip's
first frame.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from diffusers import SanaWMPipeline
from numpy.typing import NDArray
from PIL import Image

from engine import poses
from engine.actions.modality import ActionTrack
from engine.clock import Clock
from engine.messages import ChunkRequest, Frames, Latents, Picture, WorldInfo
from engine.rotations import interpolated
from engine.worlds.clip_settings import SANA_WM_SETTINGS
from engine.worlds.clip_world import ClipWorld
from engine.worlds.kinds.pipeline_folder import open_folder
from engine.worlds.kinds.sana_wm import PIPELINE, USUAL
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
MAX_LATENTS = 120
"""Of a clip: 961 frames, a minute."""
SPEED, TURN = 0.05, math.radians(1.2)
"""Scene units and radians per frame of the pipeline's own moves."""


class SanaWMModel:
    """A SANA-WM pipeline and its autoencoder."""

    def __init__(self, pipeline: Any, width: int, height: int) -> None:
        self._pipeline, self._width, self._height = pipeline, width, height
        self._scheduler = pipeline.scheduler
        vae = pipeline.vae
        self._codec = PipelineCodec(vae, vae.latents_mean, vae.latents_std, vae.config.scaling_factor)

    def encode(self, frames: Frames) -> Latents:
        return self._codec.encode(frames)

    def decode(self, latents: Latents) -> Frames:
        return self._codec.decode(latents)

    def make(self, picture: Picture, request: ChunkRequest, step_done: Callable[[int], None]) -> Latents:
        pipeline, settings = self._pipeline, request.settings
        # A scheduler remembers steps; a new one makes every clip a function of its request alone.
        pipeline.scheduler = type(self._scheduler).from_config(self._scheduler.config)
        c2w = camera_of_frames(request.actions, pipeline.vae_temporal_compression_ratio)
        latents_BCTHW = pipeline(
            image=Image.fromarray(picture),
            prompt=request.prompt,
            negative_prompt=request.negative_prompt,
            c2w=c2w,
            intrinsics=intrinsics(settings.number("field_of_view"), self._width, self._height),
            width=self._width,
            height=self._height,
            num_frames=len(c2w),
            num_inference_steps=int(settings.number("num_steps")),
            guidance_scale=settings.number("text_guidance"),
            generator=generator_of(request),
            output_type="latent",
            return_dict=False,
            callback_on_step_end=step_callback(step_done),
        )[0]
        return as_latents(latents_BCTHW)


def open_sana_wm(place: Path, device: str = "auto") -> ClipWorld:
    """Load a SANA-WM pipeline from its folder.

    Raises WeightsError, or ValueError for a wrong world.json, a size that cannot be made or a device that is not there.
    """
    folder = open_folder(place)
    if folder.pipeline != PIPELINE:
        raise ValueError(f"{place} holds a {folder.pipeline}, and no {PIPELINE}")
    config = load_pipeline_config(place, USUAL)
    pipeline = load_pipeline(SanaWMPipeline, folder, device)
    _, patch_height, patch_width = pipeline.transformer.config.patch_size
    factor = pipeline.vae_spatial_compression_ratio
    check_size(config.name, config.width, config.height, (factor * patch_width, factor * patch_height))
    per_latent = pipeline.vae_temporal_compression_ratio
    info = WorldInfo(
        name=config.name,
        fingerprint=fingerprint_folder(folder, config.width, config.height),
        width=config.width,
        height=config.height,
        clock=Clock(
            fps=FPS,
            frames_per_latent=per_latent,
            latents_per_chunk=config.latents_per_chunk,
            max_latents_per_chunk=MAX_LATENTS,
            trained_speed=per_latent * SPEED,
            trained_turn=per_latent * TURN,
        ),
        modalities=("camera",),
        has_text=True,
        settings=config.specs(SANA_WM_SETTINGS),
        device=str(pipeline.device),
        licence=config.licence,
    )
    return ClipWorld(info, SanaWMModel(pipeline, config.width, config.height))


def camera_of_frames(actions: ActionTrack, frames_per_latent: int) -> NDArray[np.float64]:
    """Camera-to-world poses (1 + n x frames_per_latent, 4, 4) of a clip's frames, the first at the identity: even moves
    from tick to tick."""
    at_ticks = poses.path_from_rows(actions.rows)
    ticks = np.arange(len(at_ticks), dtype=np.float64)
    frames = np.arange(1 + len(actions) * frames_per_latent, dtype=np.float64) / frames_per_latent
    return interpolated(ticks, at_ticks, frames)


def intrinsics(field_of_view: float, width: int, height: int) -> list[float]:
    """Focal lengths and centre, fx fy cx cy in pixels, of a camera that sees so many degrees across its picture."""
    focal = width / 2 / math.tan(math.radians(field_of_view) / 2)
    return [focal, focal, width / 2, height / 2]
