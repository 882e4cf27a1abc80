"""JOBS.toml: grids, lists, defaults, names; and every mistake in it is answered with line and key."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from astra_studio.problems import UserError
from astra_studio.services.batch.jobs_file import BatchJob, read_jobs
from astra_studio.services.batch.page import Card, page
from astra_studio.services.batch.run import BatchResult
from engine.trajectories.formats.protocol import Overrides


def jobs_of(folder: Path, text: str | bytes) -> list[BatchJob]:
    path = folder / "jobs.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_jobs(path)


def refusal(folder: Path, text: str | bytes) -> str:
    with pytest.raises(UserError) as caught:
        jobs_of(folder, text)
    problem = caught.value.problem
    assert problem.what == "The jobs in jobs.toml cannot be understood"
    assert "docs/batch.md" in problem.todo
    return problem.why


def test_a_grid_is_every_combination_in_the_order_of_its_lists(tmp_path):
    jobs = jobs_of(
        tmp_path,
        """
        [grid]
        images = ["a.png", "b.png"]
        trajectories = ["w-8", "orbit-left"]
        guidance = [1.0, 2.0]
        """,
    )
    assert len(jobs) == 8
    assert [job.name for job in jobs[:3]] == ["a_w-8_guidance1.0", "a_w-8_guidance2.0", "a_orbit-left_guidance1.0"]
    assert {job.image for job in jobs} == {(tmp_path / name).resolve() for name in ("a.png", "b.png")}
    assert jobs[1].changes == (("guidance", 2.0),)


def test_what_is_the_same_in_all_jobs_is_in_no_name(tmp_path):
    text = '[grid]\nimages = ["a.png"]\ntrajectories = ["w-8"]\nseeds = [3]\n[defaults]\nsteps = 7\n'
    (job,) = jobs_of(tmp_path, text)
    assert job.name == "a_w-8"
    assert (job.seed, job.changes) == (3, (("num_steps", 7),))


def test_grids_and_jobs_stand_side_by_side_and_defaults_hold_for_all(tmp_path):
    jobs = jobs_of(
        tmp_path,
        """
        [defaults]
        world = "fake"
        trajectory = "w-8"
        chunks = 2
        [[grid]]
        images = ["a.png"]
        seeds = [1, 2]
        [[grid]]
        images = ["b.png"]
        [[job]]
        name = "by hand"
        image = "c.png"
        seed = 9
        prompt = "a road"
        chunks = 1
        """,
    )
    assert [job.name for job in jobs] == ["a_w-8_seed1", "a_w-8_seed2", "b_w-8", "by hand"]
    assert [job.num_chunks for job in jobs] == [2, 2, 2, 1]
    assert {job.world for job in jobs} == {"fake"}
    assert (jobs[3].prompt, jobs[3].seed) == ("a road", 9)


def test_pictures_may_be_a_pattern(tmp_path):
    (tmp_path / "pictures").mkdir()
    for name in ("b.jpg", "a.jpg", "c.png"):
        (tmp_path / "pictures" / name).touch()
    jobs = jobs_of(tmp_path, '[grid]\nimages = ["pictures/*.jpg", "x.png"]\ntrajectories = ["w-8"]\n')
    assert [job.image.name for job in jobs] == ["a.jpg", "b.jpg", "x.png"]
    absolute = f'[grid]\nimages = ["{tmp_path.as_posix()}/pictures/*.png"]\ntrajectories = ["w-8"]\n'
    assert [job.image.name for job in jobs_of(tmp_path, absolute)] == ["c.png"]


def test_paths_are_seen_from_the_file_and_camera_files_may_be_read_as_said(tmp_path):
    (tmp_path / "walk.txt").touch()
    jobs = jobs_of(
        tmp_path,
        """
        [grid]
        images = ["a.png"]
        trajectories = [
            "walk.txt",
            { file = "walk.txt", scale = 0.5, convention = "w2c", euler = "ZXY", format = "tum" },
        ]
        """,
    )
    assert [job.trajectory for job in jobs] == [str((tmp_path / "walk.txt").resolve())] * 2
    assert jobs[0].overrides is None
    assert jobs[1].overrides == Overrides(scale=0.5, convention="w2c", euler="zxy")
    assert jobs[1].trajectory_format == "tum"
    assert jobs[0].trajectory_words == "walk.txt"
    assert jobs[0].name == "a_walk"
    assert jobs[1].name.startswith("a_walk_")


def test_jobs_of_one_name_are_told_apart(tmp_path):
    text = '[grid]\nimages = ["one/a.png", "two/A.png"]\ntrajectories = ["w-8"]\n'
    names = [job.name for job in jobs_of(tmp_path, text)]
    assert names[0] == "a_w-8"
    assert names[1].startswith("A_w-8-")
    assert names == [job.name for job in jobs_of(tmp_path, text)]


def test_a_name_fits_every_disk(tmp_path):
    line = " ".join(f"w+left-{n}" for n in range(1, 90))
    (job,) = jobs_of(tmp_path, f'[[job]]\nimage = "a:b?.png"\ntrajectory = "{line}"\n')
    assert len(job.name) <= 100
    assert not set(job.name) & set('/\\:*?"<>| ')


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "neither a [grid] nor a [[job]]"),
        ("[grid", "It is not TOML: Expected ']' at the end of a table declaration (at end of document)"),
        ("a = 1\nb = = 2\n", "(at line 2, column 5)"),
        (b"\xff\xfe[\x00", "It is not UTF-8 text: byte 0"),
        ("job = 3\n", "Line 1, job: Write [[job]] on a line of its own"),
        ("grid = 3\n", "Line 1, grid: Write [grid] on a line of its own"),
        ("[jobs]\n", "Line 1, jobs: There may be defaults, grid, job, not 'jobs'"),
        ("defaults = 3\n", "Line 1, defaults: [defaults] is a table"),
        (
            "[defaults]\nguidence = 2\n",
            "Line 2, [defaults], guidence: there is no key 'guidence'. Did you mean guidance?",
        ),
        ("[grid]\nimage = ['a']\n", "Line 2, [grid], image: there is no key 'image'. Did you mean images?"),
        ("[grid]\nimages = 'a.png'\ntrajectories = ['w-8']\n", "Line 2, [grid], images: images is a list"),
        ("[grid]\ntrajectories = ['w-8']\n", "Line 1, [grid]: it needs images"),
        ("[grid]\nimages = ['*.jpg']\ntrajectories = ['w-8']\n", "no picture is called '*.jpg'"),
        (
            "\n[[job]]\nimage = 'a'\ntrajectory = 'w-8'\n[[job]]\nimage = 'b'\n",
            "Line 5, [[job]] 2: it needs trajectory",
        ),
        ("[[job]]\nimage = 3\ntrajectory = 'w-8'\n", "Line 2, [[job]] 1, image: image is the path of a picture"),
        ("[[job]]\nimage = 'a'\ntrajectory = 8\n", "Line 3, [[job]] 1, trajectory: a trajectory is a preset"),
        ("[[job]]\nimage = 'a'\ntrajectory = { file = 'w', speed = 2 }\n", "a trajectory has no 'speed'"),
        ("[[job]]\nimage = 'a'\ntrajectory = { file = 'w', scale = 'x' }\n", "scale of the trajectory cannot be 'x'"),
        ("[[job]]\nimage = 'a'\ntrajectory = { file = 'w', axes = 'maya' }\n", "unknown camera axes 'maya'"),
        ("[[job]]\nimage = 'a'\ntrajectory = { file = 'w', format = 'fbx' }\n", "unknown trajectory format 'fbx'"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nseed = 1.5\n", "Line 4, [[job]] 1, seed: seed is a whole number"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nseed = true\n", "seed is a whole number, not True"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nchunks = 0\n", "chunks is at least 1, not 0"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nguidance = 'x'\n", "Line 4, [[job]] 1, guidance: guidance must be"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nname = 'a/b'\n", "a file cannot be called 'a/b'"),
        ("[[job]]\nimage = 'a'\ntrajectory = 'w-8'\nname = '..'\n", "a file cannot be called '..'"),
        (
            "[defaults]\nimage='a'\ntrajectory='w-8'\n[[job]]\nname='x'\n[[job]]\nname='X'\n",
            "Line 7, [[job]] 2, name: Another job is called 'X' already",
        ),
        (
            "[grid]\nimages = ['a']\ntrajectories = ['w-8']\nhistory_noise = [0.1, 2]\n",
            "Line 4, [grid], history_noise: history noise must lie in 0",
        ),
        (
            "[grid]\nimages = ['a']\ntrajectories = ['w-8', 5]\n",
            "Line 3, [grid], trajectories: a trajectory is a preset",
        ),
        (f"[defaults]\nimage='a'\ntrajectory='w-8'\n[grid]\nseeds = {list(range(10_001))}\n", "more than 10,000 jobs"),
    ],
)
def test_a_mistake_is_answered_with_line_and_key(tmp_path, text, words):
    assert words in refusal(tmp_path, text)


def test_a_file_that_is_none_is_told(tmp_path):
    for path, words in ((tmp_path / "gone.toml", "There is no such file"), (tmp_path, "It is a folder")):
        with pytest.raises(UserError) as caught:
            read_jobs(path)
        assert words in caught.value.problem.why


def test_a_file_of_another_program_is_told(tmp_path):
    assert "It is not TOML" in refusal(tmp_path, "{" * 100_000)
    assert "larger than 4 MB" in refusal(tmp_path, "# " * 3_000_000)


# ---------------------------------------------------------------------- settings of another package's world


def test_settings_of_any_world_are_keys_of_its_jobs(tmp_path, installed_world_folder):
    jobs = jobs_of(
        tmp_path,
        f"""
        [defaults]
        world = "{installed_world_folder.as_posix()}"
        weather = "rain"
        [grid]
        images = ["a.png"]
        trajectories = ["w-8"]
        wind = [-1.0, 0.5]
        """,
    )
    assert [job.changes for job in jobs] == [
        (("weather", "rain"), ("wind", -1.0)),
        (("weather", "rain"), ("wind", 0.5)),
    ]
    assert [job.name for job in jobs] == ["a_w-8_wind-1.0", "a_w-8_wind0.5"]
    html = page("Batch", [Card(result=BatchResult(job=job, key="", status="waiting")) for job in jobs], datetime.now())
    assert "Wind" in html
    assert "Weather" in html
    assert "-1" in html


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("wind = 3", "Line 5, [[job]] 1, wind: wind must be a number from -1 up to 1, got 3"),
        ("guidance = 2", "has no setting guidance. There are wind, weather, passes"),
        ("winds = 1", "there is no key 'winds'. Did you mean wind?"),
    ],
)
def test_a_mistake_in_them_is_answered_as_any_other(tmp_path, installed_world_folder, line, words):
    world = installed_world_folder.as_posix()
    text = f'[[job]]\nimage = "a"\ntrajectory = "w-8"\nworld = "{world}"\n{line}\n'
    assert words in refusal(tmp_path, text)


def test_a_setting_of_another_kind_of_world_is_refused_with_those_of_this_one(tmp_path, installed_world_folder):
    why = refusal(tmp_path, '[[job]]\nimage = "a"\ntrajectory = "w-8"\nwind = 1\n')
    assert "Line 4, [[job]] 1, wind: the world small-astra has no setting wind. There are guidance" in why
