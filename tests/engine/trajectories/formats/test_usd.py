"""Cameras in USD stages, made here with OpenUSD itself."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import CameraChoice, TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.reading import read_trajectory
from engine.trajectories.recording import Recording

pxr = pytest.importorskip("pxr", reason="needs usd-core")
FLIP = np.diag([1.0, -1, -1, 1])


def stage(path: Path, *, up: str = "Y", unit: float = 1.0, rate: float = 24.0) -> Any:
    from pxr import Usd, UsdGeom

    made = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(made, up)
    UsdGeom.SetStageMetersPerUnit(made, unit)
    made.SetTimeCodesPerSecond(rate)
    return made


def walk(made: Any, name: str, side: float = 0.0, frames: range = range(1, 26)) -> Any:
    """A camera that goes forward by 3 units a frame, under a node that turns its world's y into z."""
    from pxr import Gf, UsdGeom

    root = UsdGeom.Xform.Define(made, "/root")
    if not root.GetOrderedXformOps():
        root.AddRotateXOp().Set(90.0)
    camera = UsdGeom.Camera.Define(made, f"/root/{name}")
    camera.GetFocalLengthAttr().Set(24.0)
    camera.GetVerticalApertureAttr().Set(24.0)
    camera.GetHorizontalApertureAttr().Set(36.0)
    move = camera.AddTranslateOp()
    for frame in frames:
        move.Set(Gf.Vec3d(side, 0, -3.0 * (frame - 1)), frame)
    return camera


def read(path: Path, **overrides: Any) -> Any:
    return read_trajectory(path, Overrides(**overrides), clock=ASTRA_CLOCK)


@pytest.mark.parametrize("suffix", [".usda", ".usdc", ".usd"])
def test_a_camera_is_read_as_unreal_exports_it(tmp_path: Path, suffix: str):
    """Centimetres, z up, 24 time codes a second: 3 cm a frame forward is 0.72 m/s."""
    made = stage(tmp_path / f"a{suffix}", up="Z", unit=0.01)
    walk(made, "Camera")
    made.Save()
    reading = read(tmp_path / f"a{suffix}")
    recording: Recording = reading.recording
    assert (reading.format, reading.convention, reading.axes) == ("usd", "c2w", "opengl")
    assert np.allclose(recording.times, np.arange(1, 26) / 24)
    assert np.allclose(recording.c2w[:, 1, 3], 0.03 * np.arange(25))  # -z of the camera is y of the stage
    assert reading.checks.direction == "forward"
    assert recording.lens is not None
    assert np.allclose(recording.lens.rows[0], [24 / 36, 1, 0.5, 0.5])
    assert any("0.01 m, z up" in note for note in reading.notes)


def test_sparse_keys_are_read_at_every_frame_between(tmp_path: Path):
    from pxr import UsdGeom

    made = stage(tmp_path / "a.usda")
    turn = UsdGeom.Camera.Define(made, "/cam").AddRotateYOp()
    turn.Set(0.0, 0)
    turn.Set(170.0, 48)
    made.Save()
    recording = read(tmp_path / "a.usda").recording
    assert np.allclose(recording.times, np.arange(49) / 24)
    assert np.allclose(
        np.rad2deg(np.arctan2(-recording.c2w[:, 0, 2], -recording.c2w[:, 2, 2])), 170 / 48 * np.arange(49)
    )


def test_scale_is_left_out_of_the_camera_and_moves_it_within_its_parents(tmp_path: Path):
    from pxr import Gf, UsdGeom

    made = stage(tmp_path / "a.usda")
    UsdGeom.Xform.Define(made, "/root").AddScaleOp().Set(Gf.Vec3f(2, 2, 2))
    move = UsdGeom.Camera.Define(made, "/root/cam").AddTranslateOp()
    for frame in range(5):
        move.Set(Gf.Vec3d(0, 0, -frame), frame)
    made.Save()
    c2w = read(tmp_path / "a.usda").recording.c2w
    assert np.allclose(c2w[:, 2, 3], -2.0 * np.arange(5))
    assert np.allclose(c2w[:, :3, :3], FLIP[:3, :3])


def test_of_several_cameras_that_move_one_is_asked_for(tmp_path: Path):
    made = stage(tmp_path / "a.usda")
    walk(made, "left", -1)
    walk(made, "right", 1)
    made.Save()
    with pytest.raises(CameraChoice, match=r"a\.usda holds 2 cameras: left, right"):
        read(tmp_path / "a.usda")
    reading = read(tmp_path / "a.usda", camera="right")
    assert np.allclose(reading.recording.c2w[:, 0, 3], 1)
    assert (reading.cameras, reading.takes) == (("left", "right"), ("camera",))
    assert np.allclose(read(tmp_path / "a.usda", camera="/root/left").recording.c2w[:, 0, 3], -1)
    with pytest.raises(TrajectoryError, match="no camera 'x'; there are left, right"):
        read(tmp_path / "a.usda", camera="x")


def test_the_one_that_moves_is_read_beside_others_that_stand(tmp_path: Path):
    from pxr import UsdGeom

    made = stage(tmp_path / "a.usda")
    UsdGeom.Camera.Define(made, "/still")
    walk(made, "moving")
    made.Save()
    reading = read(tmp_path / "a.usda")
    assert any("the camera moving is read; it also holds still" in note for note in reading.notes)
    with pytest.raises(TrajectoryError, match="'still' is not animated"):
        read(tmp_path / "a.usda", camera="still")


def test_stages_without_a_camera_or_a_move_are_told(tmp_path: Path):
    from pxr import UsdGeom

    made = stage(tmp_path / "a.usda")
    UsdGeom.Xform.Define(made, "/root")
    made.Save()
    with pytest.raises(TrajectoryError, match=r"a\.usda cannot be read as a camera path: it holds no camera"):
        read(tmp_path / "a.usda")
    UsdGeom.Camera.Define(made, "/root/cam")
    made.Save()
    with pytest.raises(TrajectoryError, match="'cam' is not animated, nor is anything above it"):
        read(tmp_path / "a.usda")


@pytest.mark.parametrize(
    "where", ["../elsewhere.usda", "{outside}", "https://example.com/a.usda", "\\\\server\\share\\a.usda"]
)
def test_layers_elsewhere_are_left_out_and_said(tmp_path: Path, where: str):
    inside, outside = tmp_path / "inside", tmp_path / "elsewhere.usda"
    inside.mkdir()
    other = stage(outside)
    walk(other, "stranger")
    other.Save()
    made = stage(inside / "a.usda")
    walk(made, "own")
    made.GetRootLayer().subLayerPaths.append(where.format(outside=outside))
    made.Save()
    reading = read(inside / "a.usda")
    assert reading.cameras == ()
    assert any("does not lie beside it is left out" in note for note in reading.notes)


def test_layers_beside_are_read(tmp_path: Path):
    (tmp_path / "parts").mkdir()
    other = stage(tmp_path / "parts" / "shot.usdc")
    walk(other, "cam")
    other.Save()
    made = stage(tmp_path / "a.usda")
    made.GetRootLayer().subLayerPaths.append("./parts/shot.usdc")
    made.Save()
    assert len(read(tmp_path / "a.usda").recording.times) == 25


def test_a_package_is_read(tmp_path: Path):
    from pxr import UsdUtils

    made = stage(tmp_path / "a.usdc")
    walk(made, "cam")
    made.Save()
    assert UsdUtils.CreateNewUsdzPackage(str(tmp_path / "a.usdc"), str(tmp_path / "a.usdz"))
    assert len(read(tmp_path / "a.usdz").recording.times) == 25


def test_damage_is_more_than_an_error_with_a_name_for_no_file(tmp_path: Path):
    made = stage(tmp_path / "a.usdc")
    walk(made, "cam")
    made.Save()
    whole = (tmp_path / "a.usdc").read_bytes()
    rng = np.random.default_rng(0)
    for number in range(5):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 1 + 3 * number):
            data[place] = rng.integers(256)
        (tmp_path / "b.usdc").write_bytes(data[: len(data) - number])
        try:
            reading = read(tmp_path / "b.usdc")
        except TrajectoryError as error:
            assert "b.usdc" in str(error)  # noqa: PT017  # most, but not all, damage is told
        else:
            assert np.isfinite(reading.recording.c2w).all()


def test_without_the_library_it_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.usda").write_text("#usda 1.0\n")
    monkeypatch.setattr("engine.trajectories.formats.usd.find_spec", lambda name: None)
    assert importlib.util.find_spec("pxr") is not None
    with pytest.raises(TrajectoryError, match="pip install usd-core"):
        read(tmp_path / "a.usda")


def test_the_packaged_program_says_that_it_does_not_read_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a.usda").write_text("#usda 1.0\n")
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(TrajectoryError, match="the packaged program does not read"):
        read(tmp_path / "a.usda")
