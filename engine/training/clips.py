"""Renders clips of procedural scenes with their action rows into shard files that training reads.

A shard is a safetensors file: `frames` (N, F, 3, H, W) uint8 and `rows` (N, 1 + ticks, width) float32, with the modality in its
metadata. Shard k depends only on the config and k, so that rendering can stop and go on, or run in several processes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from engine.training.commands import camera_rows, frame_poses, random_motions
from engine.training.scenes import TEXTURE_SIZE, Scenes, built_scenes, picture_scenes, render




@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """What to render."""

    height: int = 64
    width: int = 112
    num_ticks: int = 16
    long_ticks: int = 37
    """Every fourth shard holds clips this long, so that full histories are seen."""
    picture_share: float = 0.7
    clips_per_shard: int = 32
    seed: int = 1


def load_pictures(folder: Path) -> Tensor:
    """The pictures of a folder as (M, 3, N, N) in [0, 1], squeezed into the square that scenes look up."""
    paths = sorted(p for p in folder.iterdir() if p.suffix.lower() in {".jpg", ".png"})
    pictures = []
    for path in paths:
        with Image.open(path) as image:
            pixels = np.array(image.convert("RGB").resize((TEXTURE_SIZE, TEXTURE_SIZE), Image.Resampling.LANCZOS))
        pictures.append(torch.from_numpy(pixels).permute(2, 0, 1).float() / 255)
    return torch.stack(pictures)


def render_shard(config: ClipConfig, number: int, pictures: Tensor | None) -> tuple[Tensor, Tensor]:
    """Frames (N, F, 3, H, W) uint8 and camera rows (N, 1 + ticks, 12) of shard `number`."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + number)
    rng = np.random.default_rng((config.seed, number))
    num_ticks = config.long_ticks if number % 4 == 3 else config.num_ticks
    aspect = config.width / config.height
    num_pictures = round(config.clips_per_shard * config.picture_share)
    frames, rows = [], []
    for is_picture, count in ((True, num_pictures), (False, config.clips_per_shard - num_pictures)):
        if not count:
            continue
        paths = np.stack([frame_poses(random_motions(rng, num_ticks)) for _ in range(count)])
        if is_picture:
            scenes = _roomy(picture_scenes(generator, count, aspect, pictures), paths)
        else:
            scenes = built_scenes(generator, count, aspect)
        seen = render(scenes, torch.from_numpy(paths), config.height, config.width)
        frames.append(((seen + 1) * 127.5).round().clamp(0, 255).to(torch.uint8))
        rows.append(torch.from_numpy(np.stack([camera_rows(path) for path in paths])))
    return torch.cat(frames), torch.cat(rows)


def write_shards(config: ClipConfig, folder: Path, first: int, stop: int, pictures: Tensor | None) -> None:
    """Render shards first..stop-1 that are not there yet; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, stop):
        path = folder / f"clips_{number:05d}.safetensors"
        if path.exists():
            continue
        frames, rows = render_shard(config, number, pictures)
        partial = path.with_suffix(".part")
        save_file({"frames": frames.contiguous(), "rows": rows.contiguous()}, partial, metadata={"modality": "camera"})
        partial.rename(path)


def _roomy(scenes: Scenes, paths: np.ndarray) -> Scenes:
    """The scenes with backdrops far enough that no path leaves them."""
    farthest = np.linalg.norm(paths[..., [0, 2], 3], axis=-1).max(1)
    needed = torch.from_numpy(farthest / 0.7).float()
    return replace(scenes, backdrop_radius=torch.maximum(scenes.backdrop_radius, needed))
