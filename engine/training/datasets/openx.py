"""OpenX: episodes of robot arms, RT-1's above all.

Published layout (gs://gresearch/robotics/<set>/<version>/, tensorflow_datasets in RLDS form): files
`*.tfrecord-00000-of-01024`, one tf.train.Example per episode, whose features hold all steps one after the other:
`steps/observation/image` (JPEG or PNG), `steps/observation/natural_language_instruction`, and where the tool is:
`steps/observation/base_pose_tool_reached` (7 numbers a step, position in metres and quaternion x y z w; RT-1's
`fractal20220817_data`), or, in sets without it, what it was told to do: `steps/action/world_vector` and
`steps/action/rotation_delta` (3 each, metres and radians about x, y and z).

Steps are 1/3 s apart in RT-1 and otherwise elsewhere, and no file says how far. As in the released training, each is
one frame, whatever the world's rate. Unlike there, the pose is the one reached, not the sum of commands, and step k's
command leads from picture k to k + 1.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
from PIL import Image, UnidentifiedImageError

from engine import poses
from engine.actions.modality import ROBOT
from engine.messages import Picture
from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import picture_footage
from engine.training.datasets.motion import Floats, PoseTrack, poses_from_vectors
from engine.training.datasets.protocol import Clip, Entry
from engine.training.datasets.tfrecord import Feature, read_example, record_places

IMAGES = ("image", "image_0", "rgb", "rgb_static", "front_rgb", "agentview_rgb", "exterior_image_1_left")
"""Names of the outer camera, of which each set has one, the most common first."""
INSTRUCTIONS = ("steps/observation/natural_language_instruction", "steps/language_instruction")
REACHED = "steps/observation/base_pose_tool_reached"
MOVED, TURNED = "steps/action/world_vector", "steps/action/rotation_delta"


class OpenXSource:
    """A folder of episodes, at any depth."""

    expects: ClassVar[str] = "episodes in *.tfrecord-* files, as tensorflow_datasets writes them"
    licence: ClassVar[str] = (
        "Open X-Embodiment (arXiv 2310.08864), CC BY 4.0 for RT-1; other sets have terms of their own"
    )

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Looks for a TFRecord file."""
        found = next(folder.rglob("*.tfrecord*"), None)
        return None if found is None else f"{found.relative_to(folder).as_posix()} lies there"

    def entries(self) -> Iterator[Entry]:
        """Every record of every file; after a damaged header the rest of that file is one entry that cannot open."""
        for path in sorted(self._folder.rglob("*.tfrecord*")):
            name = path.relative_to(self._folder).as_posix()
            number = 0
            try:
                for number, place in enumerate(record_places(path), 1):
                    yield Entry(f"{name}/{number - 1}", partial(_open, path, place))
            except ClipError as error:
                yield Entry(f"{name}/{number}", partial(_fail, error))


def _fail(error: ClipError) -> Clip:
    raise error


def _open(path: Path, place: tuple[int, int]) -> Clip:
    features = read_example(path, place)
    encoded = _images(features)
    steps = np.arange(float(len(encoded)))
    track = _tool_poses(features, len(encoded))
    # As in the released data, where positions add up from the first one: far from the axes' origin a turn would
    # otherwise show as a move in the relative pose.
    track[:, :3, 3] -= track[0, :3, 3]
    return Clip(
        modality=ROBOT,
        footage=picture_footage(steps, [partial(_decode, data) for data in encoded]),
        track=PoseTrack(times=steps, poses=track),
        is_timed=False,
        caption=_instruction(features),
    )


def _images(features: dict[str, Feature]) -> list[bytes]:
    for name in IMAGES:
        found = features.get(f"steps/observation/{name}")
        if isinstance(found, list) and len(found) > 1:
            return found
    raise ClipError(
        f"the episode has no pictures: expected steps/observation/image or one of {', '.join(IMAGES[1:])}, it has "
        f"{', '.join(sorted(features)[:8]) or 'nothing'}"
    )


def _tool_poses(features: dict[str, Feature], num_steps: int) -> Floats:
    """Where the tool is at each step: (num_steps, 4, 4), tool-to-base."""
    if REACHED in features:
        return poses_from_vectors(_per_step(features, REACHED, 7, num_steps))
    if MOVED not in features or TURNED not in features:
        raise ClipError(
            f"the episode does not say where the tool is: expected {REACHED}, or {MOVED} and {TURNED}, it has "
            f"{', '.join(sorted(features)[:8])}"
        )
    moves = _per_step(features, MOVED, 3, num_steps)
    turns = _per_step(features, TURNED, 3, num_steps)
    track = np.tile(np.eye(4), (num_steps, 1, 1))
    for k in range(num_steps - 1):
        track[k + 1, :3, 3] = track[k, :3, 3] + moves[k]
        track[k + 1, :3, :3] = _turn(turns[k]) @ track[k, :3, :3]
    return track


def _turn(angles: Floats) -> Floats:
    """The rotation by angles about x, then y, then z of the base."""
    x, y, z = (float(angle) for angle in angles)
    return poses.rotation_z(z) @ poses.rotation_y(y) @ poses.rotation_x(x)


def _per_step(features: dict[str, Feature], name: str, width: int, num_steps: int) -> Floats:
    values = features[name]
    if not isinstance(values, np.ndarray) or values.size != width * num_steps:
        count = "no" if isinstance(values, Sequence) else values.size
        raise ClipError(f"{name} holds {count} numbers; expected {width} for each of {num_steps} steps")
    return values.reshape(num_steps, width).astype(np.float64)


def _instruction(features: dict[str, Feature]) -> str:
    for name in INSTRUCTIONS:
        found = features.get(name)
        if isinstance(found, list) and found:
            return found[0].decode("utf-8", errors="replace").strip()
    return ""


def _decode(data: bytes) -> Picture:
    try:
        with Image.open(io.BytesIO(data), formats=("JPEG", "PNG")) as image:
            return np.array(image.convert("RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise ClipError(f"a picture of the episode is damaged: {error}") from error
