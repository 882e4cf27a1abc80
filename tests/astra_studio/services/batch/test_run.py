"""Batches: content decides what is skipped, a kill costs the chunk under way, what fails is told; the forecast."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from PIL import Image

from astra_studio.problems import UserError
from astra_studio.services.batch.jobs_file import BatchJob, read_jobs
from astra_studio.services.batch.report import PAGE, REPORT, BatchName, Reporter
from astra_studio.services.batch.run import BatchHooks, BatchResult, forecast, run_batch
from engine.messages import Event
from engine.video.decode import probe
from engine.worlds.fake import FakeWorld

ROOT = Path(__file__).parents[4]
DRIVER = Path(__file__).with_name("batch_driver.py")


def opened(spec: str) -> FakeWorld:
    if spec == "lost":
        raise ValueError("there is no world 'lost'")
    return FakeWorld()


def never(spec: str) -> FakeWorld:
    raise AssertionError(f"the world {spec} must not be opened")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, colour in (("red", (200, 30, 30)), ("blue", (30, 30, 200))):
        Image.new("RGB", (112, 64), colour).save(tmp_path / f"{name}.png")
    return tmp_path


def jobs_of(folder: Path, text: str) -> list[BatchJob]:
    (folder / "jobs.toml").write_text('[defaults]\nworld = "fake"\n' + text, encoding="utf-8")
    return read_jobs(folder / "jobs.toml")


GRID = '[grid]\nimages = ["red.png", "blue.png"]\ntrajectories = ["w-8", "left-8"]\n'
LONG = '[[job]]\nname = "long"\nimage = "red.png"\ntrajectory = "w-8 left-8 w-8 right-8 w-4"\n'


def statuses(results: list[BatchResult]) -> list[str]:
    return [result.status for result in results]


def test_every_job_gets_its_video_and_what_is_there_is_not_made_again(folder):
    jobs, out = jobs_of(folder, GRID), folder / "out"
    results = run_batch(jobs, out, opened)
    assert statuses(results) == ["done"] * 4
    assert all(probe(out / f"{job.name}.mp4").num_frames == 33 for job in jobs)
    again = run_batch(jobs, out, never)
    assert statuses(again) == ["skipped"] * 4
    assert [result.report for result in again] == [result.report for result in results]
    assert not (out / ".unfinished").exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda job: job.replace("seed = 0", "seed = 1"),
        lambda job: job.replace('"w-8"', '"w-7 hold-1"'),
        lambda job: job.replace("seed = 0", "seed = 0\nguidance = 3"),
        lambda job: job.replace("seed = 0", "seed = 0\nchunks = 2"),
        lambda job: job.replace("red.png", "blue.png"),
    ],
)
def test_a_request_of_another_content_is_made_anew_under_the_same_name(folder, change):
    text = '[[job]]\nname = "a"\nimage = "red.png"\ntrajectory = "w-8"\nseed = 0\n'
    out = folder / "out"
    before = run_batch(jobs_of(folder, text), out, opened)[0]
    after = run_batch(jobs_of(folder, change(text)), out, opened)[0]
    assert (before.status, after.status) == ("done", "done")
    assert before.key != after.key


def test_content_is_what_counts_and_not_what_it_is_called(folder):
    """Another name of the job, of the picture and of the move: the same pixels and rows."""
    out = folder / "out"
    run_batch(jobs_of(folder, '[[job]]\nname = "a"\nimage = "red.png"\ntrajectory = "w-8"\n'), out, opened)
    (folder / "red.png").rename(folder / "rot.png")
    renamed = jobs_of(folder, '[[job]]\nname = "b"\nimage = "rot.png"\ntrajectory = "w-4 w-4"\n')
    assert statuses(run_batch(renamed, out, never)) == ["skipped"]
    assert (out / "b.mp4").read_bytes() == (out / "a.mp4").read_bytes()
    Image.new("RGB", (112, 64), (0, 99, 0)).save(folder / "rot.png")
    assert statuses(run_batch(renamed, out, opened)) == ["done"]


@pytest.mark.parametrize("damage", ["gone", "cut", "report", "nonsense"])
def test_a_video_that_is_not_whole_any_more_is_made_again(folder, damage):
    jobs, out = jobs_of(folder, '[[job]]\nname = "a"\nimage = "red.png"\ntrajectory = "w-8"\n'), folder / "out"
    run_batch(jobs, out, opened)
    video, report = out / "a.mp4", out / "a.json"
    if damage == "gone":
        video.unlink()
    elif damage == "cut":
        video.write_bytes(video.read_bytes()[:-100])
    else:
        report.write_text("[1, 2" if damage == "nonsense" else '{"complete": true}')
    assert statuses(run_batch(jobs, out, opened)) == ["done"]


def test_what_fails_is_told_and_the_rest_goes_on(folder):
    (folder / "text.png").write_text("no picture")
    text = """
        [defaults]
        trajectory = "w-8"
        [[job]]
        name = "no picture"
        image = "text.png"
        [[job]]
        name = "no file"
        image = "gone.png"
        [[job]]
        name = "no world"
        image = "red.png"
        world = "lost"
        [[job]]
        name = "no move"
        image = "red.png"
        trajectory = "jump-3"
        [[job]]
        name = "good"
        image = "red.png"
        world = "fake"
        """
    (folder / "jobs.toml").write_text(text)
    results = run_batch(read_jobs(folder / "jobs.toml"), folder / "out", opened)
    assert statuses(results) == ["failed"] * 4 + ["done"]
    reasons = [result.problem.why for result in results[:4]]
    assert ["text.png" in reasons[0], "gone.png" in reasons[1], "lost" in reasons[2], "jump" in reasons[3]] == [
        True
    ] * 4


def test_worlds_are_opened_once_each(folder):
    text = '[grid]\nimages = ["red.png", "blue.png"]\ntrajectories = ["w-8"]\nworlds = ["fake", "other"]\n'
    names: list[str] = []

    def counted(spec: str) -> FakeWorld:
        names.append(spec)
        return FakeWorld()

    results = run_batch(jobs_of(folder, text), folder / "out", counted)
    assert names == ["fake", "other"]
    assert [result.job.world for result in results] == ["fake", "other", "fake", "other"]


# ---------------------------------------------------------------------- stopped and killed


def test_a_batch_that_is_stopped_keeps_its_chunks_and_goes_on_there(folder):
    jobs, out = jobs_of(folder, LONG + GRID), folder / "out"
    told: list[int] = []

    def stop(_number: int, num_chunks: int) -> None:
        told.append(num_chunks)

    jobs = sorted(jobs, key=lambda job: job.name != "long")
    results = run_batch(jobs, out, opened, BatchHooks(chunk_done=stop, cancelled=lambda: len(told) >= 2))
    assert statuses(results) == ["cancelled"] * 5
    assert not list(out.glob("*.mp4"))
    steps: list[Event] = []
    again = run_batch(jobs, out, opened, BatchHooks(listener=steps.append))
    assert statuses(again) == ["done"] * 5
    assert steps[0].chunk == 2
    whole = run_batch(jobs[:1], folder / "whole", opened)
    assert (out / "long.mp4").read_bytes() == (folder / "whole" / "long.mp4").read_bytes()
    hashes = [[chunk["latents_sha256"] for chunk in each.report["chunks"]] for each in (again[0], whole[0])]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) == 5


def test_a_batch_that_is_killed_loses_only_the_chunk_under_way(folder):
    jobs, out = jobs_of(folder, LONG), folder / "out"
    program = subprocess.Popen(
        [sys.executable, str(DRIVER), str(folder / "jobs.toml"), str(out), "0.4"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert program.stdout is not None
    with program, program.stdout as lines:
        for line in lines:
            if line == "chunk 0 3\n":
                program.send_signal(signal.SIGKILL)
                break
    assert not (out / "long.mp4").exists()
    leftover, strange = out / ".long.mp4.0123456789ab.part", out / ".other.mp4.0123456789ab.part"
    for part in (leftover, strange):
        part.touch()
    begun: list[int] = []
    hooks = BatchHooks(listener=lambda event: begun.append(event.chunk))
    assert statuses(run_batch(jobs, out, opened, hooks)) == ["done"]
    assert min(begun) == 3
    assert (leftover.exists(), strange.exists()) == (False, True)
    run_batch(jobs, folder / "whole", opened)
    assert (out / "long.mp4").read_bytes() == (folder / "whole" / "long.mp4").read_bytes()


def test_kept_chunks_of_another_request_or_damaged_ones_are_not_used(folder):
    jobs, out = jobs_of(folder, LONG), folder / "out"
    told: list[int] = []
    hooks = BatchHooks(chunk_done=lambda _number, count: told.append(count), cancelled=lambda: len(told) >= 3)
    run_batch(jobs, out, opened, hooks)
    kept = sorted((out / ".unfinished" / "long").glob("chunk-*.npz"))
    assert len(kept) == 3
    kept[1].write_bytes(kept[1].read_bytes()[:500])
    begun: list[int] = []
    listening = BatchHooks(listener=lambda event: begun.append(event.chunk))
    run_batch(jobs, out, opened, listening)
    assert min(begun) == 1
    told.clear()
    run_batch(jobs_of(folder, LONG + "seed = 5\n"), out, opened, hooks)
    begun.clear()
    run_batch(jobs_of(folder, LONG + "seed = 6\n"), out, opened, listening)
    assert min(begun) == 0


def test_two_batches_do_not_write_into_one_folder(folder):
    jobs, out = jobs_of(folder, GRID), folder / "out"
    is_under_way, may_go_on = threading.Event(), threading.Event()

    def wait(_number: int, _job: BatchJob) -> None:
        is_under_way.set()
        assert may_go_on.wait(20)

    first = threading.Thread(target=lambda: run_batch(jobs, out, opened, BatchHooks(began=wait)))
    first.start()
    try:
        assert is_under_way.wait(20)
        with pytest.raises(UserError, match="in use"):
            run_batch(jobs, out, never)
    finally:
        may_go_on.set()
        first.join()
    assert statuses(run_batch(jobs, out, never)) == ["skipped"] * 4


# ---------------------------------------------------------------------- the forecast


def test_the_forecast_knows_chunks_disk_and_what_cannot_be(folder):
    text = LONG + GRID + '[[job]]\nname = "x"\nimage = "gone.png"\ntrajectory = "w-8"\n'
    jobs, out = jobs_of(folder, text), folder / "out"
    told = forecast(jobs, out, lambda spec: opened(spec).info)
    assert (told.num_chunks, told.num_present, told.seconds) == (9, 0, None)
    assert [job.job.name for job in told.problems] == ["x"]
    assert told.has_room
    by_name = {job.job.name: job for job in told.jobs}
    assert by_name["long"].num_chunks == 5
    assert told.num_bytes > by_name["long"].num_kept_bytes > 0
    assert not out.exists()


def test_time_is_learned_from_the_chunks_that_were_made(folder):
    jobs, out = jobs_of(folder, GRID), folder / "out"
    run_batch(jobs[:1], out, lambda _spec: FakeWorld(0.2))
    told = forecast(jobs, out, lambda spec: opened(spec).info)
    assert told.num_present == 1
    assert told.seconds is not None
    assert 3 * 0.2 <= told.seconds < 10


# ---------------------------------------------------------------------- the report


def test_the_report_has_every_job_with_its_pictures_way_settings_and_times(folder):
    text = LONG + GRID + '[[job]]\nname = "x <b>"\nimage = "gone&.png"\ntrajectory = "w-8"\n'.replace("<b>", "b")
    jobs, out = jobs_of(folder, text), folder / "out"
    reporter = Reporter(BatchName(title="Night & <day>", out=out))
    run_batch(jobs, out, opened, BatchHooks(reported=reporter.update))
    content = json.loads((out / REPORT).read_text())
    assert content["counts"] == {"done": 5, "skipped": 0, "failed": 1, "cancelled": 0, "waiting": 0}
    long = next(job for job in content["jobs"] if job["name"] == "long")
    assert (long["num_chunks"], long["num_frames"], long["video"]) == (5, 145, "long.mp4")
    assert long["settings"]["guidance"] == 2.0
    assert len({chunk["seed"] for chunk in long["chunks"]}) == 5
    page = (out / PAGE).read_text(encoding="utf-8")
    assert "Night &amp; &lt;day&gt;" in page
    assert "gone&amp;.png" in page
    assert ".. " not in page
    assert page.count("<article") == 6
    assert page.count("data:image/jpeg;base64,") == 6 + 4 * 2  # the start, and the end of every chunk
    assert page.count("Way from above") == 12  # a title and a label each
    assert "One job has failed" in page
    assert "prefers-color-scheme:dark" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert not list(out.glob("*.part"))


def test_pictures_are_kept_for_the_next_report_and_made_again_where_they_are_gone(folder):
    jobs, out = jobs_of(folder, GRID), folder / "out"

    def reported() -> str:
        reporter = Reporter(BatchName(title="a", out=out))
        run_batch(jobs, out, opened, BatchHooks(reported=reporter.update))
        return (out / PAGE).read_text(encoding="utf-8")

    assert reported().count("data:image/jpeg") == 8
    pictures = sorted((out / "pictures").iterdir())
    stamps = [path.stat().st_mtime_ns for path in pictures[1:]]
    pictures[0].unlink()
    assert reported().count("data:image/jpeg") == 8
    assert [path.stat().st_mtime_ns for path in pictures[2:]] == stamps[1:]


def test_a_report_of_strangers_does_not_stop_a_batch(folder):
    jobs, out = jobs_of(folder, GRID), folder / "out"
    run_batch(jobs, out, opened)
    report = json.loads((out / f"{jobs[0].name}.json").read_text())
    report["chunks"] = [{"num_frames": "x"}]
    report["action_rows"] = [[1, 2]]
    (out / f"{jobs[0].name}.json").write_text(json.dumps(report))
    reporter = Reporter(BatchName(title="a", out=out))
    run_batch(jobs, out, opened, BatchHooks(reported=reporter.update))
    assert (out / PAGE).is_file()
