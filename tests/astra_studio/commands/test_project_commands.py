"""`export`, `info`, `doctor` and `batch` on real files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from astra_studio.cli import main
from astra_studio.document import key_edits, take_edits
from astra_studio.document.model import ParameterKey, new_project
from astra_studio.services.export.restore import restored
from engine.video.decode import probe
from tests.astra_studio.services.generation.test_queue import PICTURE, Rig


@pytest.fixture
def project(tmp_path: Path) -> Path:
    rig = Rig(tmp_path / "walk.astra")
    rig.add_start()
    rig.plan("w-8 left-8")
    rig.generation.generate(rig.take.id)
    rig.wait()
    rig.close()
    return tmp_path / "walk.astra"


def test_info_tells_takes_chunks_and_settings(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(project), "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (take,) = content["takes"]
    assert take["name"] == "Take 1"
    assert [chunk["num_frames"] for chunk in take["chunks"]] == [33, 32]
    assert np.array(take["rows"]).shape == (16, 12)
    assert take["chunks"][0]["settings"]["num_steps"] == 4
    assert main(["info", str(project)]) == 0
    assert "65 frames" in capsys.readouterr().out


def test_export_writes_a_chunk_with_its_description(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "second.mp4"
    assert main(["export", str(project), "--take", "Take 1", "--chunks", "2", "--out", str(out), "--hud"]) == 0
    assert probe(out).num_frames == 32
    described = json.loads((tmp_path / "second.mp4.astra.json").read_text())
    assert described["parts"] == [[33, 65]]
    assert len(described["chunks"][1]["rows"]) == 8


def test_the_hud_lights_the_key_that_is_held(project: Path, tmp_path: Path) -> None:
    for name, more in (("plain", []), ("hud", ["--hud"])):
        assert main(["export", str(project), "--out", str(tmp_path / name), "--range", "10:11", *more]) == 0
    plain, hud = (np.array(Image.open(tmp_path / name / "000000.png")).astype(int) for name in ("plain", "hud"))
    assert np.abs(plain - hud)[:20].max() == 0
    amber = (np.abs(hud - np.array([242, 179, 61])).max(-1) < 12).sum()
    assert amber > 10


def test_keys_are_told_exported_and_brought_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rig = Rig(tmp_path / "keyed.astra")
    rig.add_start()
    rig.plan("w-8 left-8")
    keys = (
        ParameterKey(parameter="guidance", tick=0, value=1.0),
        ParameterKey(parameter="guidance", tick=16, value=3.0),
    )
    rig.session.apply(key_edits.set_keys(rig.take.id, keys, "Set keys"))
    rig.generation.generate(rig.take.id)
    rig.wait()
    rig.session.apply(take_edits.lock(rig.take.id, [rig.take.chunks[0].id], True))
    rig.close()
    assert main(["info", str(tmp_path / "keyed.astra"), "--json"]) == 0
    (take,) = json.loads(capsys.readouterr().out)["takes"]
    told = [(key["tick"], key["value"], key["easing"]) for key in take["keys"]]
    assert told == [(0, 1.0, "linear"), (16, 3.0, "linear")]
    assert [chunk["settings"]["guidance"] for chunk in take["chunks"]] == [1.0, 2.0]
    assert [(chunk["keyed"], chunk["is_locked"]) for chunk in take["chunks"]] == [
        (["guidance"], True),
        (["guidance"], False),
    ]
    assert take["settings"]["guidance"] == 3.0, "the next chunk begins at tick 16"
    assert main(["export", str(tmp_path / "keyed.astra"), "--out", str(tmp_path / "keyed.mp4")]) == 0
    project = new_project("fake")
    found = restored(tmp_path / "keyed.mp4", project)
    assert found is not None
    assert found.edit.change(project).current.keys == keys


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--take", "Nobody"], "Take 1"),
        (["--chunks", "5"], "chunks 1 to 2"),
        (["--range", "90:99"], "frames 0 to 64"),
        (["--range", "x"], "33:97"),
        (["--range", "60:66"], "frames 0 to 64"),
    ],
)
def test_what_cannot_be_exported_is_explained(
    project: Path, tmp_path: Path, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", str(project), "--out", str(tmp_path / "o.mp4"), *arguments]) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert words in said
    assert not (tmp_path / "o.mp4").exists()


def test_a_file_that_is_no_project_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = tmp_path / "wrong.astra"
    wrong.write_bytes(b"rubbish" * 100)
    assert main(["info", str(wrong)]) == 1
    assert "not an Astra Studio project" in capsys.readouterr().err


def test_doctor_tells_what_is_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["cores"] >= 1
    assert content["libraries"]["torch"]
    assert "small-astra" in [world["name"] for world in content["worlds"]]
    assert content["qt"]["platform"] == "offscreen"
    assert {"jpeg", "png", "svg", "webp"} <= set(content["qt"]["pictures"])
    assert content["torch"]["version"]
    assert all(content["encoders"].values())
    assert content["memory"]["total_gb"] >= content["memory"]["free_gb"] > 0
    assert isinstance(content["problems"], list)


def test_doctor_tells_people_what_is_missing_and_where_it_comes_from(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("astra_studio.services.machine.machine._probe", lambda _part: {"problem": "not asked here"})
    assert main(["doctor"]) == 1, "without torch no world can be used"
    said = capsys.readouterr().out
    assert "World small-astra: ready" in said
    assert "missing: the video autoencoder" in said
    assert "Wan2.1_VAE.pth" in said


def test_an_otio_file_is_a_timeline_of_all_takes(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "walk.otio"
    assert main(["export", str(project), "--out", str(out)]) == 0
    assert [track["name"] for track in json.loads(out.read_text())["tracks"]["children"]] == ["Take 1"]
    assert probe(tmp_path / "walk-media" / "take-1.mp4").num_frames == 65
    assert main(["export", str(project), "--out", str(out), "--chunks", "1"]) == 1
    assert "whole takes" in " ".join(capsys.readouterr().err.split())


def write_jobs(tmp_path: Path, more: str = "") -> Path:
    jobs = tmp_path / "jobs.toml"
    jobs.write_text(
        f"""
[defaults]
world = "fake"

[grid]
images = ["{PICTURE.resolve()}"]
trajectories = ["w-8", "left-8"]
seeds = [1, 2]
{more}
"""
    )
    return jobs


def test_batch_renders_a_grid_skips_what_is_there_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    jobs, out = write_jobs(tmp_path), tmp_path / "out"
    assert main(["batch", str(jobs), "--out", str(out), "--dry-run"]) == 0
    assert "4 chunks to make" in capsys.readouterr().out
    assert not out.exists()
    assert main(["batch", str(jobs), "--out", str(out)]) == 0
    videos = sorted(out.glob("*.mp4"))
    assert len(videos) == 4
    stamps = [video.stat().st_mtime_ns for video in videos]
    videos[0].unlink()
    assert main(["batch", str(jobs), "--out", str(out)]) == 0
    content = json.loads((out / "report.json").read_text())
    assert sorted(job["status"] for job in content["jobs"]) == ["done", "skipped", "skipped", "skipped"]
    assert [video.stat().st_mtime_ns for video in videos][1:] == stamps[1:]
    page = (out / "report.html").read_text()
    assert all(f'href="{video.name}"' in page for video in videos)


def test_a_job_that_fails_is_told_and_the_rest_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    more = '\n[[job]]\nname = "broken"\nimage = "nowhere.png"\ntrajectory = "w-8"\n'
    out = tmp_path / "out"
    assert main(["batch", str(write_jobs(tmp_path, more)), "--out", str(out)]) == 1
    jobs = {job["name"]: job for job in json.loads((out / "report.json").read_text())["jobs"]}
    assert jobs["broken"]["status"] == "failed"
    assert "nowhere.png" in jobs["broken"]["problem"]["why"]
    assert sum(job["status"] == "done" for job in jobs.values()) == 4


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither"),
        ("[grid]\nimages = []", "Line 2, [grid], images: images is a list with at least one entry"),
        ("[[job]]\nimage = 'a.png'", "Line 1, [[job]] 1: it needs trajectory"),
        ("[[job]]\nimage = 'a.png'\ntrajectory = 'w-8'\nguidence = 2", "guidence"),
        ("nonsense", "not TOML"),
    ],
)
def test_a_jobs_file_that_cannot_be_understood(
    tmp_path: Path, text: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "jobs.toml").write_text(text)
    assert main(["batch", str(tmp_path / "jobs.toml"), "--out", str(tmp_path / "out")]) == 1
    assert words in " ".join(capsys.readouterr().err.split())
