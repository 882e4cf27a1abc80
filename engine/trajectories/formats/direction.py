"""Finds the direction of matrices whose file does not say it: the one in which the camera goes where it looks."""

from __future__ import annotations

import numpy as np

from engine.poses import Floats
from engine.trajectories.axes import Convention, to_opencv
from engine.trajectories.checks import forwardness

_LIKELIER = 0.2
"""By how much the one reading must go more forward than the other to be the one."""


def likelier(matrices: Floats, axes: str = "opencv") -> Convention | None:
    """The direction of matrices (N, 4, 4) in which the camera goes clearly more forward, or None for neither."""
    with np.errstate(all="ignore"):  # matrices that are none are told elsewhere
        as_c2w, as_w2c = (forwardness(to_opencv(matrices, way, axes)) for way in ("c2w", "w2c"))
    if not abs(as_c2w - as_w2c) > _LIKELIER:
        return None
    return "c2w" if as_c2w > as_w2c else "w2c"
