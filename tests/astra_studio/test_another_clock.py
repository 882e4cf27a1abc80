"""A world of another clock: 16 frames a second, 8 frames per latent, 5 latents per chunk, faster than the released one.

It is authored, generated, scrubbed, exported, rendered and batched; what is checked is rates and lengths.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from astra_studio.document import action_edits, edits, path_edits, take_edits
from astra_studio.document.actions import actions_of
from astra_studio.document.derived import latents_per_chunk, slots, total_frames
from astra_studio.document.encoding import decode_project, encode_project
from astra_studio.document.model import new_id
from astra_studio.document.paths import Drawn, poses_of_take
from astra_studio.services.batch.jobs_file import read_jobs
from astra_studio.services.batch.run import run_batch
from astra_studio.services.export.export import ExportRequest, export
from astra_studio.services.playback.player import Player
from astra_studio.services.rendering.render import RenderRequest, render
from engine.actions.pose_line import parse_pose_line
from engine.clock import ASTRA_CLOCK, Clock
from engine.trajectories.path import CameraPath, Key
from engine.worlds.fake import FakeWorld
from engine.worlds.kinds.fake import FakeKind
from engine.worlds.registry import open_world
from tests.astra_studio.services.generation.test_queue import PICTURE, Rig

OTHER = Clock(fps=16, frames_per_latent=8, latents_per_chunk=5, trained_speed=0.1, trained_turn=0.05)
SPEC = "fake:fps=16,frames_per_latent=8,latents_per_chunk=5,trained_speed=0.1,trained_turn=0.05"
PATH = CameraPath(keys=(Key(time_s=0.0, position=(0.0, 0.0, 0.0)), Key(time_s=5.0, position=(0.0, 0.0, 1.0))))


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A path of five seconds, drawn before any world is open, and all of its chunks."""
    made = Rig(tmp_path_factory.mktemp("clock") / "walk.astra", SPEC)
    made.add_start()
    made.session.apply(path_edits.set_path(made.take.id, Drawn(path=PATH)))
    assert (made.take.clock, len(made.take.actions)) == (ASTRA_CLOCK, 25)
    made.generation.open_world()
    made.mail.run_until(lambda: made.session.project.world.info is not None, 30)
    made.generation.generate(made.take.id)
    made.wait()
    yield made
    made.close()


def rate_and_frames(path: Path) -> tuple[float, int, float]:
    """Frames per second, frames and seconds of a video, as PyAV reads it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        shown = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
        step = float(np.median(np.diff(shown)))
        return float(stream.average_rate), len(shown), shown[-1] - shown[0] + step


def test_its_name_says_the_clock():
    assert open_world(SPEC, {}).info.clock == OTHER
    made = FakeKind().open(f"{SPEC.removeprefix('fake:')},0.25", "cpu")
    assert isinstance(made, FakeWorld)
    assert (made.info.clock, made.seconds_per_chunk) == (OTHER, 0.25)
    for wrong in ("fake:fps=no", "fake:speed=3", "fake:fps=0"):
        with pytest.raises(ValueError, match="is no fake world"):
            open_world(wrong, {})


def test_a_take_goes_over_to_the_clock_of_the_world_that_is_opened(rig: Rig) -> None:
    assert rig.take.clock == OTHER
    assert len(rig.take.actions) == 10, "five seconds of half a second each"
    ends = poses_of_take(rig.take)[[0, -1], 2, 3]
    assert ends == pytest.approx([0, 1], abs=1e-5)


def test_its_chunks_have_its_lengths(rig: Rig) -> None:
    project, take = rig.session.project, rig.take
    assert latents_per_chunk(project, take) == 5
    assert [(chunk.num_ticks, chunk.num_frames) for chunk in take.chunks] == [(5, 41), (5, 40)]
    assert {chunk.clock for chunk in take.chunks} == {OTHER}
    assert total_frames(project, take) == 81
    assert [(slot.start, slot.stop) for slot in slots(project, take)] == [(0, 5), (5, 10)]


def test_it_is_kept_and_comes_back(rig: Rig) -> None:
    project = rig.session.project
    assert decode_project(encode_project(project), rig.session.library) == project


def test_the_player_steps_by_its_ticks_and_plays_at_its_rate(rig: Rig) -> None:
    player = Player(rig.session, rig.mail.post)
    try:
        assert (player.fps, player.num_frames) == (16, 81)
        player.step_ticks(1)
        assert player.frame == 8
        player.step_frames(-3)
        player.step_ticks(1)
        assert player.frame == 8
        player.seek(0)
        player.play()
        player.advance(0.0)
        for step in range(1, 6):
            player.advance(step / 5)
        assert player.frame == 16, "a second of it"
    finally:
        player.close()


def test_an_export_has_its_rate_and_its_length(rig: Rig, tmp_path: Path) -> None:
    for name in ("take.mp4", "take.mkv"):
        export(ExportRequest(project=rig.session.path, take=rig.take, out=tmp_path / name))
        rate, frames, seconds = rate_and_frames(tmp_path / name)
        assert (rate, frames) == (16, 81)
        assert seconds == pytest.approx(81 / 16, abs=1e-3)
    record = json.loads((tmp_path / "take.mp4.astra.json").read_text())
    assert (record["fps"], record["clock"]) == (16, OTHER.as_record())


def test_a_render_and_its_report_have_it_too(tmp_path: Path) -> None:
    request = RenderRequest(image=PICTURE, trajectory="w-7", out=tmp_path / "walk.mp4", report=tmp_path / "walk.json")
    render(request, lambda: FakeWorld(clock=OTHER))
    rate, frames, seconds = rate_and_frames(tmp_path / "walk.mp4")
    assert (rate, frames) == (16, 57)
    assert seconds == pytest.approx(57 / 16, abs=1e-3)
    report = json.loads((tmp_path / "walk.json").read_text())
    assert report["world"]["clock"] == OTHER.as_record()
    assert [chunk["num_latents"] for chunk in report["chunks"]] == [5, 2]
    assert np.array(report["action_rows"])[:, 11] == pytest.approx(np.full(7, -0.1)), "at its own trained speed"


def test_a_batch_has_it_too(tmp_path: Path) -> None:
    (tmp_path / "jobs.toml").write_text(
        f'[[job]]\nname = "one"\nworld = "{SPEC}"\nimage = "{PICTURE.resolve().as_posix()}"\n'
        'trajectory = "w-5 left-3"\n'
    )
    (result,) = run_batch(read_jobs(tmp_path / "jobs.toml"), tmp_path / "out", lambda spec: open_world(spec, {}))
    assert (result.status, result.problem) == ("done", None)
    assert rate_and_frames(tmp_path / "out" / "one.mp4")[:2] == (16, 65)


# ---------------------------------------------------------------------- between clocks


def test_rows_without_keys_go_the_same_way_in_the_same_seconds(tmp_path: Path) -> None:
    made = Rig(tmp_path / "rows.astra", SPEC)
    try:
        made.session.apply(
            action_edits.set_actions(made.take.id, actions_of(parse_pose_line("w-20 left-5", clock=ASTRA_CLOCK)))
        )
        before = poses_of_take(made.take)
        made.session.apply(edits.world_opened(SPEC, FakeWorld(clock=OTHER).info))
        after = poses_of_take(made.take)
        assert len(made.take.actions) == 10
        assert after[-1] == pytest.approx(before[-1], abs=1e-5)
        assert after[8] == pytest.approx(before[20], abs=1e-5), "four seconds in"
    finally:
        made.close()


def test_a_take_with_chunks_keeps_its_clock_when_the_world_is_another(tmp_path: Path) -> None:
    made = Rig(tmp_path / "walk.astra")
    try:
        made.add_start()
        made.plan("w-8")
        made.generation.generate(made.take.id)
        made.wait()
        made.session.apply(edits.set_world(SPEC))
        made.session.apply(edits.world_opened(SPEC, FakeWorld(clock=OTHER).info))
        old = made.take
        assert (old.clock, len(old.actions)) == (ASTRA_CLOCK, 8)
        assert latents_per_chunk(made.session.project, old) == 8
        made.session.apply(take_edits.new_take(new_id()))
        assert (made.take.clock, len(made.take.actions)) == (OTHER, 3), "1.6 s, to the nearest tick"
        export(ExportRequest(project=made.session.path, take=old, out=tmp_path / "old.mp4"))
        assert rate_and_frames(tmp_path / "old.mp4")[:2] == (20, 33)
    finally:
        made.close()
