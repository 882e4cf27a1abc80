"""`astra-studio trajectory`: what is shown, written and drawn, and how a wrong wish is answered."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from astra_studio.commands import trajectory
from engine import poses
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK
from engine.trajectories.errors import CameraChoice, TrajectoryError
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.resolve import resolve_trajectory

CASES = Path(__file__).resolve().parents[2] / "data" / "trajectories" / "cases"
TUM = "".join(f"{0.05 * n:.2f} 0 0 {0.0075 * n:.4f} 0 0 0 1\n" for n in range(21))
"""A walk forward at trained speed: 20 poses a second for a second."""


def run(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true")
    trajectory.add(parser.add_subparsers(required=True), common)
    options = parser.parse_args(["trajectory", *map(str, arguments)])
    code: int = options.command(options)
    return code


@pytest.fixture
def walk(tmp_path: Path) -> Path:
    path = tmp_path / "walk.txt"
    path.write_text(TUM)
    return path


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> dict:
    assert run("show", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_show_says_how_a_file_was_read_and_how_fast_it_is(walk, capsys):
    assert run("show", walk) == 0
    text = capsys.readouterr().out
    assert "walk.txt: TUM, because its lines have 8 columns" in text
    assert "camera-to-world, opencv camera axes" in text
    assert "21, 20 a second, 0 to 1 s" in text
    assert "5 of 0.2 s" in text
    assert "0.15 units" in text
    assert "forward (movement against view: +1.00)" in text
    assert "no tick" in text


def test_show_names_the_ticks_that_are_too_fast_and_a_walk_that_goes_backward(walk, capsys):
    run("show", walk, "--scale", "2", "--axes", "opengl")
    text = capsys.readouterr().out
    assert "ticks 0 to 4, up to 2 times the trained speed" in text
    assert "try another --convention or --axes" in text


def test_show_as_json_holds_every_pose_and_row(walk, capsys):
    content = shown(capsys, walk)
    assert content["format"] == "tum"
    assert content["fps"] == pytest.approx(20)
    assert np.allclose(content["times"], np.arange(21) / 20)
    assert np.array(content["c2w"]).shape == (21, 4, 4)
    assert content["c2w"][20][2][3] == pytest.approx(0.15)
    assert np.allclose(content["rows"], parse_pose_line("w-5", clock=ASTRA_CLOCK).rows, atol=1e-6)
    assert content["checks"]["direction"] == "forward"


def test_overrides_change_how_a_file_is_read(walk, capsys):
    content = shown(capsys, walk, "--convention", "w2c", "--fps", "10", "--scale", "3", "--axes", "unreal", "--align")
    assert (content["convention"], content["axes"], content["fps"]) == ("w2c", "unreal", 10)
    assert np.allclose(content["times"], np.arange(21) / 10)
    assert np.allclose(content["c2w"][0], np.eye(4))
    # Unreal's z is up and OpenCV's y down; the inverse of a walk along z goes along -z.
    assert np.allclose(np.array(content["c2w"])[20, :3, 3], [0, 3 * 0.15, 0])


def test_a_chan_file_is_turned_in_the_order_that_is_said(tmp_path, capsys):
    path = tmp_path / "a.chan"
    path.write_text("1 0 0 0 10 20 30\n2 0 0 0 10 20 30\n")
    content = shown(capsys, path, "--euler", "XYZ")
    x, y, z = np.deg2rad([10, 20, 30])
    expected = poses.rotation_z(z) @ poses.rotation_y(y) @ poses.rotation_x(x) @ np.diag([1, -1, -1])
    assert np.allclose(np.array(content["c2w"])[0, :3, :3], expected)


@pytest.mark.parametrize(
    ("out", "to", "title"),
    [
        ("walk.json", [], "Astra JSON"),
        ("camera_path.json", [], "nerfstudio camera path"),
        ("cam.glb", [], "glTF camera animation"),
    ],
)
def test_convert_writes_what_renders_the_same(walk, tmp_path, capsys, out, to, title):
    assert run("convert", walk, tmp_path / out, *to) == 0
    assert f"21 poses from TUM to {title}" in capsys.readouterr().out
    assert np.allclose(
        resolve_trajectory(str(tmp_path / out), clock=ASTRA_CLOCK).rows,
        parse_pose_line("w-5", clock=ASTRA_CLOCK).rows,
        atol=1e-6,
    )


def test_convert_says_that_kitti_has_another_rate(walk, tmp_path, capsys):
    assert run("convert", walk, tmp_path / "poses.txt", "--to", "kitti") == 0
    assert "not in it: its 20 poses a second: readers take 10" in capsys.readouterr().out
    rows = resolve_trajectory(str(tmp_path / "poses.txt"), overrides=Overrides(fps=20), clock=ASTRA_CLOCK).rows
    assert np.allclose(rows, parse_pose_line("w-5", clock=ASTRA_CLOCK).rows, atol=1e-6)


def test_convert_says_what_is_lost(walk, tmp_path, capsys):
    run("convert", walk, tmp_path / "walk.json", "--from", "tum")
    assert "not in it: poses between the ticks" in capsys.readouterr().out


def test_convert_to_a_name_that_says_nothing_is_refused(walk, tmp_path):
    with pytest.raises(TrajectoryError, match="say it with --to"):
        run("convert", walk, tmp_path / "walk.out")


def test_a_file_of_another_format_than_said_is_refused(walk):
    with pytest.raises(TrajectoryError, match=r"line 1 of walk\.txt has 8 columns, expected 12"):
        run("show", walk, "--from", "kitti")


@pytest.mark.parametrize("name", ["a.png", "a.svg"])
def test_plot_draws_a_picture(walk, tmp_path, capsys, name):
    assert run("plot", walk, tmp_path / name) == 0
    assert capsys.readouterr().out == f"{tmp_path / name}\n"
    content = (tmp_path / name).read_bytes()
    assert content[:4] == (b"\x89PNG" if name == "a.png" else b"<?xm")
    assert len(content) > 10_000


def test_plot_draws_a_camera_that_stands_still_and_one_shorter_than_a_tick(tmp_path):
    for count in (2, 9):
        path = tmp_path / f"{count}.txt"
        path.write_text("".join(f"{0.05 * n} 1 2 3 0 0 0 1\n" for n in range(count)))
        assert run("plot", path, tmp_path / "still.png") == 0


@pytest.mark.parametrize("wrong", [["--axes", "maya"], ["--convention", "up"], ["--euler", "xx"], ["--from", "fbx"]])
def test_unknown_words_are_refused_before_the_file_is_read(walk, wrong, capsys):
    with pytest.raises(SystemExit):
        run("show", walk, *wrong)
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has names that are no UTF-8")
def test_plot_draws_a_file_whose_name_is_no_utf_8(walk, tmp_path):
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.tum"))
    odd.write_bytes(walk.read_bytes())
    assert run("plot", odd, tmp_path / "out.png") == 0
    assert (tmp_path / "out.png").stat().st_size > 1000


def test_a_file_with_several_cameras_names_them_and_takes_one(capsys):
    path = CASES / "two.json"
    with pytest.raises(CameraChoice, match=r"holds 2 cameras: camA, camB\. Say which with --camera"):
        run("show", path)
    assert np.allclose(np.array(shown(capsys, path, "--camera", "camB")["c2w"])[:, 0, 3], 0.5)
