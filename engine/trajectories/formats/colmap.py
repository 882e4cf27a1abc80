"""COLMAP's text model: `images.txt`, with the `cameras.txt` beside it where there is one.

Two lines an image: `IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME`, then its points, a line that may be empty.
World-to-camera, OpenCV axes, quaternion w first. `cameras.txt`: `CAMERA_ID MODEL WIDTH HEIGHT PARAMS...`, pixels. The
images come in any order; that of their names is the one of the video, and their numbers are those of its frames, so a
frame that was not registered stays a gap in time. Source: COLMAP's documentation, Output Format.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine import poses
from engine.clock import Clock
from engine.poses import Floats
from engine.rotations import quaternions
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import lens_notes, lens_or_default, lost, of_quaternions
from engine.trajectories.formats.picture_names import sorted_pictures
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import COMMENT, MAX_LINE, MAX_LINES, Source, is_number, line_of
from engine.trajectories.recording import Lens, Recording
from engine.whole_files import write_whole

IMAGES, CAMERAS = "images.txt", "cameras.txt"
COLUMNS = "IMAGE_ID QW QX QY QZ TX TY TZ CAMERA_ID NAME"
_FOLDERS = (".", "sparse/0", "sparse", "0", "colmap/sparse/0")
_ONE_FOCAL = ("SIMPLE_", "RADIAL")
"""How the names of camera models begin whose parameters begin f cx cy; the others' begin fx fy cx cy."""
_SAMPLED = 20
"""Lines by which it is told from other tables."""
_MAX_LINES = 20_000_000
"""Of images.txt, most of whose length is points."""
_LONGEST_POINTS = 10_000_000
"""Characters of the points of one image: a third of a million of them."""
_HEIGHT_PX = 480


class Colmap:
    title: ClassVar[str] = "COLMAP text"
    suffix: ClassVar[str] = ""
    layout: ClassVar[str] = f"{IMAGES} with two lines an image, the first: {COLUMNS}; {CAMERAS} beside it"

    def recognise(self, source: Source) -> str | None:
        if source.is_folder:
            found = _images_in(source.path)
            return None if found is None else f"{found.relative_to(source.path).as_posix()} lies in the folder"
        if source.is_json or not source.is_text:
            return None
        if source.name == IMAGES:
            return f"its name is {IMAGES}"
        if "IMAGE_ID, QW, QX, QY, QZ" in source.text[:2000]:
            return "its header names COLMAP's columns"
        lines = islice(source.raw_lines(_MAX_LINES), _SAMPLED)
        if any(_is_image(line.split()) for _, line in lines if len(line) <= MAX_LINE):
            return "it has lines of images, with a pose and a file name"
        return None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        images = source
        if source.is_folder:
            found = _images_in(source.path)
            if found is None:
                raise TrajectoryError(
                    f"there is no {IMAGES} in {source.path}. Export the model as text: colmap model_converter "
                    "--output_type TXT"
                )
            images = Source(found)
        rows, names = [], []
        for number, words in _image_lines(images):
            numbers = [images.number(word, f"line {number}") for word in words[:9]]
            rows.append([number, *numbers])
            names.append(" ".join(words[9:]))
        if not rows:
            raise TrajectoryError(f"{images.name} holds no image; expected {COLUMNS}")
        repeated = [name for name, count in Counter(names).items() if count > 1]
        if repeated:
            raise TrajectoryError(
                f"{images.name} has the image {repeated[0]!r} twice, so their order is not known. Each image has two "
                "lines, of which the second, its points, may be empty, but not left out"
            )
        table = np.array(rows)
        places = tuple(f"line {int(row[0])} ({name})" for row, name in zip(rows, names, strict=True))
        matrices, error = of_quaternions(images, table[:, 6:9], table[:, [3, 4, 5, 2]], places)
        with np.errstate(all="ignore"):  # places beyond any scene are told elsewhere
            c2w = poses.inverse(matrices)
        pictures = sorted_pictures(images.name, names, list(map(int, table[:, 9])), c2w, overrides.camera)
        order = list(pictures.order)
        lens, notes = _lens(images.path.with_name(CAMERAS), table[order, 9])
        return Stored(
            matrices=matrices[order],
            convention="w2c",
            times=pictures.times,
            frames=pictures.frames,
            places=tuple(places[index] for index in order),
            quaternion_error=error,
            lens=lens,
            notes=(*pictures.notes, *notes),
            takes=("camera",) if pictures.cameras else (),
            cameras=pictures.cameras,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        """Writes a folder with images.txt, cameras.txt and an empty points3D.txt, or, for a name ending in .txt, those
        around it."""
        folder, name = (path.parent, path.name) if path.suffix else (path, IMAGES)
        folder.mkdir(exist_ok=True)
        lens = lens_or_default(recording)
        height = lens.height_px or _HEIGHT_PX
        width = lens.width_px or round(height * lens.aspect)
        w2c = poses.inverse(recording.c2w)
        turns = quaternions(w2c[:, :3, :3])[:, [3, 0, 1, 2]]
        has_one_lens = bool(np.ptp(lens.rows, axis=0).max() == 0)
        cameras = lens.rows[:1] if has_one_lens else lens.rows
        lines = [f"{COMMENT} Image list with two lines of data per image:", f"{COMMENT}   {', '.join(COLUMNS.split())}"]
        for index, (turn, place) in enumerate(zip(turns, w2c[:, :3, 3], strict=True)):
            camera = 1 if has_one_lens else index + 1
            lines += [f"{index + 1} {line_of(turn)} {line_of(place)} {camera} frame_{index:06d}.png", ""]
        pixels = np.array([width, height, width, height])
        listed = [f"{number} PINHOLE {width} {height} {line_of(row * pixels)}" for number, row in enumerate(cameras, 1)]
        header = f"{COMMENT}   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]"
        write_whole(folder / CAMERAS, "\n".join([header, *listed]) + "\n")
        write_whole(folder / "points3D.txt", f"{COMMENT}   POINT3D_ID, X, Y, Z, R, G, B, ERROR, TRACK[]\n")
        write_whole(folder / name, "\n".join(lines) + "\n")
        return (*lens_notes(recording), *lost(recording, times=True, start=True, reader_fps=clock.fps))


def _images_in(folder: Path) -> Path | None:
    return next((path for name in _FOLDERS if (path := folder / name / IMAGES).is_file()), None)


def _image_lines(source: Source) -> Iterator[tuple[int, list[str]]]:
    """Number and words of every image's first line; the line after each is its points, and may be empty."""
    is_points, num_images = False, 0
    for number, line in source.raw_lines(_MAX_LINES):
        source.check_line(number, line, _LONGEST_POINTS if is_points else MAX_LINE)
        if is_points:
            is_points = False
            _check_points(source, number, line)
            continue
        words = line.split()
        if not words or words[0].startswith(COMMENT):
            continue
        if len(words) < 10:
            raise TrajectoryError(
                f"line {number} of {source.name} has {len(words)} columns, expected 10 ({COLUMNS}). Is the file whole?"
            )
        is_points = True
        num_images += 1
        if num_images > MAX_LINES:
            raise TrajectoryError(
                f"{source.name} has more than {MAX_LINES:,} images; cut it to the part that is wanted"
            )
        yield number, words


def _check_points(source: Source, number: int, line: str) -> None:
    """Raise TrajectoryError where a line that should hold points is something else, such as the next image."""
    # A word more than there are gaps; the first three say what they are, and a real file has thousands.
    words = line.split(maxsplit=3)
    if words and not (len(words) >= 3 and all(map(is_number, words[:3])) and len(line.split()) % 3 == 0):
        raise TrajectoryError(
            f"line {number} of {source.name} should hold the points of the image before it, X Y POINT3D_ID, but has "
            f"{len(line.split())} columns. Each image has two lines, of which the second may be empty, but not left out"
        )


def _is_image(words: list[str]) -> bool:
    """Whether a line looks like the first one of an image: ten words, the last of which is a name."""
    if len(words) < 10 or not (words[0].isdecimal() and words[8].isdecimal()):
        return False
    return all(map(is_number, words[:9])) and not is_number(words[-1])


def _lens(path: Path, used: Floats) -> tuple[Lens | None, tuple[str, ...]]:
    """The lens of every image by the cameras that they `used` (N,)."""
    if not path.is_file():
        return None, (f"there is no {CAMERAS} beside it, so nothing is known of the lens",)
    source = Source(path)
    cameras: dict[int, tuple[list[float], int, int]] = {}
    for number, words in source.lines():
        place = f"line {number}"
        needed = 3 if words[1:2] and words[1].startswith(_ONE_FOCAL) else 4
        if len(words) < 4 + needed:
            raise TrajectoryError(
                f"{place} of {source.name} has {len(words)} columns, expected CAMERA_ID MODEL WIDTH HEIGHT and "
                f"{needed} parameters or more"
            )
        width, height, *params = [source.number(word, place) for word in words[2:]]
        if not (width >= 1 and height >= 1):
            raise TrajectoryError(f"{place} of {source.name}: a picture of {width:g} x {height:g} pixels")
        fx, fy, cx, cy = [params[0], *params[:3]] if needed == 3 else params[:4]
        if not (fx > 0 and fy > 0):
            raise TrajectoryError(f"{place} of {source.name}: a focal length of {min(fx, fy):g}; expected more than 0")
        row = [fx / width, fy / height, cx / width, cy / height]
        cameras[int(source.number(words[0], place))] = (row, int(width), int(height))
    missing = sorted({int(camera) for camera in used} - set(cameras))
    if missing:
        raise TrajectoryError(f"{source.name} lacks camera {missing[0]}, which an image in {IMAGES} was taken with")
    _, width_px, height_px = cameras[int(used[0])]
    return Lens(rows=np.array([cameras[int(camera)][0] for camera in used]), width_px=width_px, height_px=height_px), ()
