import numpy as np
import pytest

from engine.actions.modality import CAMERA, DRIVING, ROBOT, ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK, Clock
from engine.poses import path_from_rows
from engine.trajectories.driven import STEEPEST, DriveSpeeds, Stand, Steering, stand_after, steered
from engine.trajectories.walking import walked

CLOCK = ASTRA_CLOCK


def driven(steering: Steering, num_ticks: int = 8, **options: object) -> ActionTrack:
    return steered(steering, num_ticks, Stand(), CAMERA, clock=CLOCK, **options)[0]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("steering", "line"),
    [
        (Steering(forward=1), "w-8"),
        (Steering(forward=-1), "s-8"),
        (Steering(right=-1), "a-8"),
        (Steering(right=1), "d-8"),
        (Steering(up=-1), "q-8"),
        (Steering(up=1), "e-8"),
        (Steering(yaw=-1), "left-8"),
        (Steering(yaw=1), "right-8"),
        (Steering(forward=1, yaw=-1), "w+left-8"),
        (Steering(), "hold-8"),
    ],
)
def test_held_keys_make_the_rows_of_the_pose_line(steering: Steering, line: str) -> None:
    assert np.array_equal(driven(steering).rows, parse_pose_line(line, clock=CLOCK).rows)


def test_looking_up_and_down_is_the_move_of_the_pose_line_too() -> None:
    assert driven(Steering(pitch=1), 1).rows == pytest.approx(parse_pose_line("up-1", clock=CLOCK).rows)
    assert driven(Steering(pitch=-1)).rows == pytest.approx(parse_pose_line("down-8", clock=CLOCK).rows, abs=1e-6)


def test_the_horizon_stays_level_however_one_turns() -> None:
    stand, tracks = Stand(), []
    for steering in (Steering(pitch=1), Steering(yaw=1, forward=1), Steering(pitch=-1, yaw=-1), Steering(yaw=1)):
        track, stand = steered(steering, 8, stand, CAMERA, clock=CLOCK)
        tracks.append(track.rows)
    right = path_from_rows(np.concatenate(tracks).astype(np.float64))[:, :3, 0]
    assert right[:, 1] == pytest.approx(0, abs=1e-5), "the camera's right stays horizontal"


def test_a_diagonal_is_as_fast_as_straight_on() -> None:
    rows = driven(Steering(forward=1, right=1), 1).rows
    assert np.linalg.norm(rows[0, [3, 7, 11]]) == pytest.approx(CLOCK.trained_speed)


def test_speeds_and_pace_are_multiples_of_the_trained_ones() -> None:
    rows = driven(Steering(forward=1, pace=0.5), 1, speeds=DriveSpeeds(move=3)).rows
    assert rows[0, 11] == pytest.approx(-1.5 * CLOCK.trained_speed)
    other = Clock(fps=16, frames_per_latent=8, latents_per_chunk=5, trained_speed=0.1, trained_turn=0.2)
    assert steered(Steering(forward=1), 1, Stand(), CAMERA, clock=other)[0].rows[0, 11] == pytest.approx(-0.1)


def test_what_the_mouse_moved_by_is_spread_over_the_chunk_and_has_a_limit() -> None:
    turned = path_from_rows(driven(Steering(turned=(0.16, 0.0))).rows.astype(np.float64))[-1]
    assert np.arctan2(turned[0, 2], turned[2, 2]) == pytest.approx(0.16, abs=1e-5)
    wild = path_from_rows(driven(Steering(turned=(50.0, 0.0))).rows.astype(np.float64))[-1]
    assert np.arctan2(wild[0, 2], wild[2, 2]) == pytest.approx(8 * 3 * CLOCK.trained_turn, abs=1e-5)


def test_nobody_looks_over_the_top() -> None:
    stand = Stand()
    for _ in range(20):
        _, stand = steered(Steering(pitch=1), 8, stand, CAMERA, clock=CLOCK)
    assert stand.pitch == pytest.approx(STEEPEST)


def test_a_drive_goes_on_where_its_rows_end() -> None:
    track, stand = steered(Steering(pitch=1, yaw=1), 8, Stand(), CAMERA, clock=CLOCK)
    again = stand_after(track)
    assert again.pitch == pytest.approx(stand.pitch, abs=1e-5)
    assert again.pose == pytest.approx(stand.pose, abs=1e-5)
    assert stand_after(ActionTrack(CAMERA, np.zeros((0, 12), np.float32))).pitch == 0


def test_a_tool_goes_the_same_way_by_rows_of_its_own_kind() -> None:
    camera = driven(Steering(forward=1, yaw=1))
    robot, _ = steered(Steering(forward=1, yaw=1), 8, Stand(), ROBOT, clock=CLOCK)
    assert walked(robot) == pytest.approx(walked(camera), abs=1e-5)


def test_a_car_drives_turns_as_it_moves_and_goes_on_where_it_stood() -> None:
    straight, stand = steered(Steering(forward=1), 8, Stand(), DRIVING, clock=CLOCK)
    assert straight.rows[-1] == pytest.approx([8 * 0.03, 0, 0, 1, 0, 0, 0], abs=1e-6)
    parked, _ = steered(Steering(yaw=1), 8, stand, DRIVING, clock=CLOCK)
    assert parked.rows == pytest.approx(np.tile(straight.rows[-1], (8, 1)), abs=1e-6), "no car turns in place"
    turning, _ = steered(Steering(forward=1, yaw=1), 8, stand_after(straight), DRIVING, clock=CLOCK)
    assert turning.rows[0, 0] > straight.rows[-1, 0]
    assert turning.rows[-1, 6] < 0, "to the right is a negative turn about the car's z"
    assert turning.rows[-1, 1] < 0
