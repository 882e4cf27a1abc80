"""The camera of soft frames, measured against the start picture.

Gauss-Newton on brightness: the start picture, seen through the relief by a camera, is compared with the soft frame;
the unknowns are a small change of the camera (6) and of the relief's log inverse depths (40). Pixels weigh less the
less they agree, so that what the world paints anew does not pull. The command predicts; the frame decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import cv2
import numpy as np

from engine.detail.geometry import (
    FARTHEST,
    NEAREST,
    RELIEF_HEIGHT,
    RELIEF_WIDTH,
    Camera,
    Sight,
    inside_start,
    relief_cells,
)
from engine.detail.images import Array, Doubles, fetch
from engine.detail.state import Track

ITERATIONS = 3
POSE_SIGMA = 0.16
"""How far the world may go from what its gain predicts, relative to the command. Smaller is steadier and less honest:
at 0.12 half of a walk that did not happen is still found in some pictures."""
POSE_SIGMA_AT_REST = 0.0012
"""The same for an axis that is not commanded: radians and scene units a latent."""
RELIEF_SIGMA = 0.2
"""Of a log inverse depth about the prior."""
RELIEF_SMOOTHNESS = 0.05
"""Of the difference between neighbours."""
RESIDUAL_VARIANCE = 1.5
"""Of normalised brightness, times how many neighbouring pixels err together."""
ROBUST_SCALE = 0.6
"""Disagreement, in normalised brightness, at which a pixel weighs half."""
EVIDENCE_HOLDS, EVIDENCE_FADES, MOST_EVIDENCE = 0.6, 0.98, 400.0
GAIN_RATE = 0.15
LEAST_COMMAND = 0.004
"""Radians or scene units a latent, below which a command says nothing about a gain."""
LARGEST_STEP = np.array([0.02] * 3 + [0.03] * 3 + [0.2] * (RELIEF_WIDTH * RELIEF_HEIGHT))
"""Of one iteration."""
EVERY = 2
"""Of the working grid's pixels, each way, that enter the equations."""


def _smoothness() -> Doubles:
    """(40, 40): the sum of squared differences of neighbours as a quadratic form."""
    form = np.zeros((RELIEF_HEIGHT * RELIEF_WIDTH,) * 2)
    cells = np.arange(RELIEF_HEIGHT * RELIEF_WIDTH).reshape(RELIEF_HEIGHT, RELIEF_WIDTH)
    pairs = [*zip(cells[:, 1:].flat, cells[:, :-1].flat, strict=True)]
    pairs += zip(cells[1:].flat, cells[:-1].flat, strict=True)
    for a, b in pairs:
        form[[a, b], [a, b]] += 1
        form[[a, b], [b, a]] -= 1
    return form


_SMOOTHNESS = _smoothness() / RELIEF_SMOOTHNESS**2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Equations:
    """The normal equations of one comparison: `matrix` (46, 46) times the change equals `right` (46,)."""

    matrix: Doubles
    right: Doubles


class Reference(Protocol):
    """What soft frames are compared with, by places of the start picture."""

    def brightness_at(self, across: Array, down: Array) -> Array:
        """Normalised brightness there."""
        ...

    def weight_at(self, across: Array, down: Array) -> Array:
        """In [0, 1]: how much is to be made of it."""
        ...


class StartReference:
    """The start picture alone: past its edges nothing is known."""

    def __init__(self, brightness: Array) -> None:
        """`brightness` is the start picture's, normalised."""
        self._brightness = brightness

    def brightness_at(self, across: Array, down: Array) -> Array:
        return fetch(self._brightness, across, down)

    def weight_at(self, across: Array, down: Array) -> Array:
        return inside_start(across, down).astype(np.float32)


class Tracker:
    """The measuring of one start picture's camera."""

    def __init__(self, camera: Camera, prior: Doubles) -> None:
        """`prior` is the start picture's relief (5, 8)."""
        self._camera = camera
        self._prior = prior
        part = (slice(1, None, EVERY), slice(1, None, EVERY))
        self._part = part
        self._x, self._y = camera.x[part].ravel(), camera.y[part].ravel()

    def start(self) -> Track:
        """At the start picture, before any frame."""
        return _track(np.eye(3, 4), np.ones(6), self._prior, np.zeros_like(self._prior))

    def follow(self, track: Track, reference: Reference, brightness: Array, move: Doubles) -> Track:
        """The track after a latent whose last soft frame has this normalised brightness, at the camera's size.

        `move` (3, 4) is the commanded relative pose: extrinsics after it are `move` times those before.
        """
        command = _command(move)
        gains = track.gains.astype(np.float64)
        predicted = command * gains
        extrinsics = moved(track.extrinsics, predicted)
        relief = known = track.relief.astype(np.float64)
        pose_weight = 1 / (POSE_SIGMA * np.abs(command) + POSE_SIGMA_AT_REST) ** 2
        evidence = track.evidence.ravel().astype(np.float64)
        held = EVIDENCE_HOLDS * evidence
        from_prior = np.diag(np.concatenate([pose_weight, 1 / RELIEF_SIGMA**2 + held]))
        from_prior[6:, 6:] += _SMOOTHNESS
        correction = np.zeros(6)
        seen = np.zeros(6 + relief.size)
        for _ in range(ITERATIONS):
            found = self._compare(extrinsics, relief, reference, brightness)
            off = (relief - self._prior).ravel()
            pull = off / RELIEF_SIGMA**2 + _SMOOTHNESS @ off + held * (relief - known).ravel()
            right = found.right - np.concatenate([correction * pose_weight, pull])
            step = np.clip(np.linalg.solve(found.matrix + from_prior, right), -LARGEST_STEP, LARGEST_STEP)
            extrinsics = moved(extrinsics, step[:6])
            correction = correction + step[:6]
            changed = relief + step[6:].reshape(relief.shape)
            relief = np.clip(changed, np.log(FARTHEST), np.log(NEAREST))
            seen = np.diag(found.matrix)
        evidence = np.clip(EVIDENCE_FADES * evidence + seen[6:], 0, MOST_EVIDENCE)
        told = np.abs(command) > LEAST_COMMAND
        learned = gains + GAIN_RATE * correction / np.where(told, command, 1)
        gains = np.where(told, np.clip(learned, 0.5, 1.5), gains)
        return _track(extrinsics, gains, relief, evidence.reshape(relief.shape))

    def _compare(self, extrinsics: Doubles, relief: Doubles, reference: Reference, brightness: Array) -> _Equations:
        sight = self._camera.look(extrinsics, relief)
        fetched = reference.brightness_at(sight.across, sight.down)
        inside = reference.weight_at(sight.across, sight.down)
        # The world loses contrast: it is compared at its own.
        ratio = float((brightness * fetched * inside).sum() / ((fetched * fetched * inside).sum() + 1e-3))
        contrast = np.float32(np.clip(ratio, 0.3, 1.2))
        residual = brightness - contrast * fetched
        weight = inside / (1 + (cv2.blur(np.abs(residual), (5, 5)) / ROBUST_SCALE) ** 2)
        jacobian = contrast * self._jacobian(sight, fetched, extrinsics)
        part = self._part
        weighted = jacobian * weight[part].ravel()[:, None]
        return _Equations(
            matrix=(weighted.T @ jacobian).astype(np.float64) / RESIDUAL_VARIANCE,
            right=-(weighted.T @ residual[part].ravel()).astype(np.float64) / RESIDUAL_VARIANCE,
        )

    def _jacobian(self, sight: Sight, fetched: Array, extrinsics: Doubles) -> Array:
        """(pixels, 46): minus the change of the fetched brightness by a change of the camera and of the relief."""
        height, width = fetched.shape
        per_x, per_y = width / 2 / self._camera.tan_across, height / 2 / self._camera.tan_down
        slope_x = (cv2.Sobel(fetched, cv2.CV_32F, 1, 0, ksize=3) / 8 * per_x)[self._part].ravel()
        slope_y = (cv2.Sobel(fetched, cv2.CV_32F, 0, 1, ksize=3) / 8 * per_y)[self._part].ravel()
        x, y = self._x, self._y
        inverse_depth = sight.inverse_depth[self._part].ravel()
        scale = np.maximum(sight.scale[self._part].ravel(), 1e-3)
        near = inverse_depth / scale  # inverse depth as the moved camera sees it
        nothing = np.zeros_like(x)
        # How the image of a point moves under a turn and a shift of the camera, both in its own axes.
        by_pose_x = np.stack([-x * y, 1 + x * x, -y, near, nothing, -x * near], axis=1)
        by_pose_y = np.stack([-(1 + y * y), x * y, x, nothing, near, -y * near], axis=1)
        by_pose = slope_x[:, None] * by_pose_x + slope_y[:, None] * by_pose_y
        shift = extrinsics[:, 3]
        by_depth = (slope_x * (shift[0] - x * shift[2]) + slope_y * (shift[1] - y * shift[2])) * near
        return np.concatenate([by_pose, self._corners(sight) * by_depth[:, None]], axis=1).astype(np.float32)

    def _corners(self, sight: Sight) -> Array:
        """(pixels, 40): the bilinear weights of the relief's grid points at each pixel."""
        column, row = relief_cells(sight.across[self._part].ravel(), sight.down[self._part].ravel())
        left = np.minimum(column.astype(int), RELIEF_WIDTH - 2)
        top = np.minimum(row.astype(int), RELIEF_HEIGHT - 2)
        right_part, lower_part = column - left, row - top
        weights = np.zeros((len(column), RELIEF_WIDTH * RELIEF_HEIGHT), np.float32)
        pixels = np.arange(len(column))
        for step_down, vertical in ((0, 1 - lower_part), (1, lower_part)):
            for step_right, horizontal in ((0, 1 - right_part), (1, right_part)):
                weights[pixels, (top + step_down) * RELIEF_WIDTH + left + step_right] = vertical * horizontal
        return weights


def coasted(track: Track, move: Doubles) -> Track:
    """The track after a latent that was not looked at: as commanded, times the gains."""
    return replace(track, extrinsics=moved(track.extrinsics, _command(move) * track.gains).astype(np.float32))


def _track(extrinsics: Doubles, gains: Doubles, relief: Doubles, evidence: Doubles) -> Track:
    return Track(
        extrinsics=extrinsics.astype(np.float32),
        gains=gains.astype(np.float32),
        relief=relief.astype(np.float32),
        evidence=evidence.astype(np.float32),
    )


def _command(move: Doubles) -> Doubles:
    """(6,) rotation vector and translation of a relative pose (3, 4)."""
    return np.concatenate([cv2.Rodrigues(move[:, :3])[0].ravel(), move[:, 3]])


def moved(extrinsics: Array | Doubles, change: Doubles) -> Doubles:
    """Extrinsics (3, 4) after a turn (rotation vector) and a shift in the camera's own axes: `change` (6,)."""
    turn = np.asarray(cv2.Rodrigues(change[:3].reshape(3, 1))[0])
    shifted = turn @ extrinsics[:, 3] + change[3:6]  # in double precision, as the turn is
    return np.concatenate([turn @ extrinsics[:, :3], shifted[:, None]], axis=1)
