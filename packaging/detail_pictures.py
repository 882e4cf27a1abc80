"""Sheets of soft and shown frames over time, and figures of what detail does: docs/detail.md holds what this prints.

    python packaging/detail_pictures.py OUT_FOLDER

Photographs are those of tests/data, which the bundled world has never seen.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from engine.actions.modality import ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.detail.geometry import TAN_HALF_FOV
from engine.messages import Frames, Picture
from engine.rollout import Rollout
from engine.video.pictures import crop_for, fit_picture, load_picture
from engine.worlds.detail_settings import largest_size, shown_size
from engine.worlds.protocol import WorldModel
from engine.worlds.registry import open_world

ROOT = Path(__file__).resolve().parents[1]
PHOTOGRAPHS = ROOT / "tests" / "data" / "photographs"
TURNED = ("palace", "coffee", "lone_tree", "garden_path", "rocket", "villa")
TURN = 8 * 0.03
"""Radians of the turn that has a truth: a picture turned needs no depth."""
WALKS = {
    "walk": ("lone_tree", "w-64", "soft"),
    "there and back": ("garden_path", "left-16 right-16 left-16", "invent"),
    "a step aside: things lean": ("palace", "d-32", "soft"),
    "a close-up": ("coffee", "left-16 w-16", "invent"),
}
NUM_SHOWN = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Take:
    """Frames of a take, the start picture first: as the world decoded them, and as they are shown."""

    soft: Frames
    shown: Frames


def say(words: str) -> None:
    """A line of the figures."""
    sys.stdout.write(f"{words}\n")


def take(world: WorldModel, name: str, line: str, unseen: str = "soft") -> Take:
    """A take of a photograph along a pose line."""
    info = world.info
    picture = load_picture(PHOTOGRAPHS / f"{name}.jpg")
    crop = crop_for((picture.shape[1], picture.shape[0]), info.aspect)
    start = fit_picture(picture, crop, info.width, info.height)
    best = fit_picture(picture, crop, *largest_size(info))
    rollout = Rollout(world, start[None], settings=info.settings_with({"unseen": unseen}), picture=best)
    track, length = parse_pose_line(line, clock=info.clock), info.clock.latents_per_chunk
    made = [
        rollout.step(ActionTrack(track.modality, track.rows[first : first + length]))
        for first in range(0, len(track), length)
    ]
    return Take(soft=np.concatenate([one.frames for one in made]), shown=np.concatenate([one.shown for one in made]))


def turned(picture: Picture, angle: float) -> tuple[Picture, np.ndarray]:
    """The picture seen after a turn to the left, and where it has something to show."""
    height, width = picture.shape[:2]
    focal = width / 2 / TAN_HALF_FOV
    camera = np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])
    c, s = np.cos(angle), np.sin(angle)
    matrix = camera @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]) @ np.linalg.inv(camera)
    ones = np.full((height, width), 255, np.uint8)
    seen = cv2.warpPerspective(ones, matrix, (width, height)) > 254
    return np.asarray(cv2.warpPerspective(picture, matrix, (width, height), flags=cv2.INTER_CUBIC), np.uint8), seen


def compared(frame: Picture, truth: Picture, seen: np.ndarray) -> tuple[float, float]:
    """Share of the truth's gradient that is kept, and correlation of fine detail, where there is a truth."""
    inside = cv2.erode(seen.astype(np.uint8), np.ones((9, 9), np.uint8))[1:, 1:] > 0
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (frame, truth)]
    gradient = [
        float(np.sqrt(np.diff(g, axis=1)[1:] ** 2 + np.diff(g, axis=0)[:, 1:] ** 2)[inside].mean()) for g in grey
    ]
    fine = [(g - cv2.GaussianBlur(g, (0, 0), 4))[1:, 1:][inside] for g in grey]
    return gradient[0] / gradient[1], float(np.corrcoef(fine[0], fine[1])[0, 1])


def decibels(one: Picture, other: Picture) -> float:
    """PSNR of two pictures."""
    return float(10 * np.log10(255**2 / np.square(one.astype(np.float64) - other).mean()))


def enlarged(frame: Picture, like: Picture) -> Picture:
    """A soft frame at the size of a shown one."""
    return np.asarray(cv2.resize(frame, like.shape[1::-1], interpolation=cv2.INTER_CUBIC), np.uint8)


def sheet(made: Take) -> Picture:
    """Soft frames above shown ones, over time."""
    numbers = np.linspace(0, len(made.shown) - 1, NUM_SHOWN).round().astype(int)
    rows = [
        np.concatenate([enlarged(made.soft[number], made.shown[0]) for number in numbers], axis=1),
        np.concatenate([made.shown[number] for number in numbers], axis=1),
    ]
    return np.concatenate(rows)


def print_figures(world: WorldModel) -> None:
    """The turn with a truth, and the place that is there again."""
    figures = []
    for name in TURNED:
        made = take(world, name, "left-8")
        truth, seen = turned(made.shown[0], TURN)
        soft = enlarged(made.soft[-1], truth)
        figures.append([*compared(soft, truth, seen), *compared(made.shown[-1], truth, seen)])
        say(f"{name:12} " + " ".join(f"{value:6.2f}" for value in figures[-1]))
    mean = np.mean(figures, axis=0)
    say("one chunk's turn, gradient kept / fine detail: soft {:.2f} / {:.2f}, shown {:.2f} / {:.2f}".format(*mean))
    for unseen in ("soft", "invent"):
        again = []
        for name in ("lone_tree", "garden_path", "palace"):
            made = take(world, name, "left-16 right-16 left-16", unseen)
            again.append(decibels(made.shown[64], made.shown[192]))
        say(f"left, back and left again, {unseen}: the same to {np.mean(again):.1f} dB")


def main() -> None:
    """Write the sheets, print the figures."""
    out = Path(sys.argv[1])
    out.mkdir(parents=True, exist_ok=True)
    world = open_world(str(ROOT / "assets" / "models" / "small-astra"), {}, "cpu")
    say(f"shown at {shown_size(world.info, world.info.defaults, 'camera')}")
    print_figures(world)
    sheets = [sheet(take(world, *walk)) for walk in WALKS.values()]
    whole = Image.fromarray(np.concatenate(sheets))
    whole = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
    whole.save(out / "detail.jpg", quality=82)


if __name__ == "__main__":
    main()
