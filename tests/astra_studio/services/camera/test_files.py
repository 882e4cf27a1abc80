"""Camera files into takes and out of them: what they ask for is what the project keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from astra_studio.document.actions import actions_of
from astra_studio.document.model import Take
from astra_studio.document.paths import Drawn, actions_of_path, authored_of
from astra_studio.services.camera.files import (
    CameraReader,
    ImportChoices,
    export_path,
    keys_of,
    losses,
    recording_of_take,
)
from engine.actions.modality import DRIVING, ActionTrack
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory
from engine.trajectories.formats.registry import FORMATS
from engine.trajectories.path import CameraPath, Key
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import actions
from tests.engine.trajectories.formats.layouts import SAMPLES, a_walk


def a_take(line: str = "w-8 left-8 w+left-8 d-3") -> Take:
    return replace(Take(id="take", name="Take 1"), actions=actions_of(parse_pose_line(line, clock=ASTRA_CLOCK)))


def a_drawn_take() -> Take:
    keys = (
        Key(time_s=0.0, position=(0, 0, 0)),
        Key(time_s=1.1, position=(0.1, 0, 0.5), quaternion=(0, -0.2, 0, 0.96**0.5)),
        Key(time_s=3.0, position=(0.4, -0.1, 0.7), easing="ease"),
        Key(time_s=4.0, position=(0.4, 0.1, 1.2)),
    )
    drawn = Drawn(path=CameraPath(keys=keys))
    return replace(
        Take(id="take", name="Take 1"), actions=actions_of_path(drawn, clock=ASTRA_CLOCK), path=authored_of(drawn)
    )


def place_of(folder: Path, name: str) -> Path:
    return folder / ("walk" if name == "colmap" else f"walk{FORMATS[name].suffix or '.txt'}")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("take", [a_take(), a_drawn_take()], ids=["rows", "keys"])
def test_every_format_gives_the_rows_of_the_take_back(name: str, take: Take, tmp_path: Path):
    path = place_of(tmp_path, name)
    export_path(take, path, name, 20.0)
    said = None if name == "astra" else Overrides(fps=20.0)
    recording = read_trajectory(path, said, name, clock=ASTRA_CLOCK).recording
    rows = (recording.track or actions(recording, clock=ASTRA_CLOCK)).rows
    assert np.allclose(rows, take.actions.rows, atol=1e-6 if name not in ("gltf", "chan") else 3e-6)


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_lost_is_known_before_anything_is_written(name: str, tmp_path: Path):
    path = place_of(tmp_path, name)
    foretold = losses(a_take(), name, 20.0)
    assert not path.exists()
    assert foretold == export_path(a_take(), path, name, 20.0)


def test_poses_may_come_every_tick(tmp_path):
    recording = recording_of_take(a_take(), 5.0)
    assert len(recording.c2w) == 28
    assert len(recording_of_take(a_take()).c2w) == 4 * 27 + 1


def test_a_take_that_asks_for_nothing_is_told():
    with pytest.raises(TrajectoryError, match="asks for nothing yet"):
        recording_of_take(Take(id="take", name="Take 1"))


def test_driving_is_written_as_the_poses_of_its_camera(tmp_path):
    rows = np.tile(DRIVING.rest, (6, 1)).astype(np.float32)
    rows[:, 0] = np.arange(6)
    take = replace(Take(id="take", name="Take 1"), actions=actions_of(ActionTrack(DRIVING, rows)))
    lost = export_path(take, tmp_path / "a.tum", "tum", 20.0)
    assert any("driving" in what for what in lost)
    assert read_trajectory(tmp_path / "a.tum", clock=ASTRA_CLOCK).checks.direction == "forward"


def test_a_file_is_read_once_for_many_wishes(tmp_path):
    path = SAMPLES["tum"](a_walk(40)).put(tmp_path)
    reader = CameraReader(path, clock=ASTRA_CLOCK)
    first = reader.read(ImportChoices())
    path.unlink()
    other = reader.read(ImportChoices(convention="w2c", scale=2.0))
    assert (first.reading.convention, other.reading.convention) == ("c2w", "w2c")
    assert [candidate.is_own for candidate in other.candidates].count(True) == 1
    assert [candidate.is_likely for candidate in first.candidates].count(True) == 1


@pytest.mark.parametrize("name", ["tum", "colmap_images", "gltf", "recammaster", "spatialvid"])
def test_lengths_are_fitted_to_the_speed_of_the_training(name, tmp_path):
    imported = CameraReader(SAMPLES[name](a_walk(60)).put(tmp_path), clock=ASTRA_CLOCK).read(
        ImportChoices(fits_speed=True)
    )
    assert np.median(imported.speed.moved) == pytest.approx(0.03, rel=1e-6)


def test_a_camera_that_stays_is_not_scaled(tmp_path):
    (tmp_path / "a.txt").write_text("".join(f"{n / 20} 1 2 3 0 0 0 1\n" for n in range(40)))
    assert CameraReader(tmp_path / "a.txt", clock=ASTRA_CLOCK).read(ImportChoices(fits_speed=True)).scale == 1.0


def test_poses_farther_apart_than_ticks_are_keys_that_ask_for_the_same(tmp_path):
    walk = a_walk(8)
    sparse = Recording(times=walk.times * 17 + 3, c2w=walk.c2w, fps=1.2)
    path = keys_of(sparse, clock=ASTRA_CLOCK)
    assert path is not None
    assert path.start_s == 0
    assert np.allclose(actions(path, clock=ASTRA_CLOCK).rows, actions(sparse, clock=ASTRA_CLOCK).rows, atol=1e-6)
    assert keys_of(Recording(times=walk.times, c2w=walk.c2w, fps=20.0), clock=ASTRA_CLOCK) is None


def test_a_file_shorter_than_a_tick_is_told(tmp_path):
    with pytest.raises(TrajectoryError, match=r"less than a tick of 0\.2 s"):
        CameraReader(SAMPLES["tum"](a_walk(3)).put(tmp_path), clock=ASTRA_CLOCK).read(ImportChoices())
