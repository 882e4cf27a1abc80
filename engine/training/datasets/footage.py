"""Frames of a clip: where they come from, and which of them a clip at another frame rate shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.messages import Picture
from engine.training.datasets.errors import ClipError
from engine.training.datasets.motion import TIME_SLACK, Floats
from engine.video.decode import probe, read_frames
from engine.video.pictures import crop_for, fit_picture


@dataclass(frozen=True, kw_only=True, eq=False)
class Footage:
    """The pictures of a clip, read only when asked for."""

    times: Floats
    """(F,), rising, in the unit of the clip's pose track."""
    pictures: Callable[[int], Iterator[Picture]]
    """The pictures from that number on, in order, of any one size. May raise ValueError where one cannot be read."""


def video_footage(path: Path) -> Footage:
    """All frames of a video file, at the times that it shows them. Raises VideoReadError for one that is not whole."""
    info = probe(path)
    return Footage(times=np.array(info.times_s), pictures=lambda first: read_frames(path, start=first))


def picture_footage(times: Floats, read: Sequence[Callable[[], Picture]]) -> Footage:
    """One picture per time, each read by its own function."""
    assert len(times) == len(read)

    def pictures(first: int) -> Iterator[Picture]:
        for one in read[first:]:
            yield one()

    return Footage(times=times, pictures=pictures)


def shown_frames(times: Floats, first: float, last: float, fps: float | None) -> NDArray[np.int64]:
    """Numbers of the frames that a clip shows: of those from `first` to `last`, the nearest to every 1 / fps.

    Frames are dropped or repeated, never mixed: a mixture of two moments is a picture that no camera takes. With fps
    None every frame is shown once. Empty where no frame lies in the span.
    """
    inside = np.flatnonzero((times >= first - TIME_SLACK) & (times <= last + TIME_SLACK))
    if fps is None or not len(inside):
        return inside
    kept = times[inside]
    count = int((kept[-1] - kept[0]) * fps + TIME_SLACK) + 1
    wanted = kept[0] + np.arange(count) / fps
    # The slack decides ties, as between 30 and 20 frames a second, the same way on every machine.
    return inside[np.searchsorted((kept[1:] + kept[:-1]) / 2, wanted + TIME_SLACK)]


def read_shown(footage: Footage, numbers: Sequence[int], width: int, height: int) -> Iterator[Picture]:
    """The frames of these rising numbers, each cut about its middle to the aspect and resized to (height, width, 3).

    One pass over the pictures; a number that comes again gives the same picture again.
    """
    if not len(numbers):
        return
    wanted = iter(numbers)
    number = next(wanted)
    for place, picture in enumerate(footage.pictures(number), number):
        if place != number:
            continue
        rows, columns = picture.shape[:2]
        fitted = fit_picture(picture, crop_for((columns, rows), width / height), width, height)
        while number == place:
            yield fitted
            if (following := next(wanted, None)) is None:
                return
            number = following
    raise ClipError(f"its pictures end before number {number}, though it said to have {len(footage.times)}")
