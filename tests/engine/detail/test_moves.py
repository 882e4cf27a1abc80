from __future__ import annotations

import numpy as np
import pytest

from engine.actions.modality import CAMERA, DRIVING, KEYS_MODALITY, ROBOT, ActionTrack, rest_rows
from engine.detail.moves import camera_moves
from engine.training.synthetic.commands import camera_rows, driving_rows, frame_poses, random_drive

PATH = frame_poses(random_drive(np.random.default_rng(8), 24))


def test_camera_rows_are_moves_already() -> None:
    rows = camera_rows(PATH)
    moves = camera_moves(ActionTrack(CAMERA, rows), 1)
    assert moves.shape == (24, 3, 4)
    assert np.array_equal(moves.reshape(-1, 12).astype(np.float32), rows[1:])


def test_driving_rows_are_made_relative() -> None:
    driven = camera_moves(ActionTrack(DRIVING, driving_rows(PATH)), 1)
    assert np.abs(driven).max() > 0.02
    assert np.abs(driven - camera_moves(ActionTrack(CAMERA, camera_rows(PATH)), 1)).max() < 1e-5


def test_a_chunk_of_a_take_has_the_same_moves_as_the_take() -> None:
    track = ActionTrack(DRIVING, driving_rows(PATH))
    assert np.array_equal(camera_moves(track, 9), camera_moves(track, 1)[8:])


@pytest.mark.parametrize("kind", [CAMERA, DRIVING, KEYS_MODALITY, ROBOT], ids=lambda kind: kind.name)
def test_rest_is_no_move(kind: object) -> None:
    moves = camera_moves(ActionTrack(kind, rest_rows(kind, 3)), 1)
    assert np.array_equal(moves, np.tile(np.eye(3, 4), (2, 1, 1)))


def test_keys_are_what_they_do_to_a_camera() -> None:
    held = np.zeros((3, KEYS_MODALITY.width), np.float32)
    held[:, 0] = 1  # W
    moves = camera_moves(ActionTrack(KEYS_MODALITY, held), 1)
    assert np.abs(moves[:, :, :3] - np.eye(3)).max() < 1e-6
    assert (moves[:, 2, 3] < -0.01).all(), "ahead"


@pytest.mark.parametrize("first", [0, 4, -1])
def test_a_first_row_that_leads_nowhere_is_refused(first: int) -> None:
    with pytest.raises(ValueError, match="start at a row from 1 to 3"):
        camera_moves(ActionTrack(CAMERA, rest_rows(CAMERA, 3)), first)
