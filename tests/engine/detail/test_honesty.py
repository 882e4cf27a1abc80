"""The camera is measured in the world's own frames: what the world did not do, the shown frames do not do either.

Rows say full speed in every case; the bundled world makes its frames at other speeds.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from engine.actions.modality import CAMERA, ActionTrack
from engine.detail import tracking
from engine.detail.images import resize
from engine.detail.relief import ReliefDecoder
from engine.messages import Frames
from engine.rollout import Rollout
from engine.training.synthetic.commands import Motion, camera_rows, frame_poses
from engine.worlds.astra import AstraWorld, open_astra
from tests.engine.detail.scenes import moves, photograph

BUNDLED = Path(__file__).parents[3] / "assets" / "models" / "small-astra"
PICTURES = ("palace", "coffee", "lone_tree")
TURN, WALK = Motion(yaw_left=0.03), Motion(forward=0.03)
FULL = 8 * 0.03


@cache
def world() -> AstraWorld:
    return open_astra(BUNDLED, "cpu")


@cache
def made(name: str, motion: Motion) -> Frames:
    """A chunk of soft frames, without the start."""
    start = np.asarray(resize(photograph(name), 112, 64))
    rows = camera_rows(frame_poses([motion] * 8))[1:]
    return Rollout(world(), start[None]).step(ActionTrack(CAMERA, rows)).frames[1:]


def found(name: str, motion: Motion, commanded: Motion) -> tuple[float, float]:
    """(radians to the left, units ahead) that the decoder finds in frames of one motion while it is told another."""
    decoder = ReliefDecoder(photograph(name), 448, 256)
    state, _ = decoder.decode(decoder.start, made(name, motion), moves(commanded))
    extrinsics = state.track.extrinsics
    ahead = -extrinsics[:, :3].T @ extrinsics[:, 3]
    return float(cv2.Rodrigues(extrinsics[:, :3])[0][1, 0]), float(ahead[2])


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize(
    ("speed", "least", "most"), [(0.0, -0.02, 0.1), (0.5, 0.4, 0.65), (1.0, 0.9, 1.1), (1.5, 1.3, 1.55)]
)
def test_a_turn_is_as_large_as_the_world_made_it(name: str, speed: float, least: float, most: float) -> None:
    turned, _ = found(name, Motion(yaw_left=0.03 * speed), TURN)
    assert least <= turned / FULL <= most


@pytest.mark.parametrize("name", PICTURES)
def test_of_a_walk_that_did_not_happen_less_than_half_is_found(name: str) -> None:
    _, ahead = found(name, Motion(), WALK)
    assert ahead / FULL < 0.5


def test_a_decoder_that_believes_its_commands_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Control: it shows the turn and the walk that were asked for, whatever the world made."""
    for name, value in (("POSE_SIGMA", 1e-4), ("POSE_SIGMA_AT_REST", 1e-6), ("GAIN_RATE", 0.0)):
        monkeypatch.setattr(tracking, name, value)
    assert found("palace", Motion(), TURN)[0] / FULL > 0.9
    assert found("palace", Motion(), WALK)[1] / FULL > 0.9
