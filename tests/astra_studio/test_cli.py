"""The command line on real files, and what it says when something is wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from astra_studio.cli import main
from astra_studio.paths import assets
from engine.video.decode import probe
from engine.video.pictures import load_picture
from tests.builders import DATA, GOLDENS, astra_tensors, write_original_world


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "start.png"
    y, x = np.mgrid[:90, :120]
    Image.fromarray(np.stack([x * 2, y * 2, 255 - x], -1).astype(np.uint8)).save(path)
    return path


def command(picture, tmp_path, *more, world="fake", trajectory="w-8"):
    arguments = {"--image": picture, "--trajectory": trajectory, "--out": tmp_path / "v.mp4", "--world": world}
    given = [str(part) for pair in arguments.items() for part in pair]
    return ["render", *given, *map(str, more)]


def fails(capsys, arguments, *words, code=1):
    """The command fails with one paragraph that has these words, and without a traceback."""
    assert main(arguments) == code
    said = capsys.readouterr().err
    paragraph = said.strip().splitlines()
    told = " ".join(line for line in paragraph if not line.startswith("Opening the world"))
    assert "Traceback" not in said
    for word in words:
        assert word.lower() in told.lower(), told
    return told


# ---------------------------------------------------------------------- what works


def test_a_picture_and_a_pose_line_become_a_video_and_a_report(picture, tmp_path, capsys):
    arguments = command(picture, tmp_path, "--report", tmp_path / "r.json", "--seed", 7, trajectory="w-8 left-4 hold-4")
    assert main(arguments) == 0
    info = probe(tmp_path / "v.mp4")
    assert (info.num_frames, info.width, info.height, info.fps) == (65, 112, 64, 20)
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["complete"]
    assert report["num_frames"] == 65
    assert len(report["action_rows"]) == 16
    assert [chunk["index"] for chunk in report["chunks"]] == [0, 1]
    assert {"seed", "latents_sha256", "seconds"} <= report["chunks"][0].keys()
    assert report["world"]["fingerprint"]
    assert report["settings"]["num_steps"] == 4
    assert "65 frames in 2 chunks" in capsys.readouterr().out
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.json", "start.png", "v.mp4"]


def hashes(picture, tmp_path, *more, world="fake"):
    assert main(command(picture, tmp_path, "--report", tmp_path / "r.json", *more, world=world)) == 0
    return [chunk["latents_sha256"] for chunk in json.loads((tmp_path / "r.json").read_text())["chunks"]]


def test_the_same_seed_gives_the_same_latents_and_another_seed_others(picture, tmp_path, original_world_folder):
    first = hashes(picture, tmp_path, "--seed", 3, world=original_world_folder)
    assert hashes(picture, tmp_path, "--seed", 3, world=original_world_folder) == first
    assert hashes(picture, tmp_path, "--seed", 4, world=original_world_folder) != first


def test_chunks_stretch_a_preset_and_pad_a_pose_line(picture, tmp_path):
    assert len(hashes(picture, tmp_path, "--chunks", 2)) == 2
    assert probe(tmp_path / "v.mp4").num_frames == 65
    report = json.loads((tmp_path / "r.json").read_text())
    assert report["action_rows"][7] != report["action_rows"][8] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]


def test_a_trajectory_that_ends_inside_a_chunk_ends_the_video_there(picture, tmp_path):
    assert main(command(picture, tmp_path, trajectory="w-11")) == 0
    assert probe(tmp_path / "v.mp4").num_frames == 1 + 4 * 11


def test_settings_on_the_command_line_reach_the_report(picture, tmp_path):
    more = ["--guidance", 1.5, "--history-noise", 0.25, "--steps", 3, "--solver", "unipc"]
    hashes(picture, tmp_path, *more)
    settings = json.loads((tmp_path / "r.json").read_text())["settings"]
    assert (settings["guidance"], settings["history_noise"]) == (1.5, 0.25)
    assert (settings["num_steps"], settings["solver"]) == (3, "unipc")


def test_parity_prints_a_line_per_case_and_a_summary(capsys, tmp_path):
    for name in ("scheduler_a.json", "scheduler_a.safetensors"):
        (tmp_path / name).write_bytes((GOLDENS / name).read_bytes())
    assert main(["parity", str(tmp_path)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].startswith(f"parity: {len(lines) - 1} of {len(lines) - 1} cases within limits, worst ")


def test_parity_ends_with_1_when_a_case_is_outside(capsys, tmp_path):
    from safetensors.torch import load_file, save_file

    tensors = load_file(GOLDENS / "scheduler_a.safetensors")
    tensors["shift5_steps8.sigmas"][3] += 1e-3
    save_file(tensors, tmp_path / "scheduler_a.safetensors")
    (tmp_path / "scheduler_a.json").write_bytes((GOLDENS / "scheduler_a.json").read_bytes())
    assert main(["parity", str(tmp_path)]) == 1
    assert "FAIL scheduler_a/shift5_steps8" in capsys.readouterr().out


def start(arguments):
    flags = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP} if sys.platform == "win32" else {}
    code = "import sys; from engine.worlds import fake; fake.FakeWorld.__init__.__defaults__ = (2.0, 112, 64)\n"
    code += "from astra_studio.cli import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **flags
    )


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_leaves_a_playable_file_of_the_finished_chunks(picture, tmp_path):
    report = tmp_path / "r.json"
    process = start(command(picture, tmp_path, "--chunks", 9, "--report", report))
    seen = ""
    while "chunk 2:" not in seen:
        seen += process.stderr.read(1)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    finished = len(json.loads(report.read_text())["chunks"])
    assert not json.loads(report.read_text())["complete"]
    assert 1 <= finished < 9
    assert probe(tmp_path / "v.mp4").num_frames == 1 + 32 * finished
    assert "cancelled: the finished chunks" in out


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
def test_ctrl_c_before_the_first_chunk_leaves_nothing(picture, tmp_path):
    process = start(command(picture, tmp_path, "--chunks", 9))
    seen = ""
    while "chunk 1:" not in seen:
        seen += process.stderr.read(1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing was written" in err
    assert [p.name for p in tmp_path.iterdir()] == ["start.png"]


def test_help_names_the_presets_and_the_moves():
    done = subprocess.run(
        [sys.executable, "-m", "astra_studio.cli", "render", "--help"], capture_output=True, text=True, check=True
    )
    assert "forward-left" in done.stdout
    assert "left turn left" in " ".join(done.stdout.split())


# ---------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--steps", "-3"], ["denoising steps", "whole number", "-3"]),
        (["--steps", "0"], ["denoising steps", "0"]),
        (["--guidance", "nan"], ["guidance", "finite"]),
        (["--guidance", "-1"], ["guidance", "negative"]),
        (["--history-noise", "1"], ["history noise", "0 (clean)"]),
        (["--chunks", "0"], ["chunks", "at least 1"]),
        (["--prompt", "a street"], ["reads no text"]),
        (["--world", "nowhere"], ["no world", "fake"]),
        (["--trajectory", "x-8"], ["pose line", "unknown move 'x'"]),
        (["--trajectory", "walk"], ["no trajectory", "forward"]),
    ],
)
def test_a_request_that_cannot_be_met_is_answered(picture, tmp_path, capsys, more, words):
    fails(capsys, [*command(picture, tmp_path), *more], *words)
    assert [p.name for p in tmp_path.iterdir()] == ["start.png"]


@pytest.mark.parametrize("arguments", [["render"], ["rendr"], ["render", "--steps", "many"]])
def test_a_command_line_that_cannot_be_understood_is_answered(capsys, arguments):
    fails(capsys, arguments, "command line", "--help", code=2)


def test_a_truncated_picture_is_answered(picture, tmp_path, capsys):
    picture.write_bytes(picture.read_bytes()[:200])
    fails(capsys, command(picture, tmp_path), "picture")
    assert not (tmp_path / "v.mp4").exists()


def test_a_missing_picture_is_answered_before_a_world_is_opened(tmp_path, capsys):
    told = fails(capsys, command(tmp_path / "gone.png", tmp_path, world="nowhere"), "picture", "gone.png")
    assert "no world" not in told


@pytest.mark.parametrize(
    ("out", "words"),
    [
        ("missing/v.mp4", ["does not exist"]),
        ("start.png/v.mp4", ["part of its path is a file"]),
        (".", ["is a folder"]),
    ],
)
def test_an_output_path_that_cannot_be_written_is_answered(picture, tmp_path, capsys, out, words):
    fails(capsys, [*command(picture, tmp_path), "--out", str(tmp_path / out)], "cannot be written", *words)


def test_a_report_path_that_cannot_be_written_is_answered_before_rendering(picture, tmp_path, capsys):
    fails(capsys, command(picture, tmp_path, "--report", tmp_path / "no" / "r.json"), "cannot be written")
    assert not (tmp_path / "v.mp4").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="limits file sizes the POSIX way")
def test_a_disk_that_fills_up_while_writing_is_answered(picture, tmp_path):
    limit = "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (3000, 3000))\n"
    code = limit + "import sys; from astra_studio.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, *command(picture, tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "larger than allowed" in " ".join(done.stderr.split())
    assert [p.name for p in tmp_path.iterdir()] == ["start.png"]


def test_a_disk_without_room_is_answered_before_rendering(picture, tmp_path, capsys, monkeypatch):
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1000))
    fails(capsys, command(picture, tmp_path), "no room", "MB are free")


class Bomb:
    def __reduce__(self):
        return (open, ("bomb-went-off", "w"))


def broken_world(tmp_path, kind):
    folder = write_original_world(tmp_path / "world")
    checkpoint = folder / "diffusion_pytorch_model.ckpt"
    tensors = astra_tensors()
    if kind == "code":
        torch.save({"w": Bomb()}, checkpoint)
    elif kind == "truncated":
        checkpoint.write_bytes(checkpoint.read_bytes()[:50_000])
    elif kind == "wrong keys":
        torch.save({f"net.{n}": t for n, t in tensors.items()}, checkpoint)
    elif kind == "NaN":
        tensors["blocks.1.self_attn.q.weight"][0, 0] = float("nan")
        torch.save(tensors, checkpoint)
    elif kind == "no VAE":
        (folder / "Wan2.1_VAE.pth").unlink()
    elif kind == "bad world.json":
        (folder / "world.json").write_text('{"width": -3}')
    return folder


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("code", ["could run a program", "nothing in it was run"]),
        ("truncated", ["cut short", "get it again"]),
        ("wrong keys", ["no Astra checkpoint"]),
        ("NaN", ["NaN or infinite values", "attn1.to_q.weight"]),
        ("no VAE", ["no video autoencoder", "Wan2.1_VAE.pth"]),
        ("bad world.json", ["width", "positive whole number"]),
    ],
)
def test_a_broken_world_is_answered(picture, tmp_path, capsys, monkeypatch, kind, words):
    monkeypatch.chdir(tmp_path)
    fails(capsys, command(picture, tmp_path, world=broken_world(tmp_path, kind)), *words)
    assert not (tmp_path / "v.mp4").exists()
    assert not (tmp_path / "bomb-went-off").exists()


def test_nan_actions_in_a_file_are_answered(picture, tmp_path, capsys):
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"format": "astra-trajectory", "version": 1, "rows": [[float("nan")] * 12]}))
    fails(capsys, command(picture, tmp_path, trajectory=path), "t.json", "nan")


def test_debug_shows_where_an_error_happened(tmp_path, capsys):
    assert main([*command(tmp_path / "gone.png", tmp_path), "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_command_line_starts_without_torch():
    code = "import sys, astra_studio.cli; sys.exit('torch' in sys.modules or 'PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_test_data_holds_no_large_files():
    assert all(path.stat().st_size < 3_000_000 for path in DATA.rglob("*") if path.is_file())


def test_a_clip_is_a_start_and_the_report_says_how_it_was_understood(tmp_path: Path) -> None:
    clip = Path(__file__).parents[1] / "data" / "clips" / "f60.mp4"
    out, report, seen = tmp_path / "a.mp4", tmp_path / "a.json", tmp_path / "start.png"
    arguments = ["render", "--start", str(clip), "--world", "fake", "--trajectory", "w-8", "--out", str(out)]
    assert main([*arguments, "--report", str(report), "--start-png", str(seen)]) == 0
    start = json.loads(report.read_text())["start"]
    assert (start["frames"], start["source_fps"], start["rotation"], start["mirrored"]) == (33, 60, 0, False)
    assert start["times_s"][-1] - start["times_s"][0] == pytest.approx(1.6)
    assert probe(out).num_frames == 33 + 32
    assert load_picture(seen).shape == (64, 112, 3)


def test_no_output_takes_the_place_of_the_start_or_of_another_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "p.jpg"
    picture.write_bytes((assets() / "pictures" / "meadow.jpg").read_bytes())
    before = picture.read_bytes()
    start = ["render", "--image", str(picture), "--world", "fake", "--trajectory", "w-8", "--out"]
    assert main([*start, str(picture)]) != 0
    assert main([*start, str(tmp_path / "a.mp4"), "--report", str(tmp_path / "a.mp4")]) != 0
    assert "Give each file a name of its own" in capsys.readouterr().err
    assert picture.read_bytes() == before
    assert not (tmp_path / "a.mp4").exists()
