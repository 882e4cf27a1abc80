"""Held-out starts: new procedural scenes and photographs, each with a scene that shows the true walk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from engine.messages import Frames, Picture, WorldInfo, chunk_seed
from engine.poses import Floats
from engine.training.synthetic.clips import ClipConfig
from engine.training.synthetic.scenes import Scenes, built_scenes, picture_scenes, render, scene_of_picture
from engine.video.pictures import crop_for, fit_picture, load_picture

Item = TypeVar("Item")

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Start:
    """A start picture and the scene it stands for."""

    name: str
    picture: Picture = field(repr=False)
    """(H, W, 3), of the world's size."""
    scene: Scenes = field(repr=False)
    """A batch of one. Of a photograph it is the photograph on a plain and a round wall, of depths drawn at random."""

    def shown_from(self, c2w: Floats) -> Frames:
        """The truth (N, H, W, 3): what the scene shows from camera-to-world poses (N, 4, 4)."""
        height, width = self.picture.shape[:2]
        return _render(self.scene, c2w, height, width)


def procedural_starts(num: int, info: WorldInfo, seed: int) -> list[Start]:
    """`num` new scenes for a world, pictures and built ones in the shares of training clips.

    Scene k depends on the seed and k alone, so that more starts are the fewer and some.
    """
    starts = []
    for number in range(num):
        generator = _generator(seed, number, "scene")
        is_picture = _share_before(number + 1) > _share_before(number)
        make = picture_scenes if is_picture else built_scenes
        scene = make(generator, 1, info.aspect)
        picture = _render(scene, np.eye(4)[None], info.height, info.width)[0]
        name = f"{'picture' if is_picture else 'built'} scene {number}"
        starts.append(Start(name=name, picture=picture, scene=scene))
    return starts


def photograph_starts(folder: Path, num: int, info: WorldInfo, seed: int) -> list[Start]:
    """Photographs of a folder, cut to a world's frame: `num` of them spread evenly over the names, or all if fewer.

    Raises ValueError for a folder that is not there or holds none, PictureError for one that cannot be read.
    """
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES) if folder.is_dir() else []
    if not paths:
        what = "it holds none" if folder.is_dir() else "there is no such folder"
        raise ValueError(
            f"an evaluation needs a folder of photographs ({', '.join(sorted(SUFFIXES))}), got {folder}: {what}. Give "
            "one with photographs that the world was not trained on"
        )
    return [_photograph(path, info, seed) for path in spread(paths, num)]


def spread(items: Sequence[Item], num: int) -> list[Item]:
    """`num` of some items, evenly from first to last; all of them if they are fewer."""
    places = np.linspace(0, len(items) - 1, min(num, len(items))).round().astype(int)
    return [items[place] for place in places]


def _photograph(path: Path, info: WorldInfo, seed: int) -> Start:
    loaded = load_picture(path)
    crop = crop_for((loaded.shape[1], loaded.shape[0]), info.aspect)
    picture = fit_picture(loaded, crop, info.width, info.height)
    pixels = torch.from_numpy(picture).permute(2, 0, 1).float() / 255
    generator = _generator(seed, 0, path.name)
    return Start(name=path.stem, picture=picture, scene=scene_of_picture(generator, pixels, info.aspect))


def _share_before(number: int) -> int:
    """How many of the first `number` scenes are picture scenes."""
    return round(number * ClipConfig().picture_share)


def _generator(seed: int, number: int, what: str) -> torch.Generator:
    # Far beyond the numbers that training makes of its seeds and shards, a few million.
    return torch.Generator().manual_seed(chunk_seed(seed, number, what))


def to_pictures(frames_N3HW: torch.Tensor) -> Frames:
    """(N, H, W, 3) uint8 of frames in [-1, 1], rounded."""
    levels = ((frames_N3HW + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(levels.permute(0, 2, 3, 1).numpy())


def _render(scene: Scenes, c2w: Floats, height: int, width: int) -> Frames:
    return to_pictures(render(scene, torch.from_numpy(c2w)[None], height, width)[0])
