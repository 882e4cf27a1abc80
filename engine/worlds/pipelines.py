"""Worlds over pipelines of diffusers: loaded from their published layout, called, and their autoencoders.

Shape letters: B batch, C channels, T latents, F frames, H W height and width (of latents or pixels).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from diffusers.utils import logging as diffusers_logging
from torch import Tensor
from transformers.utils import logging as transformers_logging

from engine.messages import ChunkRequest, Frames, Latents
from engine.models.devices import inference_dtype, resolve_device
from engine.models.weights.errors import WeightsMissing, WeightsUnreadable
from engine.worlds.kinds.pipeline_folder import PipelineFolder
from engine.worlds.layout import fingerprint_of

StepDone = Callable[[int], None]


def load_pipeline(kind: Any, folder: PipelineFolder, device_name: str) -> Any:
    """A pipeline of diffusers, from its own files alone: bfloat16 where the device is fast with it, the autoencoder in
    float32.

    Raises ValueError for a device that is not there, WeightsMissing, WeightsUnreadable.
    """
    device = resolve_device(device_name)
    missing = folder.missing_parts()
    if missing:
        raise WeightsMissing(f"the world at {folder.path} lacks {', '.join(missing)}; get the whole folder")
    dtypes = {"default": inference_dtype(device), "vae": torch.float32}
    try:
        with _without_bars():
            pipeline = kind.from_pretrained(str(folder.path), dtype=dtypes, local_files_only=True, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())[:300]
        raise WeightsUnreadable(f"the world at {folder.path} cannot be loaded: {reason}") from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(device)


def fingerprint_folder(folder: PipelineFolder, *deciding: object) -> str:
    """sha256 over the pipeline's files and whatever else decides what comes out, in hex."""
    return fingerprint_of(folder.files(), repr(deciding))


@contextlib.contextmanager
def _without_bars() -> Iterator[None]:
    """Loading draws no progress bars: what is going on, the program says itself."""
    diffusers_logging.disable_progress_bar()
    transformers_logging.disable_progress_bar()
    yield


def step_callback(step_done: StepDone) -> Callable[[Any, int, Any, dict[str, Any]], dict[str, Any]]:
    """What a pipeline calls at the end of every step. An exception in it ends the pipeline's call."""

    def called(_pipeline: Any, number: int, _timestep: Any, _tensors: dict[str, Any]) -> dict[str, Any]:
        step_done(number + 1)
        return {}

    return called


def generator_of(request: ChunkRequest) -> torch.Generator:
    """Noise of a chunk, drawn on the processor: the same on every device."""
    return torch.Generator("cpu").manual_seed(request.seed)


class PipelineCodec:
    """The video autoencoder of a pipeline.

    `scale` is what normalised latents are multiplied with, after the mean is taken off and divided by the deviation.
    """

    def __init__(self, vae: Any, mean_C: Tensor, std_C: Tensor, scale: float = 1.0) -> None:
        shape = (1, -1, 1, 1, 1)
        self._vae, self._scale = vae, scale
        self._mean, self._std = (part.detach().float().to(vae.device).view(shape) for part in (mean_C, std_C))

    @torch.no_grad()
    def encode(self, frames: Frames) -> Latents:
        """The posterior's mean, normalised, (C, T, h, w)."""
        pixels_B3FHW = torch.tensor(frames, device=self._vae.device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        mean = self._vae.encode(pixels_B3FHW.to(self._vae.dtype)).latent_dist.mode().float()
        return as_latents((mean - self._mean) * self._scale / self._std)

    @torch.no_grad()
    def decode(self, latents: Latents) -> Frames:
        """Frames of latents that begin a stream."""
        given = torch.from_numpy(np.ascontiguousarray(latents))[None].to(self._vae.device)
        raw = given / self._scale * self._std + self._mean
        video_B3FHW = self._vae.decode(raw.to(self._vae.dtype), return_dict=False)[0].float()
        levels = ((video_B3FHW[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()


def as_latents(latents_BCTHW: Tensor) -> Latents:
    """Latents of a batch of one, off the device."""
    return latents_BCTHW[0].float().cpu().numpy()
