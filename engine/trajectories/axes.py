"""Camera axes and pose directions of other programs, and their conversion to ours and back.

Ours are camera-to-world and OpenCV's: x right, y down, z forward (`engine.poses`).
"""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from engine import poses
from engine.actions.driving import VEHICLE
from engine.poses import Floats

Convention = Literal["c2w", "w2c"]
CONVENTIONS: tuple[Convention, ...] = get_args(Convention)
DIRECTIONS: dict[Convention, str] = {"c2w": "camera-to-world", "w2c": "world-to-camera"}
"""What a person calls them."""

_UNREAL: Floats = poses.from_parts([[0, 0, 1], [1, 0, 0], [0, -1, 0]])
"""The same in Unreal's: x forward, y right, z up, which are left-handed."""
_OPENGL: Floats = np.diag([1.0, -1, -1, 1])
"""The same in OpenGL's: x right, y up, z backward."""

# Per name: what the world is turned by, and OpenCV's camera axes in those of the name. Unreal's world is left-handed
# too, and must be turned into a right-handed one for rotations to be rotations (determinant +1).
AXES: dict[str, tuple[Floats, Floats]] = {
    "opencv": (np.eye(4), np.eye(4)),
    "opengl": (np.eye(4), _OPENGL),
    "unreal": (_UNREAL.T, _UNREAL),
    "vehicle": (np.eye(4), VEHICLE),
}


def to_opencv(matrices: Floats, convention: Convention, axes: str) -> Floats:
    """Camera-to-world poses (N, 4, 4) in OpenCV axes of rigid matrices (N, 4, 4) of that direction and those axes."""
    world, camera = AXES[axes]
    c2w = poses.inverse(matrices) if convention == "w2c" else matrices
    return world @ c2w @ camera


def from_opencv(c2w: Floats, convention: Convention, axes: str) -> Floats:
    """The inverse of `to_opencv`."""
    world, camera = AXES[axes]
    matrices = world.T @ c2w @ camera.T
    return poses.inverse(matrices) if convention == "w2c" else matrices
