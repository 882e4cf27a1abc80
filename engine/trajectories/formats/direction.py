"""Direction of matrices whose file does not give it: the one in which the camera moves where it looks."""

from __future__ import annotations

import numpy as np

from engine.poses import Floats
from engine.trajectories.axes import Convention, to_opencv
from engine.trajectories.checks import forwardness

_FORWARD = 0.6
"""Mean cosine between movement and view from which a reading goes clearly forward."""
_LIKELIER = 0.3
"""By how much it must go more forward than the other, too, to be the one."""


def likelier(matrices: Floats, axes: str = "opencv") -> Convention | None:
    """The direction of matrices (N, 4, 4) in which the camera goes clearly forward, and in the other not; or None.

    The wrong reading of a move that is no walk may go forward by chance, so that a little more forward says nothing.
    """
    with np.errstate(all="ignore"):  # matrices that are none are told elsewhere
        as_c2w, as_w2c = (forwardness(to_opencv(matrices, way, axes)) for way in ("c2w", "w2c"))
    if not (abs(as_c2w - as_w2c) > _LIKELIER and max(as_c2w, as_w2c) >= _FORWARD):
        return None
    return "c2w" if as_c2w > as_w2c else "w2c"
