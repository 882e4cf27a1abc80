"""What is too large, endless, or no file at all is refused before memory or time is taken for it."""

from __future__ import annotations

import io
import json
import os
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats import source
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory
from engine.trajectories.resolve import resolve_trajectory
from tests.engine.trajectories.formats.layouts import SAMPLES, a_walk, saved, zipped

MEGABYTE = 1_000_000


def refusal(path: Path, **overrides: object) -> str:
    with pytest.raises(TrajectoryError) as caught:
        read_trajectory(path, Overrides(**overrides), clock=ASTRA_CLOCK)  # type: ignore[arg-type]
    return str(caught.value)


def header(shape: str) -> bytes:
    """The beginning of an array that says it has this shape."""
    whole = saved(np.zeros((1, 4, 4)))[:128]
    claim = f"'shape': {shape}, }}".encode()
    at = whole.index(b"'shape'")
    return whole[:at] + claim + b" " * (127 - at - len(claim)) + b"\n"


@pytest.mark.parametrize("shape", ["(99999999, 4, 4)", "(9999999999, 16)"])
def test_an_array_that_says_it_is_huge_is_refused_unread(tmp_path, shape):
    (tmp_path / "a.npy").write_bytes(header(shape))
    assert "more than the 256 MB" in refusal(tmp_path / "a.npy")


def test_an_archive_that_unpacks_without_end_is_refused_unpacked(tmp_path):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("extrinsic.npy", header("(99999999, 4, 4)") + bytes(64 * MEGABYTE))
    assert path.stat().st_size < MEGABYTE
    tracemalloc.start()
    try:
        message = refusal(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert "the array 'extrinsic' in bomb.npz" in message
    assert peak < 10 * MEGABYTE


def test_arrays_that_are_not_asked_for_stay_packed(tmp_path):
    path = tmp_path / "clip.npz"
    path.write_bytes(zipped(extrinsic=a_walk().w2c))
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("depth.npy", header("(99999999, 4, 4)"))
    assert read_trajectory(path, clock=ASTRA_CLOCK).format == "sekai"


@pytest.mark.parametrize("value", ["1", "{}", "[]"])
def test_json_of_millions_of_values_is_refused_unparsed(tmp_path, value):
    path = tmp_path / "a.json"
    path.write_text('{"format":"astra-trajectory","version":1,"rows":[' + ",".join([value] * 9_000_000) + "]}")
    assert "more than 8,000,000 values" in refusal(path)


def test_a_file_that_is_too_large_is_refused_unread(tmp_path, monkeypatch):
    path = tmp_path / "a.tum"
    path.write_bytes(b"1 0 0 0 0 0 0 1\n" * 1000)
    monkeypatch.setattr(source, "MAX_BYTES", 1000)
    assert "is larger than" in refusal(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such files here")
@pytest.mark.timeout(20)
def test_what_gives_bytes_without_end_is_no_file(tmp_path):
    os.mkfifo(tmp_path / "pipe.tum")
    for path in (tmp_path / "pipe.tum", Path("/dev/zero")):
        assert "is a pipe or a device" in refusal(path)


def test_links_are_followed_and_circles_of_them_refused(tmp_path):
    good = SAMPLES["tum"](a_walk()).put(tmp_path)
    (tmp_path / "link.txt").symlink_to(good)
    assert read_trajectory(tmp_path / "link.txt", clock=ASTRA_CLOCK).format == "tum"
    (tmp_path / "circle.txt").symlink_to("circle.txt")
    assert "circle.txt" in refusal(tmp_path / "circle.txt")


@pytest.mark.parametrize("seconds", [1e6, 1e9, 1e11])
def test_a_clock_that_would_make_more_ticks_than_any_machine_renders_is_refused(tmp_path, seconds):
    path = tmp_path / "a.txt"
    path.write_text(f"0 0 0 0 0 0 0 1\n0.05 0 0 0.1 0 0 0 1\n{seconds} 0 0 0.2 0 0 0 1\n")
    message = refusal(path)
    assert "line 3 comes" in message
    assert "--fps" in message
    assert read_trajectory(path, Overrides(fps=20), clock=ASTRA_CLOCK).recording.end_s == pytest.approx(0.1)
    assert "more than the 100000 s" in refusal(path, fps=1e-9)
    with pytest.raises(TrajectoryError, match="line 3"):
        resolve_trajectory(str(path), clock=ASTRA_CLOCK)


def test_poses_closer_than_any_camera_takes_them_are_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("".join(f"{n}e-9 0 0 {n} 0 0 0 1\n" for n in range(5)))
    assert "1e-09 s apart" in refusal(path)


def test_a_text_in_utf_16_is_read_with_its_mark_and_told_without(tmp_path):
    text = SAMPLES["tum"](a_walk()).files["groundtruth.txt"].decode()
    (tmp_path / "a.txt").write_bytes(text.encode("utf-16"))
    assert read_trajectory(tmp_path / "a.txt", clock=ASTRA_CLOCK).format == "tum"
    (tmp_path / "a.txt").write_bytes(text.encode("utf-16-le"))
    assert "save it as UTF-8" in refusal(tmp_path / "a.txt")


def test_a_glb_whose_keys_are_more_than_its_bytes_is_refused(tmp_path):
    content = json.loads(SAMPLES["gltf"](a_walk()).files["cam.gltf"])
    for accessor in content["accessors"]:
        accessor["count"] = 2_000_000_000
        accessor.pop("bufferView")
        accessor["sparse"] = {}
    (tmp_path / "a.gltf").write_text(json.dumps(content))
    assert "more than are read" in refusal(tmp_path / "a.gltf") or "whole number" in refusal(tmp_path / "a.gltf")


def test_an_archive_of_many_arrays_is_told_in_a_few_words(tmp_path):
    buffer = io.BytesIO()
    np.savez(buffer, **{f"array_{n}": np.zeros(2) for n in range(200)})
    (tmp_path / "a.npz").write_bytes(buffer.getvalue())
    message = refusal(tmp_path / "a.npz")
    assert "array_0 (2,)" in message
    assert len(message) < 1200


def test_a_field_of_view_of_nothing_is_told(tmp_path):
    (tmp_path / "a.chan").write_text("1 0 0 0 0 0 0 1e-320\n2 0 0 0 0 0 0 45\n")
    assert "line 1 of a.chan: a field of view" in refusal(tmp_path / "a.chan")


def test_an_array_of_another_python_is_read(tmp_path):
    """Python 2 wrote the lengths of long arrays as 9L."""
    whole = SAMPLES["npy"](a_walk()).files["a.npy"]
    (tmp_path / "a.npy").write_bytes(whole.replace(b"(13, 4, 4), ", b"(13L, 4, 4),"))
    assert read_trajectory(tmp_path / "a.npy", clock=ASTRA_CLOCK).format == "npy"


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    ("name", "begin", "words"),
    [
        ("a.txt", "", "in none of the formats"),
        ("a.chan", "", "line 1 of a.chan has 40,000,000 characters"),
        ("a.txt", "1 0 0 0 0 0 0 1\n" * 3, "line 4 of a.txt has 40,000,000 characters"),
        ("images.txt", "1 1 0 0 0 0 0 0 1 a.png\n", "line 2 of images.txt has 40,000,000 characters"),
    ],
)
def test_a_line_without_end_is_refused_before_it_is_taken_apart(tmp_path, name, begin, words):
    (tmp_path / name).write_text(begin + "1.5 " * 10_000_000)
    tracemalloc.start()
    try:
        message = refusal(tmp_path / name)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert words in message
    assert peak < 400_000_000
