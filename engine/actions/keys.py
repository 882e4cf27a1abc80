"""The keys modality: keyboard and mouse as they are, for worlds that take input without a camera between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.actions.camera import CAMERA
from engine.actions.kind import Modality, Motions, Rows
from engine.actions.steering import TRAINED, DriveSpeeds, Stand, Steering
from engine.clock import Clock
from engine.poses import Floats

KEYS: dict[str, tuple[str, float]] = {
    "KeyW": ("forward", 1.0),
    "KeyS": ("forward", -1.0),
    "KeyD": ("right", 1.0),
    "KeyA": ("right", -1.0),
    "KeyE": ("up", 1.0),
    "KeyQ": ("up", -1.0),
    "ArrowRight": ("yaw", 1.0),
    "ArrowLeft": ("yaw", -1.0),
    "ArrowUp": ("pitch", 1.0),
    "ArrowDown": ("pitch", -1.0),
}
"""The keys that a row has a bit for, by their place on the keyboard, and the axis that each drives in most worlds."""
_NUM_KEYS = len(KEYS)
RADIANS_PER_PIXEL = 0.004
"""That the mouse turns a camera by, where keys are shown as what they do to one."""


@dataclass(frozen=True, kw_only=True)
class KeysModality(Modality):
    """Rows of one bit per key, and the pixels that the mouse goes right and down in the tick."""

    def holding(self, last: Rows, num_ticks: int) -> Rows:
        """All keys let go."""
        return self.resting(num_ticks)

    def from_input(
        self, held: Steering, num_ticks: int, stand: Stand, clock: Clock, speeds: DriveSpeeds = TRAINED
    ) -> tuple[Rows, Stand]:
        """The keys that are held; an axis that is pushed more than half, as of a pad, holds its key too."""
        bits = [float(code in held.keys or sign * getattr(held, axis) > 0.5) for code, (axis, sign) in KEYS.items()]
        mouse = [pixels / num_ticks for pixels in held.mouse]
        return np.tile(np.array([*bits, *mouse], np.float32), (num_ticks, 1)), stand

    def moved(self, pose: Floats, row: Rows, clock: Clock) -> Floats:
        return CAMERA.moved(pose, self._as_camera(row[None], clock)[0], clock)

    def motions(self, rows: Rows, clock: Clock) -> Motions | None:
        return CAMERA.motions(self._as_camera(rows, clock), clock)

    def shown(self, row: Rows, clock: Clock) -> tuple[tuple[str, str], ...]:
        held = [name for name, bit in zip(KEYS, row[:_NUM_KEYS], strict=True) if bit > 0.5]
        return (
            ("Keys", " ".join(name.removeprefix("Key") for name in held) or "none"),
            ("Mouse", f"{row[_NUM_KEYS]:+.0f}, {row[_NUM_KEYS + 1]:+.0f} px"),
        )

    def _as_camera(self, rows: Rows, clock: Clock) -> Rows:
        """What a camera would do that such keys and mouse fly."""
        found = []
        for row in rows:
            axes = dict.fromkeys(("forward", "right", "up", "yaw", "pitch"), 0.0)
            for bit, (axis, sign) in zip(row[:_NUM_KEYS], KEYS.values(), strict=True):
                axes[axis] += sign * float(bit > 0.5)
            held = Steering(
                forward=axes["forward"],
                right=axes["right"],
                up=axes["up"],
                yaw=axes["yaw"],
                pitch=axes["pitch"],
                turned=(RADIANS_PER_PIXEL * float(row[_NUM_KEYS]), -RADIANS_PER_PIXEL * float(row[_NUM_KEYS + 1])),
            )
            found.append(CAMERA.from_input(held, 1, Stand(), clock)[0][0])
        return np.stack(found) if found else CAMERA.resting(0)


KEYS_MODALITY = KeysModality(
    name="keys",
    label="Keys",
    width=_NUM_KEYS + 2,
    rest=(0.0,) * (_NUM_KEYS + 2),
    columns=(*KEYS, "mouse_x", "mouse_y"),
    meaning="a bit for each of ten keys, and the units of the mouse in pixels per latent: right, down",
    released_name="keys",
)
