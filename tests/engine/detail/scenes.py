"""Pictures of a place with exact camera poses, rendered by the training's own renderer: truth that the decoder's
geometry has no part in."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from engine.detail.geometry import GROUND, TAN_HALF_FOV
from engine.messages import Frames, Picture
from engine.training.synthetic import scenes
from engine.training.synthetic.commands import Motion, camera_rows, frame_poses

PHOTOGRAPHS = Path(__file__).parents[2] / "data" / "photographs"
ASPECT = 112 / 64
LATENTS = 8


@cache
def photograph(name: str, width: int = 448, height: int = 256) -> Picture:
    """A photograph of tests/data, its middle, at that size."""
    with Image.open(PHOTOGRAPHS / f"{name}.jpg") as opened:
        image = opened.convert("RGB")
    across = min(image.width, image.height * width / height)
    down = across * height / width
    left, top = (image.width - across) / 2, (image.height - down) / 2
    return np.array(image.resize((width, height), box=(left, top, left + across, top + down)))


def moves(motion: Motion, latents: int = LATENTS) -> np.ndarray:
    """(latents, 3, 4) of a motion per latent."""
    return camera_rows(frame_poses([motion] * latents))[1:].astype(np.float64).reshape(-1, 3, 4)


@cache
def walk(name: str, motion: Motion, latents: int = LATENTS, width: int = 112, height: int = 64) -> Frames:
    """1 + 4 x latents frames of a walk into a photograph that lies on the ground and on a wall, as the bundled world
    learnt it."""
    generator = torch.Generator().manual_seed(3)
    pixels = torch.from_numpy(photograph(name).copy()).permute(2, 0, 1).float() / 255
    scene = scenes.scene_of_picture(generator, pixels, ASPECT)
    scene = replace(
        scene,
        tan_half_fov=torch.tensor([[TAN_HALF_FOV, TAN_HALF_FOV / ASPECT]]),
        ground_height=torch.tensor([GROUND]),
        horizon=torch.zeros(1),
    )
    path = torch.from_numpy(frame_poses([motion] * latents))[None]
    with torch.no_grad():
        frames = scenes.render(scene, path, height, width)[0]
    levels = ((frames + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(0, 2, 3, 1).contiguous().numpy()
