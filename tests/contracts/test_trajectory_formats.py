"""What every trajectory format must be: an entry in FORMATS passes this as it is."""

from __future__ import annotations

import inspect
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine import poses
from engine.actions.modality import CAMERA
from engine.clock import ASTRA_CLOCK
from engine.rotations import assembled, from_euler
from engine.trajectories.checks import check
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import CameraFile, read_trajectory, write_trajectory
from engine.trajectories.formats.registry import FORMATS, detect, format_to_write
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording, lens_of_fov
from engine.trajectories.resolve import resolve_trajectory

HAS_USD = find_spec("pxr") is not None
every = pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.skipif(n == "usd" and not HAS_USD, reason="needs usd-core")) for n in FORMATS],
)

FPS = 20.0
DELETED = object()
OWN_RATE = ("recammaster", "spatialvid", "sekai", "kitti", "chan", "lingbot")
"""Those whose files have a rate that is not in them."""
EXACT = {"gltf": 1e-6}
"""Those that hold numbers of single precision."""


def walk(num: int = 41, rate: float = FPS) -> Recording:
    """Forward and to the left, rising a little, not starting at the origin."""
    times = np.arange(num) / rate
    turns = from_euler(np.stack([0.1 * np.sin(times), -0.2 * times, 0.05 * times], axis=1), "yxz")
    turns = from_euler(np.stack([0 * times, -0.2 * times, 0 * times], axis=1), "xyz") @ turns
    steps = turns[:, :, 2] * 0.15 / rate
    places = np.cumsum(steps, axis=0) + np.array([0.5, -0.25, 2])
    return Recording(times=times, c2w=assembled(turns, places), fps=rate)


def straight(num: int = 21) -> Recording:
    times = np.arange(num) / FPS
    places = np.stack([0 * times, 0 * times, 0.15 * times], axis=1)
    return Recording(times=times, c2w=assembled(np.tile(np.eye(3), (num, 1, 1)), places), fps=FPS)


def written(name: str, folder: Path, recording: Recording) -> Path:
    path = folder / ("images.txt" if name == "colmap" else "walk" + (FORMATS[name].suffix or ".txt"))
    write_trajectory(recording, path, name, clock=ASTRA_CLOCK)
    return path


def from_first(c2w: np.ndarray) -> np.ndarray:
    return np.asarray(poses.inverse(c2w[0]) @ c2w)


@every
def test_it_says_what_it_is_and_where_its_layout_comes_from(name: str):
    kind = FORMATS[name]
    assert kind.title
    assert kind.layout
    words = (inspect.getdoc(type(kind)) or "") + (inspect.getdoc(inspect.getmodule(type(kind))) or "")
    assert any(word in words for word in ("Source", "github.com", "our own", "Nothing"))


@every
def test_its_file_is_recognised_as_no_other_with_a_reason(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    found, because = detect(Source(path))
    assert found == name
    assert len(because) > 10


@every
def test_a_walk_comes_back_as_it_was(name: str, tmp_path: Path):
    walked = walk()
    reading = read_trajectory(written(name, tmp_path, walked), clock=ASTRA_CLOCK)
    expected = walked.c2w[::4] if name == "astra" else walked.c2w
    found = reading.recording.c2w
    assert np.allclose(found, expected, atol=EXACT.get(name, 1e-9))
    if name not in OWN_RATE:
        assert np.allclose(np.diff(reading.recording.times), 0.2 if name == "astra" else 1 / FPS, atol=1e-6)


@every
def test_a_rate_that_it_does_not_hold_is_told(name: str, tmp_path: Path):
    slow = walk(21, 8.0)
    path = tmp_path / ("images.txt" if name == "colmap" else "walk" + (FORMATS[name].suffix or ".txt"))
    _, said = write_trajectory(slow, path, name, clock=ASTRA_CLOCK)
    times = read_trajectory(path, format_name=name, clock=ASTRA_CLOCK).recording.times
    is_held = len(times) == len(slow.times) and np.allclose(times, slow.times, atol=1e-6)
    assert is_held or name == "astra" or any("8 " in note and "second" in note for note in said)


@every
def test_its_rows_are_those_of_the_walk(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    reading = read_trajectory(path, Overrides(fps=5.0 if name == "astra" else FPS), clock=ASTRA_CLOCK)
    extrinsics = poses.inverse(walk().c2w[::4])
    expected = poses.to_row(poses.relative(extrinsics[:-1], extrinsics[1:]))
    again = tmp_path / "again.json"
    write_trajectory(reading.recording, again, "astra", clock=ASTRA_CLOCK)
    track = resolve_trajectory(str(again), clock=ASTRA_CLOCK)
    assert track.modality is CAMERA
    assert np.allclose(track.rows, expected, atol=2e-6)


@every
def test_a_known_forward_walk_is_forward(name: str, tmp_path: Path):
    reading = read_trajectory(written(name, tmp_path, straight()), clock=ASTRA_CLOCK)
    assert reading.checks.direction == "forward"
    assert reading.checks.forwardness == pytest.approx(1)
    track = resolve_trajectory(str(written(name, tmp_path, straight())), clock=ASTRA_CLOCK)
    tz = track.rows[:, CAMERA.columns.index("tz")]
    assert (tz < 0).all()
    if name not in OWN_RATE:
        assert np.allclose(tz, -0.03, atol=1e-6)


@every
def test_the_likeliest_of_its_candidate_readings_is_its_own(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    usual, readings = read_trajectory(path, clock=ASTRA_CLOCK), CameraFile(path, clock=ASTRA_CLOCK).candidates()
    assert len(readings) == 8
    assert (readings[0].convention, readings[0].axes) == (usual.convention, usual.axes)
    assert all(np.allclose(np.linalg.det(each.recording.c2w[:, :3, :3]), 1) for each in readings)


@every
def test_scale_rate_and_first_pose_can_be_said(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    usual = read_trajectory(path, clock=ASTRA_CLOCK).recording
    said = read_trajectory(path, Overrides(scale=3, fps=10, align=True), clock=ASTRA_CLOCK).recording
    assert np.allclose(said.c2w[0], np.eye(4), atol=1e-9)
    assert np.allclose(from_first(said.c2w)[:, :3, 3], 3 * from_first(usual.c2w)[:, :3, 3], atol=1e-9)
    assert said.fps == 10
    assert np.allclose(np.diff(said.times), 0.1)


@every
def test_a_file_of_it_that_is_empty_or_cut_off_is_an_error_with_its_name(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    whole = path.read_bytes()
    # In the first number of a line, where a line is a pose: cut in its last one it would be as good a file.
    within = (
        whole.rfind(b"\n", 0, 2 * len(whole) // 3) + 4 if FORMATS[name].suffix not in (".npy", ".npz", ".glb") else 900
    )
    for size in (0, 1, within):
        path.write_bytes(whole[:size])
        with pytest.raises(TrajectoryError, match=path.name):
            read_trajectory(path, format_name=name, clock=ASTRA_CLOCK)
        with pytest.raises(TrajectoryError, match=path.name):
            read_trajectory(path, clock=ASTRA_CLOCK)


@every
def test_rubbish_with_its_suffix_is_an_error_with_its_name(name: str, tmp_path: Path):
    path = written(name, tmp_path, walk())
    for rubbish in (
        bytes(range(256)) * 8,
        b"\xff\xfe\x00",
        b"{}",
        b"[]",
        b"[1, 2]",
        b'{"frames": 3}',
        b"PK\x03\x04",
        b"a b c\n",
    ):
        path.write_bytes(rubbish)
        with pytest.raises(TrajectoryError, match=path.name):
            read_trajectory(path, format_name=name, clock=ASTRA_CLOCK)
        with pytest.raises(TrajectoryError, match=path.name):
            read_trajectory(path, clock=ASTRA_CLOCK)


@every
def test_no_damage_is_more_than_an_error_with_a_name(name: str, tmp_path: Path):
    """Bytes changed, left out, doubled, or put elsewhere: the file is read or refused, and nothing else happens."""
    path = written(name, tmp_path, walk(12))
    whole = path.read_bytes()
    rng = np.random.default_rng(len(whole))
    for _ in range(5 if name == "usd" else 60):  # each of which takes a process
        data = bytearray(whole)
        for _ in range(rng.integers(1, 4)):
            at, size = int(rng.integers(len(data))), int(rng.integers(1, 12))
            rubbish = bytes(rng.integers(0, 256, size, np.uint8))
            pieces = (rubbish, b"", b"-", b"1e999", b"null", b"[", b"7", bytes(data[:at]))
            data[at : at + size] = pieces[rng.integers(len(pieces))]
        path.write_bytes(data)
        for chosen in (None, name):
            try:
                reading = read_trajectory(path, format_name=chosen, clock=ASTRA_CLOCK)
            except TrajectoryError as error:
                assert str(error)  # noqa: PT017  # most, but not all, damage is told
            else:
                assert np.isfinite(reading.recording.c2w).all()
                assert np.isfinite(reading.recording.times).all()


@pytest.mark.parametrize("name", [n for n, kind in FORMATS.items() if kind.suffix == ".json" or n == "gltf"])
def test_no_wrong_value_in_json_is_more_than_an_error_with_a_name(name: str, tmp_path: Path):
    path = tmp_path / ("walk.gltf" if name == "gltf" else "walk.json")
    write_trajectory(walk(9), path, name, clock=ASTRA_CLOCK)
    whole = path.read_text(encoding="utf-8")
    rng = np.random.default_rng(len(whole))
    for _ in range(80):
        content = json.loads(whole)
        place: Any = content
        while True:
            keys = list(place) if isinstance(place, dict) else list(range(len(place)))
            key = keys[rng.integers(len(keys))]
            if not isinstance(place[key], dict | list) or not place[key] or rng.random() < 0.2:
                break
            place = place[key]
        values: list[Any] = [None, "x", "", -1, 0, 1e308, True, [], {}, [1], [[]], {"a": 1}, 10**400, "inf", DELETED]
        value = values[rng.integers(len(values))]
        if value is DELETED:
            del place[key]
        else:
            place[key] = value
        path.write_text(json.dumps(content), encoding="utf-8")
        for chosen in (None, name):
            try:
                reading = read_trajectory(path, format_name=chosen, clock=ASTRA_CLOCK)
            except TrajectoryError as error:
                assert str(error)  # noqa: PT017  # most, but not all, wrong values are told
            else:
                assert np.isfinite(reading.recording.c2w).all()
                write_trajectory(reading.recording, tmp_path / "again.txt", "re10k", clock=ASTRA_CLOCK)


@every
def test_a_missing_file_is_an_error_with_its_name(name: str, tmp_path: Path):
    with pytest.raises(TrajectoryError, match=r"gone\.json"):
        read_trajectory(tmp_path / "gone.json", format_name=name, clock=ASTRA_CLOCK)


@every
def test_what_is_lost_is_said(name: str, tmp_path: Path):
    uneven = walk()
    times = uneven.times + 0.01 * np.sin(uneven.times)
    lens = lens_of_fov(np.full(len(times), 0.8))
    recording = Recording(times=times, c2w=uneven.c2w, fps=FPS, lens=lens)
    path = tmp_path / ("images.txt" if name == "colmap" else "walk" + (FORMATS[name].suffix or ".txt"))
    _, lost = write_trajectory(recording, path, name, clock=ASTRA_CLOCK)
    again = read_trajectory(path, clock=ASTRA_CLOCK).recording
    assert any("lens" in what for what in lost) == (again.lens is None)
    keeps_times = len(again.times) == len(times) and np.allclose(np.diff(again.times), np.diff(times), atol=2e-6)
    assert any("times" in what or "ticks" in what for what in lost) != keeps_times
    if again.lens is not None and name not in ("gltf", "chan", "gen3c", "nerfstudio"):
        assert np.allclose(again.lens.rows, lens.rows)
    if again.lens is not None:
        assert np.allclose(again.lens.vertical_fov, 0.8, atol=1e-6)


@every
def test_nothing_is_left_behind_where_it_cannot_be_written(name: str, tmp_path: Path):
    path = tmp_path / "no" / "such" / ("walk" + (FORMATS[name].suffix or ".txt"))
    with pytest.raises(OSError, match="such"):
        write_trajectory(walk(), path, name, clock=ASTRA_CLOCK)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("a.json", "astra"),
        ("camera_path.json", "nerfstudio"),
        ("transforms.json", "transforms"),
        ("camera_extrinsics.json", "recammaster"),
        ("ego_pose.json", "nuscenes"),
        ("images.txt", "colmap"),
        ("a.GLB", "gltf"),
        ("poses.npy", "spatialvid"),
    ],
)
def test_a_name_says_what_to_write(file: str, expected: str):
    assert format_to_write(Path(file)) == expected


def test_a_name_that_says_nothing_is_answered_with_the_formats():
    with pytest.raises(TrajectoryError, match=r"--to: astra, .*kitti"):
        format_to_write(Path("a.txt"))


def test_the_walk_of_this_contract_is_one():
    assert check(walk().c2w).direction == "forward"
