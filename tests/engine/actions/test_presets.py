"""Presets: the released ones number for number, our own by what they do to the camera."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import load_file

from engine import poses
from engine.actions import presets
from engine.actions.modality import CAMERA, rest_rows, round_to_bfloat16
from engine.actions.presets import preset, preset_names
from engine.clock import ASTRA_CLOCK

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
GOLDEN = load_file(GOLDENS / "cameras_a.safetensors")
CASES = json.loads((GOLDENS / "cameras_a.json").read_text())
SYNTHETIC = {name: case for name, case in CASES["sekai"].items() if "cam_type" in case}
BFLOAT16_UNIT = 2.0**-8
"""Relative: one unit in the last place at most."""


def path_of(name: str, num_ticks: int = 24) -> np.ndarray:
    return poses.path_from_rows(preset(name, num_ticks, clock=ASTRA_CLOCK).rows)


def assert_one_bfloat16_unit(ours: np.ndarray, golden: np.ndarray) -> None:
    assert np.all(np.abs(round_to_bfloat16(ours) - golden) <= BFLOAT16_UNIT * np.abs(golden) + 1e-9)


@pytest.mark.parametrize("name", SYNTHETIC)
def test_released_camera_sequences_equal_the_released_code(name):
    case = SYNTHETIC[name]
    ours = presets.released_camera_sequence(
        case["cam_type"], case["start_frame"], case["condition_frames"], case["new_frames"]
    )
    assert np.array_equal(round_to_bfloat16(ours), GOLDEN[name][:, :12])


@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("num_ticks", [8, 24])
def test_released_presets_are_the_moving_rows_of_the_released_code(number, num_ticks):
    golden = GOLDEN[f"sekai_cam{number}_s0_c1_n{num_ticks}"][1 : 1 + num_ticks, :12]
    assert np.array_equal(round_to_bfloat16(preset(f"astra-{number}", num_ticks, clock=ASTRA_CLOCK).rows), golden)


def test_the_goldens_hold_all_seven_presets():
    assert {case["cam_type"] for case in SYNTHETIC.values()} == set(presets.RELEASED.values())


def test_the_robot_sequence_equals_the_released_code():
    golden = GOLDEN["openx_synth_s0_c1_n24"]
    assert np.array_equal(round_to_bfloat16(presets.released_robot_sequence(0, 1, 24)), golden[:, :12])


def test_the_driving_sequence_equals_the_released_code():
    golden = GOLDEN["nuscenes_synth_s0_c1_n24"]
    assert np.array_equal(round_to_bfloat16(presets.released_driving_sequence(24)), golden[:, :7])


def test_driving_rows_of_key_frames_equal_the_released_code():
    golden = GOLDEN["nuscenes_real"][:, :7]
    ours = presets.driving_rows_from_keyframes(
        GOLDEN["nuscenes_real.translation"], GOLDEN["nuscenes_real.rotation"], len(golden)
    )
    assert np.array_equal(round_to_bfloat16(ours), golden)


@pytest.mark.parametrize(("name", "kind"), [("sekai_real", "camera"), ("openx_real", "robot")])
def test_rows_of_extrinsics_equal_the_released_code_and_rest_past_the_data(name, kind):
    golden, extrinsics = GOLDEN[name][:, :12], GOLDEN["sekai_real.extrinsic"]
    ours = presets.rows_from_extrinsics(extrinsics, len(golden), kind=kind)
    num_moves = (len(extrinsics) - 1) // 4
    assert num_moves < len(golden)
    assert_one_bfloat16_unit(ours[:num_moves], golden[:num_moves])
    assert np.array_equal(ours[num_moves:], rest_rows(CAMERA, len(golden) - num_moves))


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_lasts_as_long_as_asked(name):
    lengths = [1, 2, 3, 24, 25]
    assert [preset(name, num_ticks, clock=ASTRA_CLOCK).rows.shape for num_ticks in lengths] == [
        (length, 12) for length in lengths
    ]


@pytest.mark.parametrize("name", [name for name in preset_names() if name != "hold"])
def test_a_preset_moves_in_every_tick(name):
    assert np.all(np.any(preset(name, clock=ASTRA_CLOCK).rows != rest_rows(CAMERA, 24), axis=1))


def test_hold_rests():
    assert np.array_equal(preset("hold", clock=ASTRA_CLOCK).rows, rest_rows(CAMERA, 24))


@pytest.mark.parametrize(("name", "side"), [("orbit-left", 1), ("orbit-right", -1)])
def test_an_orbit_keeps_its_middle_ahead_and_at_its_distance(name, side):
    """One scene unit and one radian go together, so the middle lies one unit ahead."""
    cameras = path_of(name)
    middle = poses.inverse(cameras) @ [0, 0, 1, 1]
    assert_allclose(middle[:, :3], np.broadcast_to([0, 0, 1], (25, 3)), atol=0.04)
    assert side * cameras[-1, 0, 3] > 0.5


def test_look_around_turns_left_first_and_comes_back():
    cameras = path_of("look-around")
    assert cameras[12, 0, 2] < -0.3
    assert_allclose(cameras[-1], np.eye(4), atol=1e-6)


def test_out_and_back_comes_back():
    cameras = path_of("out-and-back")
    assert cameras[12, 2, 3] > 0.3
    assert_allclose(cameras[-1], np.eye(4), atol=1e-6)


def test_an_unknown_preset_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match=r"'fly'; there are forward, .*astra-7"):
        preset("fly", clock=ASTRA_CLOCK)


@pytest.mark.parametrize("num_ticks", [0, -3])
def test_a_preset_without_ticks_is_refused(num_ticks):
    with pytest.raises(ValueError, match=f"at least 1 tick, got {num_ticks}"):
        preset("forward", num_ticks, clock=ASTRA_CLOCK)


@pytest.mark.parametrize("cam_type", [0, 8, -1])
def test_camera_types_are_1_to_7(cam_type):
    with pytest.raises(ValueError, match=f"1 to 7, got {cam_type}"):
        presets.released_motion(cam_type, 8)
