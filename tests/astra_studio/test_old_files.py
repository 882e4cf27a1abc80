"""Projects and job files of an older version (tests/data/projects) open, keep every value, go on and export."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from astra_studio.cli import main
from astra_studio.document import take_edits
from astra_studio.document.chunk_files import decode_latents
from astra_studio.document.model import NamedPath, Preset, Project, Recipe, new_id
from astra_studio.document.paths import stored_path
from astra_studio.services.batch.jobs_file import read_jobs
from astra_studio.services.batch.run import Keys
from engine.trajectories.path import Key
from engine.video.decode import probe
from tests.astra_studio.services.generation.test_queue import Rig

OLD = Path(__file__).parents[1] / "data" / "projects"
PROJECTS = ("walk", "bundled", "driving")

WALK_KEYS = (
    Key(time_s=0.0, position=(0.0, 0.0, 0.0)),
    Key(time_s=1.4, position=(0.02, 0.0, 0.21), easing="arc", tangent=(0.0, 0.0, 0.2), pace=0.8),
    Key(time_s=3.2, position=(0.1, -0.02, 0.42), look_at=(0.0, 0.0, 2.0)),
    Key(time_s=4.8, position=(0.3, 0.0, 0.55), easing="linear"),
)
QUICK = (("history_noise_on", "all"), ("num_steps", 3), ("solver", "unipc"))


def said(name: str) -> Any:
    """What the older program said of a file."""
    return json.loads((OLD / f"{name}.json").read_text(encoding="utf-8"))


def differences(old: Any, new: Any, place: str = "") -> list[str]:
    """Where values of the older program are not in the new ones; the new program may say more."""
    if isinstance(old, dict) and isinstance(new, dict):
        gone = [f"{place}/{key} is gone" for key in old.keys() - new.keys()]
        return gone + [
            found for key in old.keys() & new.keys() for found in differences(old[key], new[key], f"{place}/{key}")
        ]
    if isinstance(old, list) and isinstance(new, list | tuple) and len(old) == len(new):
        return [
            found
            for number, pair in enumerate(zip(old, new, strict=True))
            for found in differences(*pair, f"{place}/{number}")
        ]
    return [] if old == new else [f"{place} was {old!r}, is {new!r}"]


@pytest.fixture
def copy(tmp_path: Path) -> Callable[[str], Path]:
    def copied(name: str) -> Path:
        return Path(shutil.copyfile(OLD / f"{name}.astra", tmp_path / f"{name}.astra"))

    return copied


@pytest.fixture
def opened(copy: Callable[[str], Path]) -> Iterator[Callable[[str], Rig]]:
    """Opens copies of old projects with an engine of their own."""
    rigs: list[Rig] = []

    def opened_rig(name: str) -> Rig:
        rigs.append(Rig(copy(name)))
        return rigs[-1]

    yield opened_rig
    for rig in rigs:
        rig.close()


@pytest.mark.parametrize("name", PROJECTS)
def test_every_value_that_was_told_is_still_told(name: str, copy, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["info", str(copy(name)), "--json"]) == 0
    assert differences(said(name), json.loads(capsys.readouterr().out)) == []


def test_what_info_does_not_tell_is_kept_as_well(opened) -> None:
    project: Project = opened("walk").session.project
    first, branch, again, short = project.takes
    path = stored_path(first)
    assert path is not None
    assert path.path.keys == WALK_KEYS
    assert project.presets == (Preset(name="quick", changes=QUICK),)
    assert project.paths == (NamedPath(name="round the hill", actions=first.actions, path=first.path),)
    told = Recipe(
        changes=QUICK,
        prompt="a meadow in spring",
        negative_prompt="blurred",
        seed=2**53 + 1,
        seed_is_locked=True,
    )
    assert first.recipe == told
    assert dict(again.recipe.changes) == dict(QUICK) | {"shift": 4.0}
    assert (short.recipe.seed, short.recipe.seed_is_locked, short.recipe.num_latents) == (2**63 - 1, False, 5)
    assert (project.work_area.start, project.work_area.stop) == (10, 61)
    assert (project.selection.take, project.selection.ticks) == (first.id, (8, 16))
    assert project.selection.compared == again.id
    assert (branch.parent, again.parent) == (first.id, branch.id)


@pytest.mark.parametrize("name", PROJECTS)
def test_every_older_step_can_be_undone_and_redone(name: str, opened) -> None:
    session = opened(name).session
    last = session.project
    steps = 0
    while session.undo_label is not None:
        session.undo()
        steps += 1
    assert steps == len(said(name)["undo_steps"])
    assert session.project.start is None
    while session.redo_label is not None:
        session.redo()
    assert session.project == last


def gone_on(rig):
    """The latents of one chunk more."""
    take = rig.take
    rig.generation.generate(take.id, 1)
    rig.wait()
    assert not rig.generation.status.failures
    assert rig.take.id == take.id, "nothing is stale, so it goes on in the same take"
    assert rig.take.chunks[:-1] == take.chunks
    return decode_latents(rig.session.read(rig.take.chunks[-1].latents))


@pytest.mark.parametrize("name", ["walk", "driving"])
def test_the_next_chunk_is_the_one_that_the_older_program_made(name: str, opened) -> None:
    np.testing.assert_allclose(gone_on(opened(name)), np.load(OLD / f"{name}.npy"), rtol=0, atol=1e-6)


def test_a_take_of_the_bundled_world_goes_on_with_the_weights_that_there_are_now(opened) -> None:
    rig = opened("bundled")
    before = rig.take.chunks[-1]
    latents = gone_on(rig)
    made = rig.take.chunks[-1]
    assert latents.shape == decode_latents(rig.session.read(before.latents)).shape
    assert np.isfinite(latents).all()
    assert made.request.world != before.request.world, "it was trained on since, and the record says so"


@pytest.mark.parametrize("name", PROJECTS)
def test_every_take_can_be_exported(name: str, copy, tmp_path: Path) -> None:
    for number, take in enumerate(said(name)["takes"]):
        out = tmp_path / f"{number}.mp4"
        assert main(["export", str(copy(name)), "--take", take["name"], "--out", str(out)]) == 0
        found = probe(out)
        assert (found.num_frames, found.fps) == (take["num_frames"], 20)
        told = json.loads(Path(f"{out}.astra.json").read_text(encoding="utf-8"))
        assert [chunk["latents_sha256"] for chunk in told["chunks"]] == [
            chunk["latents_sha256"] for chunk in take["chunks"]
        ]


def test_a_loose_chunk_can_be_restored(opened) -> None:
    session = opened("walk").session
    (tip,) = session.loose()
    session.apply(take_edits.restore(tip.id, session.library, new_id()))
    assert [chunk.id for chunk in session.project.current.chunks][-1] == tip.id
    assert not session.loose()


@pytest.mark.parametrize("name", ["jobs-grid", "jobs-list"])
def test_job_files_ask_for_the_same_jobs(name: str) -> None:
    jobs, keys = read_jobs(OLD / f"{name}.toml"), Keys({})
    old = said(name)
    assert len(jobs) == len(old)
    for job, told in zip(jobs, old, strict=True):
        content = json.loads(json.dumps(asdict(job), default=str))
        for place in ("image", "trajectory"):
            content[place] = Path(content[place]).name
        if "key" in told:
            content["key"] = keys.of(job)
        assert differences(told, content) == []
    assert any("key" in told for told in old) == (name == "jobs-grid")
