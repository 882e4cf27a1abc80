"""Any file at all: bytes, text, tables, JSON with the keys of the formats; any walk through every format and back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.clock import ASTRA_CLOCK
from engine.rotations import assembled, from_euler
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory, write_trajectory
from engine.trajectories.formats.registry import FORMATS
from engine.trajectories.recording import Recording
from tests.engine.trajectories.formats.layouts import SAMPLES, a_walk
from tests.engine.trajectories.formats.test_damage import assert_sound

NAMES = (
    "a.json",
    "camera_path.json",
    "transforms.json",
    "camera_extrinsics.json",
    "ego_pose.json",
    "a.txt",
    "images.txt",
    "a.tum",
    "a.kitti",
    "a.chan",
    "a.gltf",
    "a.glb",
    "a.npy",
    "a.npz",
    "a.csv",
)
BEGINNINGS = (b"", b"{", b"[", b"glTF\x02\x00\x00\x00", b"\x93NUMPY\x01\x00v\x00", b"PK\x03\x04", b"\xff\xfe", b"#\n")
quick = settings(
    max_examples=60,
    deadline=None,
    # Each example writes its own file over the last one's.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def read_or_refuse(path: Path, format_name: str | None = None, **overrides: Any) -> None:
    """A file is read as sound poses, or refused by name: nothing else happens."""
    try:
        reading = read_trajectory(path, Overrides(**overrides), format_name, clock=ASTRA_CLOCK)
        assert_sound(reading)
    except TrajectoryError as error:
        assert str(error)  # noqa: PT017  # whichever it is


@quick
@given(st.sampled_from(NAMES), st.sampled_from(BEGINNINGS), st.binary(max_size=300), st.sampled_from([None, *FORMATS]))
def test_any_bytes_are_read_or_refused(tmp_path, name, beginning, content, format_name):
    path = tmp_path / name
    path.write_bytes(beginning + content)
    read_or_refuse(path, format_name)


words = st.one_of(
    st.floats().map(repr),
    st.integers(-3, 3).map(str),
    st.sampled_from(["nan", "1e999", "-", "x", "#", "1,2", "0x1", "1_0", "٣", "frame.png"]),
)


@quick
@given(
    st.sampled_from(NAMES),
    st.lists(st.one_of(st.lists(words, min_size=6, max_size=20), st.just(["1"] * 12), st.just(["0"] * 8)), max_size=6),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
    st.sampled_from([None, "tum", "kitti", "re10k", "chan", "colmap"]),
)
def test_any_table_is_read_or_refused(tmp_path, name, rows, end, format_name):
    path = tmp_path / name
    path.write_bytes(end.join(" ".join(row) for row in rows).encode())
    read_or_refuse(path, format_name)


KEYS = sorted(
    {
        *(
            "format",
            "version",
            "rows",
            "c2w",
            "modality",
            "camera_path",
            "camera_to_world",
            "keyframes",
            "matrix",
            "fov",
        ),
        *(
            "fps",
            "seconds",
            "properties",
            "frames",
            "transform_matrix",
            "file_path",
            "w",
            "h",
            "fl_x",
            "camera_angle_x",
        ),
        *("frame0", "frame1", "cam01", "path", "R", "T", "timestamp", "cameras", "start", "end", "rotation"),
        *("translation", "asset", "nodes", "camera", "animations", "channels", "samplers", "accessors", "children"),
    }
)
values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.sampled_from(["", "x", "1", "[1]", "astra-trajectory", "camera", "[1 0 0 0] [0 1 0 0] [0 0 1 0] [0 0 0 1]"]),
    st.just(np.eye(4).tolist()),
    st.just(np.eye(4).ravel().tolist()),
)
contents = st.recursive(
    values,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=20,
)


@quick
@given(
    st.one_of(st.dictionaries(st.sampled_from(KEYS), contents, max_size=5), st.lists(contents, max_size=4)),
    st.sampled_from([None, *(name for name, kind in FORMATS.items() if kind.suffix in (".json", ".glb"))]),
)
def test_any_json_is_read_or_refused(tmp_path, content, format_name):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    read_or_refuse(path, format_name)


@quick
@given(st.data())
def test_any_change_of_a_good_file_is_read_or_refused(tmp_path, data):
    sample = SAMPLES[data.draw(st.sampled_from(sorted(SAMPLES)))](a_walk(5))
    main = sample.name if sample.name in sample.files else "sparse/0/images.txt"
    content = bytearray(sample.files[main])
    for _ in range(data.draw(st.integers(1, 3))):
        at, size = data.draw(st.integers(0, len(content))), data.draw(st.integers(0, 12))
        content[at : at + size] = data.draw(
            st.one_of(st.binary(max_size=8), st.sampled_from([b"", b"-", b"nan", b"["]))
        )
    path = sample.put(tmp_path)
    (tmp_path / main).write_bytes(content)
    read_or_refuse(path)
    read_or_refuse(path, sample.format)


small = st.floats(-3, 3)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(small, small, small, small, small, small), min_size=5, max_size=12), st.floats(1, 60))
def test_any_walk_comes_back_through_every_format(tmp_path, name, steps, fps):
    numbers = np.array(steps)
    turns = from_euler(numbers[:, 3:], "yxz")
    walk = Recording(
        times=np.arange(len(numbers)) / fps, c2w=assembled(turns, np.cumsum(numbers[:, :3], axis=0)), fps=fps
    )
    path = tmp_path / ("images.txt" if name == "colmap" else "walk" + (FORMATS[name].suffix or ".txt"))
    if name == "astra" and (len(numbers) - 1) / fps < 0.2:
        return
    write_trajectory(walk, path, name, clock=ASTRA_CLOCK)
    reading = read_trajectory(path, format_name=name, clock=ASTRA_CLOCK)
    found, expected = reading.recording.c2w, walk.c2w
    if name == "astra":  # holds a pose per tick
        expected = walk.at(np.arange(len(found)) * 0.2)
    single = {"gltf": 1e-5, "chan": 1e-6}
    assert np.allclose(found, expected, atol=single.get(name, 1e-7))
