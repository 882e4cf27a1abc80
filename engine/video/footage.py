"""Footage that a take starts from: a picture or a clip, as frames at a world's rate, with notes on its conversion."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.clock import Clock
from engine.video.decode import VideoReadError, frames_at, probe, read_frames
from engine.video.orientation import UPRIGHT, Orientation
from engine.video.pictures import Picture, is_picture, read_picture
from engine.video.thumbnails import thumbnail

MAX_SIDE = 1280
"""Frames of a clip are kept at most so wide and high, each made smaller as it is read."""
_PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".avif", ".heic"})
_HASHED_AT_ONCE = 1 << 20
_SLACK = 1e-3
"""Of a frame: times are rounded in files."""


@dataclass(frozen=True, kw_only=True)
class StartFacts:
    """How a start was understood.

    Attributes:
        frames: how many there are.
        times_s: when each is shown in its file, seconds from the first; (0.0,) of a picture.
        source_fps: frames per second of the clip, on average; None of a picture.
        orientation: how it was turned and mirrored.
        pixel_aspect: width over height of a stored pixel.
        transfer: "sdr", or "hlg" or "pq", which were tone-mapped.
        deinterlaced: whether it was.
        alpha: whether it was laid over white.
    """

    frames: int = 1
    times_s: tuple[float, ...] = (0.0,)
    source_fps: float | None = None
    orientation: Orientation = UPRIGHT
    pixel_aspect: float = 1.0
    transfer: str = "sdr"
    deinterlaced: bool = False
    alpha: bool = False

    def as_json(self) -> dict[str, Any]:
        """For reports."""
        return {
            "frames": self.frames,
            "times_s": [round(time, 6) for time in self.times_s],
            "source_fps": None if self.source_fps is None else round(self.source_fps, 4),
            "rotation": self.orientation.rotation,
            "mirrored": self.orientation.mirrored,
            "pixel_aspect": round(self.pixel_aspect, 6),
            "transfer": self.transfer,
            "deinterlaced": self.deinterlaced,
            "alpha": self.alpha,
        }

    def sentences(self, fps: float) -> list[str]:
        """What a user should know of it, for a world of that rate. Empty where nothing was done."""
        notes: list[str] = []
        if self.source_fps is not None and abs(self.source_fps - fps) > 0.01:
            notes.append(f"{self.source_fps:.4g} frames a second, shown at the world's {fps:g}")
        if self.transfer != "sdr":
            notes.append(f"high dynamic range ({self.transfer.upper()}), tone-mapped")
        if self.deinterlaced:
            notes.append("deinterlaced")
        if abs(self.pixel_aspect - 1) > 1e-3:
            notes.append(f"pixels {self.pixel_aspect:.3g} times as wide as high, shown in their true shape")
        if self.alpha:
            notes.append("what is transparent is white")
        return notes


@dataclass(frozen=True, kw_only=True, eq=False)
class StartFootage:
    """A start: frames (N, H, W, 3) sRGB and how they came about.

    Attributes:
        kind: what the file was.
        sha256: of the file, "" where nobody asked.
    """

    kind: Literal["picture", "clip"]
    frames: NDArray[np.uint8]
    facts: StartFacts
    sha256: str = ""


def read_start_file(path: Path, clock: Clock, *, hashes: bool = False) -> StartFootage:
    """Read a picture, or the end of a clip as frames at the clock's rate, whatever the clip's own.

    Of a clip, as many latents as one chunk and the start before it have, or as its time allows: it covers as much real
    time as the world takes it for. What a file is, its content says and not its name. Reads frame by frame, each made
    smaller at once where it is larger than `MAX_SIDE`. Raises PictureError or VideoReadError.
    """
    digest = _sha256(path) if hashes else ""
    if _is_meant_as_picture(path):
        picture = read_picture(path)
        facts = StartFacts(orientation=picture.orientation, alpha=picture.has_alpha)
        return StartFootage(kind="picture", frames=picture.pixels[None], facts=facts, sha256=digest)
    info = probe(path)
    # The last frame is shown for as long as the others are on average.
    length_s = info.times_s[-1] + float(1 / info.fps)
    sizes = [clock.num_frames(latents) for latents in range(1, clock.latents_per_chunk + 2)]
    count = max((size for size in sizes if size <= length_s * clock.fps + _SLACK), default=1)
    end = info.times_s[-1]
    wanted = [end - (count - 1 - number) / clock.fps for number in range(count)]
    numbers = frames_at(info.times_s, wanted)
    look = info.look
    facts = StartFacts(
        frames=count,
        times_s=tuple(info.times_s[number] for number in numbers),
        source_fps=float(info.fps),
        orientation=look.orientation,
        pixel_aspect=float(look.pixel_aspect),
        transfer=look.transfer,
        deinterlaced=look.is_interlaced,
        alpha=look.has_alpha,
    )
    return StartFootage(kind="clip", frames=_frames(path, numbers), facts=facts, sha256=digest)


def _is_meant_as_picture(path: Path) -> bool:
    """By its content; a file that is neither picture nor clip is what its name says, so that the error fits."""
    if is_picture(path) or not path.is_file():
        return True
    if path.suffix.lower() not in _PICTURE_SUFFIXES:
        return False
    try:
        probe(path)
    except VideoReadError:
        return True
    return False


def check_start(path: Path) -> None:
    """Raise PictureError or VideoReadError for a file that `read_start_file` would not read."""
    if _is_meant_as_picture(path):
        read_picture(path)
    else:
        probe(path)


def _frames(path: Path, numbers: Sequence[int]) -> NDArray[np.uint8]:
    """Those frames, which rise and may repeat, each no larger than is kept."""
    found: list[Picture] = []
    wanted = iter(numbers)
    number = next(wanted)
    for place, frame in enumerate(read_frames(path, start=numbers[0], stop=numbers[-1] + 1), numbers[0]):
        small: Picture | None = None
        while number == place:
            small = thumbnail(frame, MAX_SIDE, MAX_SIDE) if small is None else small
            found.append(small)
            number = next(wanted, -1)
    return np.stack(found)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_HASHED_AT_ONCE):
                digest.update(block)
    except OSError:
        return ""  # reading it as a picture or clip says what is wrong
    return digest.hexdigest()
