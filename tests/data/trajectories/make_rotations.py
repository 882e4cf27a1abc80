"""Makes rotations.json with SciPy and pytransform3d, which the project itself does not need: run it where they are.

Each entry is one rotation in every form, as those libraries convert it; the two must agree before it is written.
"""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path

import numpy as np
import pytransform3d
import pytransform3d.rotations as pr
import scipy
from scipy.spatial.transform import Rotation, Slerp

rng = np.random.default_rng(7)
entries = []
for turn in Rotation.random(24, random_state=7):
    matrix, quaternion = turn.as_matrix(), turn.as_quat(canonical=True)
    other = pr.quaternion_from_matrix(matrix)[[1, 2, 3, 0]]
    assert np.allclose(other * np.sign(other[3]), quaternion)
    orders = ["".join(order) for order in permutations("xyz")]
    # Lower case: about fixed axes, in that order.
    euler = {order: turn.as_euler(order) for order in orders}
    for order, angles in euler.items():
        whole = np.eye(3)
        for axis, angle in zip(order, angles, strict=True):
            whole = pr.active_matrix_from_angle("xyz".index(axis), angle) @ whole
        assert np.allclose(whole, matrix)
    end, share = Rotation.random(random_state=rng.integers(1000)), float(rng.uniform())
    between = Slerp([0, 1], Rotation.concatenate([turn, end]))(share)
    entries.append(
        {
            "matrix": matrix.tolist(),
            "quaternion": quaternion.tolist(),
            "euler": {order: angles.tolist() for order, angles in euler.items()},
            "end": end.as_quat(canonical=True).tolist(),
            "share": share,
            "between": between.as_matrix().tolist(),
            "angle": float((turn.inv() * end).magnitude()),
        }
    )
content = {"made_with": {"scipy": scipy.__version__, "pytransform3d": pytransform3d.__version__}, "rotations": entries}
Path(__file__).with_name("rotations.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
