import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Generator

from engine.actions.modality import CAMERA, DRIVING
from engine.training.datasets import sekai as sekai_module
from engine.training.datasets.encoder import open_encoder
from engine.training.datasets.errors import LayoutError, OutputMismatch
from engine.training.datasets.pretokenize import Request, pretokenize
from engine.training.shards import encode_clips, find_shards, read_shard
from engine.training.windows import WindowConfig, WindowSource
from engine.video.decode import read_frames
from engine.video.pictures import crop_for, fit_picture
from tests.builders import add_text, write_original_world
from tests.engine.training.datasets.builders import (
    SIZE,
    damage,
    drive,
    latents,
    tiny_codec,
    tiny_encoder,
    tool_vectors,
    walk,
    walk_row,
    write_latents,
    write_multicam,
    write_nuscenes,
    write_openx,
    write_sekai,
    write_spatialvid,
    write_video,
)


@pytest.fixture(scope="module")
def sekai(tmp_path_factory):
    """Two videos of 2 s at 30 frames a second: 41 frames at 20, 11 latents."""
    folder = tmp_path_factory.mktemp("sekai")
    write_sekai(folder, num_clips=2, num_frames=61)
    return folder


def run(source, out, **changes):
    """Pretokenize with the tiny world; returns the summary and the shards."""
    encoder = changes.pop("encoder", tiny_encoder())
    say = changes.pop("say", lambda _text: None)
    summary = pretokenize(Request(source=source, out=out, **changes), encoder, say)
    return summary, [read_shard(path) for path in find_shards([out])] if summary.num_clips else []


def clips_in(folder):
    """Names of all clips in the shards of a folder, by its index, with what lies in the shards."""
    index = json.loads((folder / "pretokenize.json").read_text())
    names = [tuple(clip) for shard in index["shards"] for clip in shard["clips"]]
    shards = [read_shard(folder / shard["file"]) for shard in index["shards"]]
    return dict(zip(names, (clip for shard in shards for clip in shard.latents), strict=True)), names


# ---------------------------------------------------------------------- rows and rates


def test_a_walk_at_another_rate_has_the_rows_of_its_motion(sekai, tmp_path):
    summary, (shard,) = run(sekai, tmp_path, num_latents=11)
    assert shard.modality is CAMERA
    assert shard.rows.shape == (2, 11, 12)
    rows = shard.rows[0].numpy()
    assert np.array_equal(rows[0], np.float32(CAMERA.rest))
    # A tick is 4 frames at 20 a second, and 6 of the 30 that the video has.
    assert np.allclose(rows[1:], walk_row(0.2), atol=1e-5)
    assert (rows[1:, CAMERA.columns.index("tz")] < -0.05).all()
    assert (summary.num_camera, summary.num_forward) == (2, 2)
    assert summary.seconds == pytest.approx(2 * 41 / 20)
    assert "Sekai" in shard.source


def test_a_rate_that_does_not_divide_gives_the_motion_between_the_frames_that_are_shown(tmp_path):
    write_sekai(tmp_path / "in", num_clips=1, num_frames=49, fps=24)
    _, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=10)
    # Ticks lie 4.8 frames apart: the frames shown at them are 0, 5, 10, 14, 19, 24, 29 ...
    shown = np.array([0, 5, 10, 14, 19, 24, 29, 34, 38, 43])
    expected = [walk_row(count / 24) for count in np.diff(shown)]
    assert np.allclose(shard.rows[0, 1:], expected, atol=1e-5)


def test_sparse_poses_are_turned_and_moved_between(tmp_path):
    write_spatialvid(tmp_path / "in", num_clips=1, num_frames=61)
    _, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=9, fps=24)
    extrinsics = np.linalg.inv(walk(np.arange(0, 61, 6) / 30))
    whole = np.linalg.inv(extrinsics)
    # Between two poses 0.2 s apart the place is on the straight line, and a tick at 24 a second lasts 1/6 s.
    first = shard.rows[0, 1].numpy().reshape(3, 4)
    share = (1 / 6) / 0.2
    assert np.allclose(first[:, 3], -(first[:, :3] @ (whole[1, :3, 3] * share)), atol=1e-5)
    assert np.arctan2(first[0, 2], first[0, 0]) == pytest.approx(0.4 / 6, abs=1e-5)


def test_released_rows_leave_their_latent_and_know_the_motion_after_the_clip(sekai, tmp_path):
    _, (shard,) = run(sekai, tmp_path, num_latents=10, row_style="released")
    assert np.allclose(shard.rows[0].numpy(), walk_row(0.2), atol=1e-5)
    _, (ended,) = run(sekai, tmp_path / "b", num_latents=11, row_style="released")
    assert np.array_equal(ended.rows[0, -1].numpy(), np.float32(CAMERA.rest))


def test_the_rows_are_those_that_the_world_knows(sekai, tmp_path):
    released = tiny_encoder(row_encoding="rows")
    assert (released.row_style, tiny_encoder().row_style) == ("released", "aligned")
    _, (shard,) = run(sekai, tmp_path, num_latents=9, encoder=released)
    assert np.allclose(shard.rows[0, 0].numpy(), walk_row(0.2), atol=1e-5)
    assert shard.source.endswith("released rows")


def test_a_drive_is_told_from_the_clips_first_pose(tmp_path):
    write_nuscenes(tmp_path / "in", num_clips=1, num_frames=37)
    _, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=9, fps=12)
    assert shard.modality is DRIVING
    path = drive(np.arange(0, 36, 4) * 0.083333)
    told = np.linalg.inv(path[0]) @ path
    assert np.allclose(shard.rows[0, :, :3], told[:, :3, 3], atol=1e-4)
    half = 0.05 * np.arange(9) * 0.333332
    assert np.allclose(shard.rows[0, :, [3, 6]], np.stack([np.cos(half), np.sin(half)], 1), atol=1e-5)
    _, (released,) = run(tmp_path / "in", tmp_path / "b", num_latents=9, fps=12, row_style="released")
    assert np.allclose(released.rows[0, :, :3], path[:, :3, 3] - path[0, :3, 3], atol=1e-3)


def test_an_episodes_steps_are_frames_whatever_the_rate(tmp_path):
    write_openx(tmp_path / "in", num_clips=1, num_steps=37)
    _, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=9, fps=3)
    _, (other,) = run(tmp_path / "in", tmp_path / "b", num_latents=9)
    assert torch.equal(shard.latents, other.latents)
    moved = tool_vectors(5)[4, :3] - tool_vectors(5)[0, :3]
    assert np.allclose(shard.rows[0, 1, [3, 7, 11]], moved, atol=1e-6)


def test_given_latents_are_kept_with_rows_at_their_last_frames(tmp_path):
    write_latents(tmp_path / "in", num_clips=1, num_latents=20)
    _, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=10)
    whole = latents(20).transpose(0, 1).half()
    assert torch.equal(shard.latents, torch.stack([whole[:10], whole[10:]]))
    assert shard.stills is None
    assert np.allclose(shard.rows[:, 1:], walk_row(0.2), atol=1e-5)
    assert shard.text.shape == (2, 5, 12)
    assert shard.text_length.tolist() == [5, 5]


def test_given_latents_of_another_size_are_told(tmp_path):
    write_latents(tmp_path / "in", num_clips=1)
    summary, _ = run(tmp_path / "in", tmp_path / "out", size=(64, 32))
    (why,) = summary.skipped.values()
    assert "4 channels and 4 x 6 pixels; expected 4 and 4 x 8" in why


# ---------------------------------------------------------------------- pictures


def test_a_clip_has_the_latents_and_stills_of_its_frames_encoded_whole(sekai, tmp_path):
    _, (shard,) = run(sekai, tmp_path, num_latents=9)
    video = sorted(sekai.rglob("*.mp4"))[0]
    numbers = [0, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18, 20, 21, 23, 24, 26, 27, 29, 30, 32, 33]
    numbers += [35, 36, 38, 39, 41, 42, 44, 45, 47, 48]
    source = list(read_frames(video))
    fitted = [fit_picture(source[n], crop_for((64, 48), SIZE[0] / SIZE[1]), *SIZE) for n in numbers]
    frames = torch.from_numpy(np.stack(fitted)).permute(0, 3, 1, 2)[None]
    whole = encode_clips(tiny_codec(), frames, torch.zeros(1, 9, 12), CAMERA, "test")
    assert torch.allclose(shard.latents[0].float(), whole.latents[0], atol=2e-3, rtol=2e-3)
    assert torch.allclose(shard.stills[0].float(), whole.stills[0], atol=2e-3, rtol=2e-3)


def test_a_long_video_is_cut_into_clips_that_begin_where_the_one_before_ends(tmp_path):
    write_multicam(tmp_path / "in", num_clips=1, num_frames=81)
    summary, shards = run(tmp_path / "in", tmp_path / "out", num_latents=11)
    # 81 frames at 15 a second are 107 at 20: 27 latents, in clips of 11 whose ends are shared, and one of 9 short of 7.
    lengths = sorted((shard.latents.shape[1], len(shard.latents)) for shard in shards)
    assert lengths == [(11, 2)]
    assert summary.num_clips == 2
    (shard,) = shards
    assert torch.equal(shard.stills[0, -1], shard.latents[1, 0])
    assert torch.equal(shard.latents[1, 0], shard.stills[1, 0])


def test_the_rest_of_a_video_makes_a_shorter_clip(tmp_path):
    write_multicam(tmp_path / "in", num_clips=1, num_frames=81)
    _, shards = run(tmp_path / "in", tmp_path / "out", num_latents=18)
    assert sorted(tuple(shard.latents.shape[:2]) for shard in shards) == [(1, 9), (1, 18)]


def test_a_video_shorter_than_any_clip_is_left_out_and_told(tmp_path):
    write_sekai(tmp_path / "in", num_clips=1, num_frames=40)
    summary, _ = run(tmp_path / "in", tmp_path / "out")
    (why,) = summary.skipped.values()
    assert why == "it is too short: 7 latents, expected at least 9"


def test_size_and_number_of_clips_in_a_shard_are_as_asked(sekai, tmp_path):
    summary, shards = run(sekai, tmp_path, size=(32, 16), num_latents=5, clips_per_shard=3)
    assert [tuple(shard.latents.shape) for shard in shards] == [(3, 5, 4, 2, 4), (1, 5, 4, 2, 4)]
    assert (summary.num_clips, summary.num_shards) == (4, 2)
    assert summary.num_bytes == sum(path.stat().st_size for path in tmp_path.glob("*.safetensors"))


def test_the_shards_can_be_trained_on(sekai, tmp_path):
    run(sekai, tmp_path, num_latents=11)
    config = WindowConfig(num_targets=4)
    batch = WindowSource(config, find_shards([tmp_path]), Generator().manual_seed(0)).draw(4)
    assert batch.modality == "camera"
    assert batch.target_BCTHW.shape == (4, 4, 4, 4, 6)


def test_captions_become_text_rows_where_the_world_reads_text(tmp_path):
    world = write_original_world(tmp_path / "world")
    add_text(world)
    write_sekai(tmp_path / "in", num_clips=2, num_frames=50)
    next((tmp_path / "in").rglob("*.csv")).write_text(
        "videoFile,caption\n00100100000_0004650_0004700.mp4,a sunlit street\n", encoding="utf-8"
    )
    _, shards = run(tmp_path / "in", tmp_path / "out", num_latents=9, encoder=open_encoder(world, "cpu"))
    told, silent = sorted(shards, key=lambda shard: shard.text is None)
    # Three words and the end of the text, and no padding.
    assert told.text.shape == (1, 4, 48)
    assert told.text_length.tolist() == [4]
    assert silent.text is None
    assert told.latents.shape == (1, 9, 16, 4, 6)
    _, shards = run(tmp_path / "in", tmp_path / "b", num_latents=9, encoder=open_encoder(world, "cpu", with_text=False))
    assert [shard.text for shard in shards] == [None]


# ---------------------------------------------------------------------- going on


def test_a_second_run_writes_nothing_and_opens_nothing(sekai, tmp_path, monkeypatch):
    first, _ = run(sekai, tmp_path, num_latents=9)
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.glob("*.safetensors")}
    monkeypatch.setattr(sekai_module, "video_footage", lambda _path: pytest.fail("a clip was opened again"))
    again, _ = run(sekai, tmp_path, num_latents=9)
    assert (again.num_clips, again.num_present, again.num_shards) == (0, first.num_clips, 0)
    assert before == {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in tmp_path.glob("*.safetensors")}


def test_a_larger_limit_adds_only_the_clips_that_are_new(sekai, tmp_path):
    first, _ = run(sekai, tmp_path, num_latents=9, limit=1)
    second, shards = run(sekai, tmp_path, num_latents=9)
    assert (first.num_clips, second.num_clips, second.num_present) == (1, 1, 1)
    clips, names = clips_in(tmp_path)
    assert len(names) == len(set(names)) == sum(len(shard.latents) for shard in shards) == 2
    assert not torch.equal(*clips.values())


class Stopped(Exception):
    pass


@pytest.fixture(scope="module")
def uninterrupted(sekai, tmp_path_factory):
    out = tmp_path_factory.mktemp("whole")
    run(sekai, out, num_latents=5, clips_per_shard=1)
    return clips_in(out)[0]


@pytest.mark.parametrize("stop_at", [1, 2, 3])
def test_a_run_that_was_stopped_goes_on_to_the_same_clips(sekai, uninterrupted, tmp_path, stop_at):
    told = []

    def say(text):
        told.append(text)
        if len(told) == stop_at:
            raise Stopped

    with pytest.raises(Stopped):
        run(sekai, tmp_path, num_latents=5, clips_per_shard=1, say=say)
    summary, _ = run(sekai, tmp_path, num_latents=5, clips_per_shard=1)
    assert summary.num_present == stop_at
    made, names = clips_in(tmp_path)
    assert len(names) == len(set(names)) == 4
    assert made.keys() == uninterrupted.keys()
    assert all(torch.equal(made[name], uninterrupted[name]) for name in made)


def test_a_shard_that_was_named_but_never_written_is_made(sekai, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr("engine.training.datasets.output.write_shard", full)
    with pytest.raises(OSError, match="No space left"):
        run(sekai, tmp_path, num_latents=9)
    monkeypatch.undo()
    summary, (shard,) = run(sekai, tmp_path, num_latents=9)
    assert summary.num_clips == len(shard.latents) == 2


def test_a_shard_that_was_removed_is_made_again_and_the_others_are_kept(sekai, tmp_path):
    run(sekai, tmp_path, num_latents=5, clips_per_shard=1)
    before, _ = clips_in(tmp_path)
    (tmp_path / "sekai-00001.safetensors").unlink()
    summary, _ = run(sekai, tmp_path, num_latents=5, clips_per_shard=1)
    assert (summary.num_clips, summary.num_present) == (1, 3)
    after, names = clips_in(tmp_path)
    assert len(names) == 4
    assert all(torch.equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("change", [{"num_latents": 5}, {"size": (32, 16)}, {"fps": 10.0}, {"row_style": "released"}])
def test_another_request_into_the_same_folder_is_refused(sekai, tmp_path, change):
    run(sekai, tmp_path, num_latents=9)
    with pytest.raises(OutputMismatch, match=r"made for another request: .* \(now .*\)\. Give another folder"):
        run(sekai, tmp_path, **{"num_latents": 9} | change)


def test_another_world_or_data_set_into_the_same_folder_is_refused(sekai, tmp_path):
    run(sekai, tmp_path / "out", num_latents=9)
    with pytest.raises(OutputMismatch, match="encoder tiny"):
        run(sekai, tmp_path / "out", num_latents=9, encoder=replace(tiny_encoder(), fingerprint="other"))
    write_sekai(tmp_path / "other", num_clips=1, num_frames=50)
    with pytest.raises(OutputMismatch, match=r"source sekai.* \(now other\)"):
        run(tmp_path / "other", tmp_path / "out", num_latents=9)


def test_a_folder_with_shards_of_others_is_refused(sekai, tmp_path):
    (tmp_path / "mine.safetensors").write_bytes(b"")
    with pytest.raises(OutputMismatch, match=r"holds shards without a pretokenize\.json"):
        run(sekai, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", '{"format": "other"}', "[]"])
def test_an_index_that_is_none_is_refused(sekai, tmp_path, text):
    (tmp_path / "pretokenize.json").write_text(text)
    with pytest.raises(OutputMismatch, match=r"is not readable|is no index"):
        run(sekai, tmp_path)


# ---------------------------------------------------------------------- what cannot be read


def test_a_damaged_clip_is_told_by_its_name_and_the_rest_goes_on(tmp_path):
    write_sekai(tmp_path / "in", num_clips=3, num_frames=50)
    broken = sorted((tmp_path / "in").rglob("*.mp4"))[1]
    broken.write_bytes(broken.read_bytes()[:400])
    told = []
    summary, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=9, say=told.append)
    assert len(shard.latents) == 2
    (name,) = summary.skipped
    assert name == "sekai-game-walking/00100100001_0004650_0004700"
    assert any(line.startswith(f"left out: {name}: '{broken.name}'") for line in told)
    assert json.loads((tmp_path / "out" / "pretokenize.json").read_text())["skipped"] == summary.skipped
    write_video(broken, 50, 30)
    mended, _ = run(tmp_path / "in", tmp_path / "out", num_latents=9)
    assert (mended.num_clips, mended.num_present, mended.skipped) == (1, 2, {})


def test_what_lies_before_the_damage_in_a_clip_is_kept(tmp_path):
    write_nuscenes(tmp_path / "in", num_clips=2, num_frames=37)
    pictures = sorted((tmp_path / "in").rglob("*.jpg"), key=lambda path: path.name)
    damage(pictures[30])
    pictures[30].write_bytes(pictures[30].read_bytes()[:500])
    summary, _ = run(tmp_path / "in", tmp_path / "out", num_latents=5, fps=12)
    _, names = clips_in(tmp_path / "out")
    first, second = "v1.0-mini/scene-0001", "v1.0-mini/scene-0002"
    assert names == [(first, 0), (second, 0), (second, 1)]
    assert list(summary.skipped) == [first]
    again, _ = run(tmp_path / "in", tmp_path / "out", num_latents=5, fps=12)
    assert (again.num_clips, again.num_present, list(again.skipped)) == (0, 3, [first])


def test_latents_that_are_not_finite_are_left_out(tmp_path):
    write_latents(tmp_path / "in", num_clips=2)
    path = sorted((tmp_path / "in").rglob("*.pth"))[0]
    content = torch.load(path, weights_only=False)
    content["latents"][0, 3] = 1e6  # more than float16 holds
    torch.save(content, path)
    summary, (shard,) = run(tmp_path / "in", tmp_path / "out", num_latents=9)
    assert len(shard.latents) == 1
    assert list(summary.skipped.values()) == ["its latents are not finite numbers"]


def test_a_folder_in_no_layout_is_an_error(tmp_path):
    (tmp_path / "in").mkdir()
    with pytest.raises(LayoutError, match="in none of the layouts"):
        run(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [(50, 32), (48, 24), (0, 0), (8, 16)])
def test_a_size_that_the_world_cannot_have_is_refused(sekai, tmp_path, size):
    with pytest.raises(ValueError, match=rf"multiples of 16, got {size[0]} x {size[1]}"):
        run(sekai, tmp_path, size=size)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"num_latents": 1}, "at least 2 latents"),
        ({"clips_per_shard": 0}, "at least 1 clip"),
        ({"limit": 0}, "at least 1 clip"),
        ({"fps": 0}, "above 0 and at most 1000"),
        ({"fps": float("nan")}, "above 0 and at most 1000"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused(tmp_path, change, words):
    with pytest.raises(ValueError, match=words):
        Request(source=tmp_path, out=tmp_path, **change)
