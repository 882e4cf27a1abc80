"""The robot modality: relative poses of the part that moves, which the released model calls openx."""

from __future__ import annotations

from engine.actions.steps import NO_MOTION, POSE_COLUMNS, StepModality

ROBOT = StepModality(
    name="robot",
    label="Tool",
    width=12,
    rest=NO_MOTION,
    columns=POSE_COLUMNS,
    meaning="relative pose of the moving part over one latent, 3 x 4 row-major",
    released_name="openx",
    moves_camera=False,
    of_extrinsics=False,
)
