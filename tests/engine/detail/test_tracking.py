from __future__ import annotations

import cv2
import numpy as np
import pytest

from engine.detail import tracking
from engine.detail.geometry import Camera
from engine.detail.images import normalised_brightness
from engine.detail.state import Track
from engine.detail.tracking import StartReference, Tracker, moved
from engine.training.synthetic.commands import Motion
from tests.engine.detail.scenes import moves, walk

CAMERA = Camera(112, 64)
TURN = Motion(yaw_left=0.03)
STEP_ASIDE = Motion(right=0.03)


def tracker() -> Tracker:
    return Tracker(CAMERA, CAMERA.prior_relief())


def reference(name: str) -> StartReference:
    return StartReference(normalised_brightness(walk(name, TURN, 1)[0]))


def followed(name: str, made: Motion, commanded: Motion, latents: int = 8) -> Track:
    """The track after frames of one motion while another was commanded."""
    measuring = tracker()
    track = measuring.start()
    frames = walk(name, made, latents)
    for number, move in enumerate(moves(commanded, latents)):
        track = measuring.follow(track, reference(name), normalised_brightness(frames[4 * number + 4]), move)
    return track


def turned(track: Track) -> float:
    """Radians to the left."""
    return float(cv2.Rodrigues(track.extrinsics[:, :3])[0][1, 0])


def position(track: Track) -> np.ndarray:
    return -track.extrinsics[:, :3].T @ track.extrinsics[:, 3]


@pytest.mark.parametrize("name", ["palace", "coffee", "lone_tree"])
def test_a_turn_is_found_as_it_was_made(name: str) -> None:
    assert turned(followed(name, TURN, TURN)) == pytest.approx(0.24, rel=0.05)


@pytest.mark.parametrize("name", ["palace", "coffee", "lone_tree"])
def test_a_step_aside_is_found_as_it_was_made(name: str) -> None:
    track = followed(name, STEP_ASIDE, STEP_ASIDE)
    assert position(track)[0] == pytest.approx(0.24, rel=0.15)
    assert abs(turned(track)) < 0.03


@pytest.mark.parametrize(("made", "low", "high"), [(0.0, -0.02, 0.1), (0.5, 0.4, 0.65), (1.5, 1.3, 1.55)])
def test_a_turn_that_is_not_as_commanded_is_measured(made: float, low: float, high: float) -> None:
    track = followed("palace", Motion(yaw_left=0.03 * made), TURN)
    assert low < turned(track) / 0.24 < high


def test_the_measure_above_can_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tracker that believes its commands finds the same turn whatever the frames show."""
    monkeypatch.setattr(tracking, "POSE_SIGMA", 1e-4)
    monkeypatch.setattr(tracking, "POSE_SIGMA_AT_REST", 1e-6)
    monkeypatch.setattr(tracking, "GAIN_RATE", 0.0)
    found = [turned(followed("palace", Motion(yaw_left=0.03 * made), TURN)) / 0.24 for made in (0.0, 1.5)]
    assert found == pytest.approx([1, 1], abs=0.05)


def test_gains_follow_a_world_that_goes_half_as_far() -> None:
    track = followed("palace", Motion(yaw_left=0.015), TURN)
    assert track.gains[1] < 0.75
    others = np.delete(track.gains, 1)
    assert np.array_equal(others, np.ones(5))


def test_evidence_grows_where_the_camera_moves_and_not_where_it_turns() -> None:
    aside, turn = followed("coffee", STEP_ASIDE, STEP_ASIDE), followed("coffee", TURN, TURN)
    assert aside.evidence.sum() > 5 * turn.evidence.sum()
    assert aside.evidence.max() <= tracking.MOST_EVIDENCE


def test_the_relief_is_learnt_from_a_step_aside() -> None:
    """How far all of it is cannot be told from how far the camera went; what is nearer than what can."""
    true, flat = CAMERA.prior_relief(), CAMERA.prior_relief(flat=0.3)
    measuring = Tracker(CAMERA, flat)
    track = measuring.start()
    frames = walk("coffee", STEP_ASIDE, 16)
    for number, move in enumerate(moves(STEP_ASIDE, 16)):
        track = measuring.follow(track, reference("coffee"), normalised_brightness(frames[4 * number + 4]), move)

    def steepness(relief: np.ndarray) -> float:
        return float((relief[-1] - relief[0]).mean())

    gained = steepness(track.relief) - steepness(flat)
    assert gained > 0.05 * (steepness(true) - steepness(flat))


def test_following_leaves_the_old_track_as_it_was() -> None:
    measuring = tracker()
    before = measuring.start()
    copies = [array.copy() for array in (before.extrinsics, before.gains, before.relief, before.evidence)]
    measuring.follow(before, reference("palace"), normalised_brightness(walk("palace", TURN)[4]), moves(TURN)[0])
    after = [before.extrinsics, before.gains, before.relief, before.evidence]
    assert all(np.array_equal(a, b) for a, b in zip(after, copies, strict=True))


def test_moving_is_a_turn_and_a_shift_in_the_cameras_axes() -> None:
    change = np.array([0.1, -0.2, 0.3, 0.4, 0.5, 0.6])
    turn = cv2.Rodrigues(change[:3])[0]
    start = moved(np.eye(3, 4), change)
    assert np.allclose(start, np.concatenate([turn, change[3:, None]], axis=1))
    assert np.allclose(moved(start, change)[:, 3], turn @ change[3:] + change[3:])
