"""Files of kinds that people have, with what is missing in them or contradicts itself, and what is right."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from engine import poses
from engine.clock import ASTRA_CLOCK
from engine.rotations import EULER_ORDERS, assembled, from_euler, to_euler
from engine.trajectories.errors import CameraChoice, TrajectoryError
from engine.trajectories.formats.picture_names import sorted_pictures
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import Reading, read_trajectory
from engine.trajectories.sampling import gauge, tick_poses

CASES = Path(__file__).resolve().parents[3] / "data" / "trajectories" / "cases"


def read(path: Path, **overrides: Any) -> Reading:
    return read_trajectory(path, Overrides(**overrides), clock=ASTRA_CLOCK)


def noted(reading: Reading, words: str) -> bool:
    return any(words in note for note in reading.notes)


def transforms(names: list[str], points: list[list[float]], extra: list[dict[str, Any]] | None = None) -> str:
    """Cameras at points, looking along -z, in a world with y up."""
    frames = []
    for number, (name, point) in enumerate(zip(names, points, strict=True)):
        matrix = np.eye(4)
        matrix[:3, 3] = point
        frames.append({"file_path": name, "transform_matrix": matrix.tolist(), **(extra[number] if extra else {})})
    return json.dumps({"w": 640, "h": 480, "fl_x": 500, "frames": frames})


def along(count: int, side: float = 0.0) -> list[list[float]]:
    return [[side, 0, -0.01 * number] for number in range(count)]


def put(folder: Path, content: str, name: str = "transforms.json") -> Path:
    (folder / name).write_text(content)
    return folder / name


def clip(path: Path, rate: Fraction, frames: int = 4) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate)
        stream.width = stream.height = 32
        stream.pix_fmt = "yuv420p"
        for _ in range(frames):
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)


# ---------------------------------------------------------------------- frames that are missing


@pytest.mark.parametrize("name", ["gap", "gap.json"])
def test_missing_frames_stay_a_gap_in_time(name: str):
    reading = read(CASES / name)
    assert np.allclose(reading.recording.times, np.array([*range(10), *range(30, 40)]) / 20)
    assert noted(reading, "20 frames are missing, before")
    assert noted(reading, "frame_00031")
    assert np.allclose(gauge(tick_poses(reading.recording, clock=ASTRA_CLOCK), clock=ASTRA_CLOCK).moved, 0.04)


@pytest.mark.parametrize(
    ("names", "steps"),
    [
        (["f5.png", "f10.png", "f15.png", "f25.png"], [0, 1, 2, 4]),  # every fifth frame
        (["f1.png", "f2.png", "f4.png"], [0, 1, 3]),
        (["a/0003.JPG", "a/0001.jpg", "a/0002.jpg"], [0, 1, 2]),
        (["20230101_f1.png", "20230101_f2.png", "20230101_f4.png"], [0, 1, 3]),
        (["train/r_1.png", "test/r_2.png", "train/r_4.png"], [0, 1, 3]),
        (["f_000_t0.00.png", "f_001_t0.05.png", "f_003_t0.15.png", "f_004_t0.20.png"], [0, 1, 3, 4]),
        (
            [f"IMG_2023010{day}_{time}.jpg" for day, time in ((1, 235958), (1, 235959), (2, "000000"), (2, "000001"))],
            [0, 1, 2, 3],
        ),
        (["sunny.png", "cloudy.png", "dark.png"], [0, 1, 2]),
    ],
)
def test_numbers_in_names_are_those_of_frames(tmp_path: Path, names: list[str], steps: list[int]):
    reading = read(put(tmp_path, transforms(names, along(len(names)))))
    assert np.allclose(reading.recording.times * 20, steps)
    assert noted(reading, "missing") == (max(np.diff(steps)) > 1)


@pytest.mark.parametrize(
    ("names", "times"),
    [
        (["rgb/1305031102.175304.png", "rgb/1305031102.211214.png", "rgb/1305031102.5.png"], [0, 0.03591, 0.324696]),
        (["1403636579763555584.png", "1403636579813555456.png", "1403636579963555584.png"], [0, 0.05, 0.2]),
    ],
)
def test_names_that_are_times_are_taken_for_them(tmp_path: Path, names: list[str], times: list[float]):
    found = read(put(tmp_path, transforms(names, along(3)))).recording.times
    assert np.allclose(found - found[0], times, atol=1e-6)


def test_a_picture_whose_name_is_unlike_all_others_is_left_out_and_said(tmp_path: Path):
    names = [*(f"f_{n:04d}.png" for n in range(5)), "overview.png"]
    reading = read(put(tmp_path, transforms(names, along(6))))
    assert len(reading.recording.times) == 5
    assert noted(reading, "overview.png")


# ---------------------------------------------------------------------- several cameras


def test_two_cameras_in_a_file_are_asked_for():
    with pytest.raises(CameraChoice, match=r"two\.json holds 2 cameras: camA, camB\. Say which with --camera") as found:
        read(CASES / "two.json")
    assert found.value.cameras == ("camA", "camB")
    for camera, side in (("camA", -0.5), ("camB", 0.5)):
        reading = read(CASES / "two.json", camera=camera)
        assert np.allclose(reading.recording.c2w[:, 0, 3], side)
        assert len(reading.recording.times) == 20
        assert (reading.cameras, reading.takes) == (("camA", "camB"), ("camera",))
        assert noted(reading, f"the camera {camera} is read")
    with pytest.raises(TrajectoryError, match="no camera 'camC'; there are camA, camB"):
        read(CASES / "two.json", camera="camC")


@pytest.mark.parametrize(
    ("template", "cameras"),
    [
        ("{camera}/{number:04d}.png", ("left", "right")),
        ("{number:05d}_{camera}.png", ("cam0", "cam1")),
        ("rig/cam_{camera}_f{number}.jpg", ("1", "2")),
        ("images\\{camera}\\{number}.png", ("0", "1")),
    ],
)
def test_cameras_are_told_apart_by_the_names_of_their_pictures(tmp_path: Path, template: str, cameras: tuple[str, str]):
    names = [template.format(camera=camera, number=n) for n in range(6) for camera in cameras]
    points = [point for pair in zip(along(6, -1), along(6, 1), strict=True) for point in pair]
    path = put(tmp_path, transforms(names, points))
    with pytest.raises(CameraChoice) as found:
        read(path)
    assert len(found.value.cameras) == 2
    reading = read(path, camera=found.value.cameras[1])
    assert np.allclose(reading.recording.c2w[:, 0, 3], 1)
    assert np.allclose(np.diff(reading.recording.times), 0.05)


@pytest.mark.parametrize("key", ["camera_id", "fl_x"])
def test_a_rig_whose_pictures_are_numbered_in_one_is_told_by_its_marks(tmp_path: Path, key: str):
    points = [point for pair in zip(along(6, -1), along(6, 1), strict=True) for point in pair]
    names = [f"frame_{n:05d}.png" for n in range(12)]
    path = put(tmp_path, transforms(names, points, [{key: 500 + n % 2} for n in range(12)]))
    with pytest.raises(CameraChoice) as found:
        read(path)
    reading = read(path, camera=found.value.cameras[0])
    assert np.allclose(reading.recording.c2w[:, 0, 3], -1)
    assert np.allclose(np.diff(reading.recording.times), 0.05)
    assert len(read(path, camera="all").recording.times) == 12


def test_cameras_whose_pictures_share_their_names_are_told_by_their_marks(tmp_path: Path):
    points = along(6, -1) + along(6, 1)
    names = [f"{n % 6:05d}.png" for n in range(12)]
    path = put(tmp_path, transforms(names, points, [{"camera_name": "left" if n < 6 else "right"} for n in range(12)]))
    with pytest.raises(CameraChoice, match="left, right"):
        read(path)
    reading = read(path, camera="right")
    assert np.allclose(reading.recording.c2w[:, :3, 3], along(6, 1))
    assert np.allclose(np.diff(reading.recording.times), 0.05)


def test_one_camera_with_several_lenses_stays_one(tmp_path: Path):
    names = [f"frame_{n:05d}.png" for n in range(12)]
    path = put(tmp_path, transforms(names, along(12), [{"fl_x": 500 + n % 2} for n in range(12)]))
    assert len(read(path).recording.times) == 12


def test_a_rig_in_colmap_is_asked_for(tmp_path: Path):
    lines = []
    for number in range(8):
        for camera, side in ((1, 0.0), (2, 1.0)):
            w2c = poses.inverse(assembled(np.eye(3)[None], np.array([[side, 0, 0.01 * number]])))[0]
            place = " ".join(map(str, w2c[:3, 3]))
            lines += [f"{len(lines) + 1} 1 0 0 0 {place} {camera} cam{camera}/{number:04d}.jpg", ""]
    (tmp_path / "images.txt").write_text("\n".join(lines) + "\n")
    with pytest.raises(CameraChoice, match="cam1, cam2"):
        read(tmp_path)
    assert np.allclose(read(tmp_path, camera="cam2").recording.c2w[:, 0, 3], 1)


# ---------------------------------------------------------------------- rates


def test_seconds_that_contradict_the_rate_are_followed_as_ns_render_does():
    reading = read(CASES / "sec.json")
    assert reading.recording.fps == pytest.approx(12)
    assert len(reading.recording.times) / reading.recording.fps == pytest.approx(8)
    assert noted(reading, 'last 8 s by its "seconds", and 4 s by its "fps"')


@pytest.mark.parametrize("seconds", [4, 3.97, 4.03])
def test_seconds_that_are_rounded_change_nothing(tmp_path: Path, seconds: float):
    content = json.loads((CASES / "sec.json").read_text()) | {"seconds": seconds}
    reading = read(put(tmp_path, json.dumps(content), "camera_path.json"))
    assert reading.recording.fps == 24
    assert not noted(reading, "seconds")


def test_spatialvid_has_the_rate_of_its_indexes():
    for path in (CASES / "sv", CASES / "sv" / "poses.npy"):
        reading = read(path)
        assert reading.recording.fps == pytest.approx(29.97 / 5)
        assert noted(reading, "taken to have 29.97 frames a second")
        assert noted(reading, "so 5.99 poses a second (--fps); a clip of 25 has 5")


@pytest.mark.parametrize(
    ("rate", "expected"), [(Fraction(25), 5.0), (Fraction(30000, 1001), 5.994), (Fraction(24), 6.0)]
)
@pytest.mark.parametrize(
    "where", ["videos/group0/abc.mp4", "annotations/group0/abc/clip.mp4", "annotations/group0/abc.mkv"]
)
@pytest.mark.parametrize("has_indexes", [True, False])
def test_spatialvid_has_the_rate_of_the_clip_beside(
    tmp_path: Path, rate: Fraction, expected: float, has_indexes: bool, where: str
):
    step = int(rate / 5)
    folder = tmp_path / "annotations" / "group0" / "abc"
    folder.mkdir(parents=True)
    np.save(folder / "poses.npy", np.load(CASES / "sv" / "poses.npy")[:4])
    if has_indexes:
        (folder / "indexes.txt").write_text(
            "".join(f"{n} {frame}\n" for n, frame in enumerate([0, step, 2 * step, 4 * step]))
        )
    clip(tmp_path / where, rate)
    reading = read(folder / "poses.npy")
    assert reading.recording.fps == pytest.approx(expected, rel=1e-3)
    assert np.allclose(reading.recording.times, np.array([0, 1, 2, 4 if has_indexes else 3]) / expected, rtol=1e-3)
    assert noted(reading, Path(where).name)


def test_spatialvid_with_the_indexes_of_another_clip_is_refused(tmp_path: Path):
    np.save(tmp_path / "poses.npy", np.load(CASES / "sv" / "poses.npy")[:4])
    (tmp_path / "indexes.txt").write_text("0 0\n1 5\n")
    with pytest.raises(TrajectoryError, match=r"indexes\.txt beside it has 2 lines for 4 poses"):
        read(tmp_path / "poses.npy")


def test_kitti_without_times_has_ten_poses_a_second(tmp_path: Path):
    reading = read(CASES / "k.txt")
    assert reading.recording.fps == 10
    assert noted(reading, "10 poses a second are taken")
    for name in ("poses", "sequences/07"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "poses" / "07.txt").write_text((CASES / "k.txt").read_text())
    (tmp_path / "sequences" / "07" / "times.txt").write_text("".join(f"{n / 9.6}\n" for n in range(40)))
    assert read(tmp_path / "poses" / "07.txt").recording.fps == pytest.approx(9.6)


# ---------------------------------------------------------------------- directions and angles


def test_sekai_pans_to_the_right():
    reading = read(CASES / "sekai_pan.npz")
    assert (reading.convention, reading.recording.fps) == ("c2w", 30)
    assert np.allclose(reading.recording.c2w[-1, :3, 2], [np.sqrt(3) / 2, 0, 0.5])


def test_chan_of_blender_turns_evenly_at_24_a_second():
    reading = read(CASES / "blender.chan")
    assert reading.recording.fps == 24
    view = reading.recording.c2w[:, :3, 2]
    assert np.allclose(np.rad2deg(np.arcsin(view[:, 1])), -20)
    assert np.allclose(np.diff(np.unwrap(np.arctan2(-view[:, 0], -view[:, 2]))), np.deg2rad(4.5), atol=1e-6)
    assert noted(reading, "the order XYZ, XZY would give the same poses")


@pytest.mark.parametrize("order", EULER_ORDERS)
def test_chan_offers_the_order_in_which_it_turns_most_smoothly(tmp_path: Path, order: str):
    count = np.arange(60)
    turns = from_euler(np.deg2rad(np.stack([0 * count - 20, 4.5 * count, 0 * count], axis=1)), "xyz")
    degrees = np.rad2deg(to_euler(turns, order))
    lines = [f"{n} 0 0 {-0.03 * n} {x:.6f} {y:.6f} {z:.6f} 45" for n, (x, y, z) in enumerate(degrees, 1)]
    path = put(tmp_path, "\n".join(lines) + "\n", "a.chan")
    reading = read(path)
    is_default_right = np.allclose(from_euler(np.deg2rad(degrees), "zxy"), turns, atol=1e-6)
    assert reading.smoothest_euler == (None if is_default_right else order)
    assert noted(reading, f"more smoothly (--euler {order})") != is_default_right
    said = read(path, euler=order)
    assert np.allclose(said.recording.c2w[:, :3, :3] @ np.diag([1, -1, -1]), turns, atol=1e-6)
    assert not noted(said, "smoothly")


# ---------------------------------------------------------------------- world models


@pytest.mark.parametrize(
    ("name", "kind", "fps"),
    [
        ("vipe.npz", "vipe", 20),
        ("megasam.npz", "megasam", 20),
        ("mg35.npz", "matrixgame", 20),
        ("lb", "lingbot", 16),
        ("lb/poses.npy", "lingbot", 16),
    ],
)
def test_camera_files_of_world_models_are_read(name: str, kind: str, fps: float):
    reading = read(CASES / name)
    assert (reading.format, reading.convention, reading.axes) == (kind, "c2w", "opencv")
    assert reading.recording.fps == fps
    assert reading.checks.direction == "forward"
    assert noted(reading, f"{fps}")


def test_vipe_has_the_frames_and_the_rate_of_its_clip(tmp_path: Path):
    (tmp_path / "pose").mkdir()
    matrices = np.load(CASES / "vipe.npz")["data"][:4]
    np.savez(tmp_path / "pose" / "walk.npz", data=matrices, inds=[0, 1, 2, 5])
    clip(tmp_path / "rgb" / "walk.mp4", Fraction(30))
    reading = read(tmp_path / "pose" / "walk.npz")
    assert np.allclose(reading.recording.times, np.array([0, 1, 2, 5]) / 30)
    assert noted(reading, "2 frames are missing, before frame 5")
    assert noted(reading, "walk.mp4")


def test_any_names_are_put_in_an_order_or_asked_for():
    """Names made up of what names have: no two of a camera's pictures are at one time, and every camera can be read."""
    rng = random.Random(1)
    pieces = [
        "cam",
        "a",
        "_",
        "/",
        "\\",
        ".",
        "1",
        "07",
        "0012",
        "20230101",
        "1305031102.175304",
        "train/",
        "test",
        "\u0663",
    ]
    for _ in range(1500):
        base = [rng.choice(pieces) for _ in range(rng.randint(0, 5))]
        names = list({f"{''.join(base)}{rng.randint(0, 50)}{rng.choice(['', *pieces])}.png" for _ in range(10)})
        marks = [rng.choice([None, 1, 2]) for _ in names]
        c2w = assembled(np.tile(np.eye(3), (len(names), 1, 1)), np.array([[rng.random(), 0, 0] for _ in names]))
        asked: list[str | None] = [None]
        while asked:
            try:
                found = sorted_pictures("a.json", names, marks, c2w, asked.pop())
            except CameraChoice as error:
                asked += error.cameras
                continue
            assert len(set(found.order)) == len(found.order) > 0
            for clock in (found.frames, found.times):
                assert clock is None or (len(clock) == len(found.order) and (np.diff(clock) > 0).all())
