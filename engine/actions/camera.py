"""The camera modality: relative world-to-camera poses, which the released model calls sekai."""

from __future__ import annotations

from engine.actions.steps import NO_MOTION, POSE_COLUMNS, StepModality

CAMERA = StepModality(
    name="camera",
    label="Camera",
    width=12,
    rest=NO_MOTION,
    columns=POSE_COLUMNS,
    meaning="relative world-to-camera pose over one latent, 3 x 4 row-major, OpenCV axes, scene units",
    released_name="sekai",
    poses_say_all=True,
    of_extrinsics=True,
)
