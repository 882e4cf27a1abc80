"""Text formats, from files written by hand after their published layouts."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import Reading, read_trajectory, write_trajectory

HALF = np.sqrt(0.5)
LEFT_90 = poses.rotation_y(-np.pi / 2)
"""Camera-to-world of a camera that has turned 90 degrees to the left: it looks along -x."""


def read(folder: Path, name: str, text: str | bytes, **overrides: object) -> Reading:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_trajectory(path, Overrides(**overrides), clock=ASTRA_CLOCK)  # type: ignore[arg-type]


def pose(rotation: object = None, translation: object = None) -> np.ndarray:
    return poses.from_parts(rotation, translation)  # type: ignore[arg-type]


# ---------------------------------------------------------------------- TUM

TUM = f"""# ground truth trajectory
# timestamp tx ty tz qx qy qz qw
1305031102.1758 0 0 0 0 0 0 1
1305031102.2758 0 0 0.03 0 0 0 1.0

1305031102.3758 0.5 -0.25 1.5 0 {-HALF} 0 {HALF}
"""


def test_tum_is_camera_to_world_with_the_scalar_last(tmp_path):
    reading = read(tmp_path, "freiburg.txt", TUM)
    assert reading.format == "tum"
    assert np.allclose(reading.recording.c2w[2], pose(LEFT_90, [0.5, -0.25, 1.5]))
    assert np.allclose(reading.recording.times, [1305031102.1758, 1305031102.2758, 1305031102.3758])
    assert reading.recording.fps == pytest.approx(10)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace(" ", "\t").encode(),
        lambda text: text.rstrip().encode(),
        lambda text: text.replace("0.5 -0.25", "5e-1   -2.5E-01").encode(),
    ],
)
def test_line_ends_marks_and_blanks_change_nothing(tmp_path, change):
    expected = read(tmp_path, "plain.txt", TUM).recording
    found = read(tmp_path, "other.txt", change(TUM)).recording
    assert np.array_equal(found.c2w, expected.c2w)
    assert np.array_equal(found.times, expected.times)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("0 0 0.03 0 0 0 1.0", "0 0 0.03 0 0 0"), "line 4 of a.txt has 7 columns, expected 8"),
        (("0 0 0.03 0 0 0 1.0", "0 0 nan 0 0 0 1"), "line 4 of a.txt holds nan"),
        (("0 0 0.03 0 0 0 1.0", "0 0 inf 0 0 0 1"), "line 4 of a.txt holds inf"),
        (("0 0 0.03 0 0 0 1.0", "0 0 x 0 0 0 1"), "line 4 of a.txt: expected a number, got 'x'"),
        (("0 0 0.03 0 0 0 1.0", "0 0 1_0 0 0 0 1"), "expected a number, got '1_0'"),
        (("0 0 0.03 0 0 0 1.0", "0 0 0.03 0 0 0 1.2"), "line 4 of a.txt: the quaternion has length 1.2"),
        (("0 0 0.03 0 0 0 1.0", "0 0 0.03 0 0 0 0"), "line 4 of a.txt: the quaternion has length 0"),
        (("02.2758", "02.1758"), "line 4 of a.txt: its time, 1305031102.1758, does not come after"),
        (("02.2758", "01.1758"), "line 4 of a.txt: its time, 1305031101.1758, does not come after"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, change, message):
    with pytest.raises(TrajectoryError, match=message):
        read(tmp_path, "a.txt", TUM.replace(*change))


def test_a_single_pose_is_no_trajectory(tmp_path):
    with pytest.raises(TrajectoryError, match=r"a\.txt holds a single pose"):
        read(tmp_path, "a.txt", "0 0 0 0 0 0 0 1\n")


def test_ten_million_lines_are_refused_at_once(tmp_path):
    with pytest.raises(TrajectoryError, match="more than 1,000,000 lines"):
        read(tmp_path, "a.txt", b"1\n" * 10_000_000)


def test_bytes_that_are_no_text_are_told_so(tmp_path):
    with pytest.raises(TrajectoryError, match=r"a\.dat is in none of the formats .* bytes that are no text"):
        read(tmp_path, "a.dat", b"\x80\x81" * 50)
    with pytest.raises(TrajectoryError, match=r"byte 0, in line 1, is not UTF-8"):
        read(tmp_path, "a.tum", b"\x80\x81" * 50)


def test_a_rate_that_is_said_replaces_the_times(tmp_path):
    assert read(tmp_path, "a.txt", TUM, fps=5).recording.times.tolist() == [0, 0.2, 0.4]


# ---------------------------------------------------------------------- KITTI

KITTI = """1.0e+00 0 0 0 0 1 0 0 0 0 1 0
1 0 0 0.1 0 1 0 -0.2 0 0 1 0.9
0 0 -1 0.5 0 1 0 0 1 0 0 2
"""


def test_kitti_is_camera_to_world_by_rows(tmp_path):
    reading = read(tmp_path, "00.txt", KITTI)
    assert reading.format == "kitti"
    assert np.allclose(reading.recording.c2w[1], pose(None, [0.1, -0.2, 0.9]))
    assert np.allclose(reading.recording.c2w[2], pose(LEFT_90, [0.5, 0, 2]))
    assert any("--fps" in note for note in reading.notes)


def test_kitti_takes_its_times_from_beside(tmp_path):
    (tmp_path / "times.txt").write_text("0.000000e+00\n1.037359e-01\n2.074717e-01\n")
    assert np.allclose(read(tmp_path, "00.txt", KITTI).recording.times, [0, 0.1037359, 0.2074717])
    (tmp_path / "times.txt").write_text("0.0\n")
    assert np.allclose(read(tmp_path, "00.txt", KITTI).recording.times, [0, 0.1, 0.2])


def test_the_other_direction_can_be_said(tmp_path):
    usual, other = read(tmp_path, "a.txt", KITTI), read(tmp_path, "a.txt", KITTI, convention="w2c")
    assert np.allclose(other.recording.c2w, poses.inverse(usual.recording.c2w))
    assert (usual.convention, other.convention) == ("c2w", "w2c")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("-1 0 0 0 0 1 0 0 0 0 1 0", "no rotation but a reflection"),
        ("2 0 0 0 0 2 0 0 0 0 2 0", "no rotation but a scaled or skewed matrix"),
        ("0 0 0 0 0 0 0 0 0 0 0 0", "no rotation but a scaled or skewed matrix"),
        ("1e200 0 0 0 0 1e200 0 0 0 0 1e200 0", "no rotation but a scaled or skewed matrix"),
    ],
)
def test_what_is_no_rotation_is_named_by_its_line(tmp_path, rows, message):
    with pytest.raises(TrajectoryError, match=f"line 2 of a.txt is {message}"):
        read(tmp_path, "a.txt", f"1 0 0 0 0 1 0 0 0 0 1 0\n{rows}\n")


def test_rounded_rotations_are_made_exact(tmp_path):
    rounded = "0.707 0 0.707 0 0 1 0 0 -0.707 0 0.707 0\n"
    recording = read(tmp_path, "a.txt", rounded * 2).recording
    assert np.allclose(recording.c2w[0, :3, :3], poses.rotation_y(np.pi / 4), atol=1e-12)
    assert read(tmp_path, "a.txt", rounded * 2).checks.skew == pytest.approx(3.02e-4, rel=0.01)


# ---------------------------------------------------------------------- RealEstate10K

RE10K = """https://www.youtube.com/watch?v=abc
138639000 0.474 0.844 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 0
138672000 0.474 0.844 0.5 0.5 0 0 1 0 0 0 0 1 0 0 0 0 1 -0.03
138705000 0.474 0.844 0.5 0.5 0 0 0 0 1 -2 0 1 0 0.25 -1 0 0 0.5
"""


def test_realestate_is_world_to_camera_in_microseconds(tmp_path):
    reading = read(tmp_path, "000a.txt", RE10K)
    recording = reading.recording
    assert (reading.format, reading.convention) == ("re10k", "w2c")
    assert np.allclose(recording.c2w[1], pose(None, [0, 0, 0.03]))
    assert np.allclose(recording.c2w[2], pose(LEFT_90, [0.5, -0.25, 2]))
    assert np.allclose(recording.times, [138.639, 138.672, 138.705])
    assert recording.lens is not None
    assert np.allclose(recording.lens.rows[0], [0.474, 0.844, 0.5, 0.5])


@pytest.mark.parametrize(
    "header", ["", "\n", "# made by hand\n", "640 360\n", "some clip, with words\n", "video=../a b.mp4\n"]
)
def test_realestate_is_read_under_any_header(tmp_path, header):
    text = header + RE10K.partition("\n")[2]
    reading = read(tmp_path, "a.txt", text)
    assert reading.format == "re10k"
    assert len(reading.recording.times) == 3


def test_realestate_may_hold_the_size_of_its_pose(tmp_path):
    lens = read(tmp_path, "a.txt", RE10K.replace("0.5 0.5 0 0", "0.5 0.5 1280 720")).recording.lens
    assert lens is not None
    assert (lens.width_px, lens.height_px) == (1280, 720)
    assert lens.aspect == pytest.approx(16 / 9)


@pytest.mark.parametrize("stamps", [("0", "0", "0"), ("0", "1", "2"), ("1", "5", "9")])
def test_realestate_without_times_is_told(tmp_path, stamps):
    text = RE10K
    for old, new in zip(("138639000", "138672000", "138705000"), stamps, strict=True):
        text = text.replace(old, new)
    reading = read(tmp_path, "a.txt", text)
    assert np.allclose(reading.recording.times, [0, 0.05, 0.1])
    assert any("no microseconds" in note for note in reading.notes)


def test_realestate_with_a_wrong_line_is_named(tmp_path):
    with pytest.raises(TrajectoryError, match=r"line 3 of a\.txt has 18 columns, expected 19"):
        read(tmp_path, "a.txt", RE10K.replace("0 0 1 -0.03", "0 0 1"))


# ---------------------------------------------------------------------- .chan


def test_chan_looks_along_minus_z_in_degrees(tmp_path):
    reading = read(tmp_path, "shot.chan", "1 0 0 0 0 0 0 45\n2\t0\t0\t-0.03\t0\t0\t0\t45\n3 1 2 3 0 90 0 45\n")
    recording = reading.recording
    assert (reading.format, reading.axes) == ("chan", "opengl")
    flip = np.diag([1.0, -1, -1, 1])
    assert np.allclose(recording.c2w[0], flip)
    assert np.allclose(recording.c2w[2], pose(poses.rotation_y(np.pi / 2), [1, 2, 3]) @ flip)
    assert reading.checks.largest_step_at == 1
    assert recording.at(np.array([1 / 24]))[0, 2, 3] == pytest.approx(-0.03)  # forward, as it looks along -z
    assert recording.lens is not None
    assert np.allclose(np.rad2deg(recording.lens.vertical_fov), 45)


def test_chan_turns_in_nukes_order_unless_another_is_said(tmp_path):
    text = "1 0 0 0 10 20 30\n2 0 0 0 10 20 30\n"
    x, y, z = (
        turn(np.deg2rad(a))
        for turn, a in zip((poses.rotation_x, poses.rotation_y, poses.rotation_z), (10, 20, 30), strict=True)
    )
    flip = np.diag([1.0, -1, -1])
    usual, said = read(tmp_path, "a.chan", text), read(tmp_path, "a.chan", text, euler="xyz")
    assert np.allclose(usual.recording.c2w[0, :3, :3], y @ x @ z @ flip)
    assert np.allclose(said.recording.c2w[0, :3, :3], z @ y @ x @ flip)
    assert any("ZXY" in note for note in usual.notes)
    assert usual.recording.lens is None


def test_chan_keeps_gaps_between_its_frames(tmp_path):
    text = "101 0 0 0 0 0 0\n102 0 0 1 0 0 0\n# a comment\n106 0 0 2 0 0 0\n"
    reading = read(tmp_path, "a.chan", text, fps=24)
    assert np.allclose(reading.recording.times, np.array([0, 1, 5]) / 24)
    assert any(note.startswith("3 frames are missing, before line 4: the gap stays in time") for note in reading.notes)
    even = read(tmp_path, "a.chan", text.replace("106", "103"), fps=24)
    assert not any("missing" in note for note in even.notes)
    with pytest.raises(TrajectoryError, match=r"line 4 of a\.chan: its time, 100, does not come after 102"):
        read(tmp_path, "a.chan", text.replace("106", "100"))


def test_chan_without_its_suffix_is_told_from_tum(tmp_path):
    assert read(tmp_path, "a.txt", "1 0 0 0 10 20 30 45\n2 0 0 0 10 20 30 45\n").format == "chan"
    assert read(tmp_path, "b.txt", "1 0 0 0 0 0 0 1\n2 0 0 0 0 0 0 1\n").format == "tum"


@pytest.mark.parametrize("fov", ["0", "-5", "180"])
def test_chan_with_an_impossible_field_of_view_is_refused(tmp_path, fov):
    with pytest.raises(TrajectoryError, match=r"line 1 of a\.chan: a field of view"):
        read(tmp_path, "a.chan", f"1 0 0 0 0 0 0 {fov}\n2 0 0 0 0 0 0 45\n")


# ---------------------------------------------------------------------- COLMAP

CAMERAS = """# Camera list with one line of data per camera:
#   CAMERA_ID, MODEL, WIDTH, HEIGHT, PARAMS[]
1 SIMPLE_RADIAL 3072 2304 2559.81 1536 1152 -0.0204997
2 PINHOLE 3072 2304 2560.56 2560.56 1536 1152
"""
IMAGES = f"""# Image list with two lines of data per image:
#   IMAGE_ID, QW, QX, QY, QZ, TX, TY, TZ, CAMERA_ID, NAME
#   POINTS2D[] as (X, Y, POINT3D_ID)
# Number of images: 3, mean observations per image: 2
1 {HALF} 0 {HALF} 0 -2 0.25 0.5 2 frame_10.jpg
2362.39 248.498 58396 1784.7 268.254 59027
2 1 0 0 0 0 0 0 1 frame_1.jpg

3 1 0 0 0 0 0 -0.03 1 frame_2.jpg
"""


def test_colmap_is_world_to_camera_with_the_scalar_first_in_the_order_of_names(tmp_path):
    (tmp_path / "cameras.txt").write_text(CAMERAS)
    reading = read(tmp_path, "images.txt", IMAGES)
    assert reading.format == "colmap"
    found = reading.recording.c2w
    assert np.allclose(found[0], np.eye(4))
    assert np.allclose(found[1], pose(None, [0, 0, 0.03]))
    assert np.allclose(found[2], pose(LEFT_90, [0.5, -0.25, 2]))
    lens = reading.recording.lens
    assert lens is not None
    assert (lens.width_px, lens.height_px) == (3072, 2304)
    assert np.allclose(lens.rows[0], [2559.81 / 3072, 2559.81 / 2304, 0.5, 0.5])
    assert np.allclose(lens.rows[2], [2560.56 / 3072, 2560.56 / 2304, 0.5, 0.5])


def test_colmap_may_be_named_by_its_folder(tmp_path):
    inner = tmp_path / "sparse" / "0"
    inner.mkdir(parents=True)
    expected = read(inner, "images.txt", IMAGES).recording.c2w
    for folder in (inner, tmp_path):
        assert np.array_equal(read_trajectory(folder, clock=ASTRA_CLOCK).recording.c2w, expected)
    assert any("cameras.txt" in note for note in read_trajectory(tmp_path, clock=ASTRA_CLOCK).notes)


def test_colmap_names_with_blanks_and_crlf_are_read(tmp_path):
    text = IMAGES.replace("frame_", "my frame ").replace("\n", "\r\n")
    assert np.array_equal(
        read(tmp_path, "images.txt", text).recording.c2w, read(tmp_path, "images.txt", IMAGES).recording.c2w
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("2362.39 248.498 58396 1784.7", "2362.39 248.498 58396"), "line 6 of images.txt should hold the points"),
        ((" 1 frame_2.jpg", ""), "line 9 of images.txt has 8 columns, expected 10"),
        (("0.03 1 frame_2", "nan 1 frame_2"), "line 9 of images.txt holds"),
        (("-0.03 1 frame_2", "-0.03 7 frame_2"), "cameras.txt lacks camera 7"),
    ],
)
def test_colmap_with_a_wrong_line_is_named(tmp_path, change, message):
    (tmp_path / "cameras.txt").write_text(CAMERAS)
    with pytest.raises(TrajectoryError, match=message):
        read(tmp_path, "images.txt", IMAGES.replace(*change))


def test_a_folder_without_images_is_told(tmp_path):
    with pytest.raises(TrajectoryError, match=r"no images\.txt"):
        read_trajectory(tmp_path, clock=ASTRA_CLOCK)
    with pytest.raises(TrajectoryError, match="model_converter"):
        read_trajectory(tmp_path, format_name="colmap", clock=ASTRA_CLOCK)


@pytest.mark.parametrize("name", ["astra", "tum"])
def test_a_place_that_cannot_be_written_is_named_as_it_was_given(tmp_path, name):
    (tmp_path / "file").write_text("")
    recording = read(tmp_path, "a.txt", TUM).recording
    for place in (tmp_path / "none" / "b.json", tmp_path / "file" / "b.json"):
        with pytest.raises(OSError, match=re.escape(f"'{place}'")):
            write_trajectory(recording, place, name, clock=ASTRA_CLOCK)


def test_a_folder_without_images_is_told_as_that(tmp_path):
    with pytest.raises(TrajectoryError, match=r"the folder .* holds no images\.txt"):
        read_trajectory(tmp_path, clock=ASTRA_CLOCK)
