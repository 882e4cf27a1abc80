"""Clips of procedural scenes, rendered with their action rows into shard files for training.

A shard is a safetensors file: `frames` (N, F, 3, H, W) uint8 and `rows` (N, 1 + ticks, width) float32, with the
modality in its metadata. Shard k depends only on the config and k, so that rendering can stop and go on, or run in
several processes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from engine import poses
from engine.actions.modality import CAMERA, DRIVING, ROBOT, Modality, modality
from engine.training.synthetic.commands import (
    CLOSE_REACH,
    Reach,
    camera_rows,
    driving_rows,
    frame_poses,
    random_drive,
    random_motions,
    random_reach,
    robot_rows,
)
from engine.training.synthetic.scenes import (
    TEXTURE_SIZE,
    Scenes,
    built_scenes,
    hilly_scenes,
    picture_scenes,
    render,
    standing_scenes,
    table_scenes,
)
from engine.whole_files import whole_path

RENDERED = (CAMERA, DRIVING, ROBOT)
"""Modalities of which there are procedural clips."""
TABLE_PITCH = 0.35
"""How far a table scene's camera looks down, in radians."""


@dataclass(frozen=True, kw_only=True)
class ClipConfig:
    """What to render."""

    height: int = 64
    width: int = 112
    num_ticks: int = 16
    long_ticks: int = 37
    """Every fourth shard holds clips this long, so that full histories are seen."""
    picture_share: float = 0.7
    hilly_share: float = 0.0
    """Of the clips that are not of pictures: those on a height field."""
    standing_share: float = 0.0
    """Of the clips of pictures: those with upright things on the ground."""
    close_share: float = 0.0
    """Of the robot's clips: those whose gripper is near the camera and so fills much of the picture."""
    clips_per_shard: int = 32
    modality: str = "camera"
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


def render_shard(config: ClipConfig, number: int, pictures: Tensor | None) -> tuple[Tensor, Tensor, Modality]:
    """Frames (N, F, 3, H, W) uint8, rows (N, 1 + ticks, A) and modality of shard `number`."""
    generator = torch.Generator().manual_seed(config.seed * 1_000_003 + number)
    rng = np.random.default_rng((config.seed, number))
    num_ticks = config.long_ticks if number % 4 == 3 else config.num_ticks
    kind = modality(config.modality)
    if kind is ROBOT:
        frames, rows = _robot_clips(config, num_ticks, generator, rng)
    else:
        frames, rows = _moving_camera_clips(config, kind, num_ticks, generator, rng, pictures)
    return ((frames + 1) * 127.5).round().clamp(0, 255).to(torch.uint8), rows, kind


def _moving_camera_clips(
    config: ClipConfig,
    kind: Modality,
    num_ticks: int,
    generator: torch.Generator,
    rng: np.random.Generator,
    pictures: Tensor | None,
) -> tuple[Tensor, Tensor]:
    draw, to_rows = (random_drive, driving_rows) if kind is DRIVING else (random_motions, camera_rows)
    aspect = config.width / config.height
    num_pictures = round(config.clips_per_shard * config.picture_share)
    frames, rows = [], []
    num_hilly = round((config.clips_per_shard - num_pictures) * config.hilly_share)
    num_standing = round(num_pictures * config.standing_share)
    counts = {
        "picture": num_pictures - num_standing,
        "standing": num_standing,
        "built": config.clips_per_shard - num_pictures - num_hilly,
        "hilly": num_hilly,
    }
    for what, count in counts.items():
        if not count:
            continue
        paths = np.stack([frame_poses(draw(rng, num_ticks)) for _ in range(count)])
        if what == "picture":
            scenes = picture_scenes(generator, count, aspect, pictures, with_leaves=True)
        elif what == "standing":
            scenes = standing_scenes(generator, count, aspect, pictures)
        else:
            scenes = (built_scenes if what == "built" else hilly_scenes)(generator, count, aspect)
        scenes = _roomy(scenes, paths)
        frames.append(render(scenes, torch.from_numpy(paths), config.height, config.width))
        rows.append(torch.from_numpy(np.stack([to_rows(path) for path in paths])))
    return torch.cat(frames), torch.cat(rows)


def _robot_clips(
    config: ClipConfig, num_ticks: int, generator: torch.Generator, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    count = config.clips_per_shard
    scenes = table_scenes(generator, count, config.width / config.height)
    num_close = round(count * config.close_share)
    reaches = [CLOSE_REACH] * num_close + [Reach()] * (count - num_close)
    paths = np.stack([random_reach(rng, num_ticks, reach) for reach in reaches])
    looks_down = poses.from_parts(poses.rotation_x(-TABLE_PITCH))
    still = torch.from_numpy(looks_down).expand(count, paths.shape[1], 4, 4)
    # Rows are in the camera's axes, boxes in the world's.
    in_world = torch.from_numpy(paths @ looks_down[:3, :3].T)
    frames = render(scenes, still, config.height, config.width, gripper=in_world)
    return frames, torch.from_numpy(np.stack([robot_rows(path) for path in paths]))


def write_shards(config: ClipConfig, folder: Path, first: int, stop: int, pictures: Tensor | None) -> None:
    """Render shards first..stop-1 that are not there yet; each appears whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, stop):
        path = folder / f"clips_{number:05d}.safetensors"
        if path.exists():
            continue
        frames, rows, kind = render_shard(config, number, pictures)
        with whole_path(path) as part:
            save_file(
                {"frames": frames.contiguous(), "rows": rows.contiguous()}, part, metadata={"modality": kind.name}
            )


def read_clips(path: Path) -> tuple[Tensor, Tensor, Modality]:
    """Frames, rows and modality of a clip shard."""
    with safe_open(path, "pt") as shard:
        kind = modality(shard.metadata()["modality"])
        return shard.get_tensor("frames"), shard.get_tensor("rows"), kind


def _roomy(scenes: Scenes, paths: np.ndarray) -> Scenes:
    """The scenes with backdrops far enough that no path leaves them, and hills that no path runs into."""
    farthest = np.linalg.norm(paths[..., [0, 2], 3], axis=-1).max(1)
    needed = torch.from_numpy(farthest / 0.7).float()
    terrain = None if scenes.terrain is None else scenes.terrain.roomy(paths)
    return replace(scenes, terrain=terrain, backdrop_radius=torch.maximum(scenes.backdrop_radius, needed))
