"""What every layout of data sets must be: an entry in LAYOUTS passes this with the sample that the builders make."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from engine.actions.modality import CAMERA, MODALITIES
from engine.training.datasets.footage import Footage
from engine.training.datasets.motion import ROW_STYLES, action_rows
from engine.training.datasets.pretokenize import Request, pretokenize
from engine.training.datasets.protocol import Clip, ClipSource, Entry
from engine.training.datasets.registry import LAYOUTS, detect, open_source
from engine.training.shards import find_shards, read_shard
from tests.engine.training.datasets.builders import SAMPLES, damage, tiny_encoder

pytestmark = pytest.mark.parametrize("layout", LAYOUTS)
NUM_CLIPS = 2
"""That the builders write."""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Data sets that tests only read."""
    return {}


@pytest.fixture
def folder(layout: str, folders: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    if layout not in folders:
        folders[layout] = tmp_path_factory.mktemp(layout)
        SAMPLES[layout].write(folders[layout])
    return folders[layout]


def entries(folder: Path, layout: str) -> list[Entry]:
    return list(open_source(folder, layout)[1].entries())


def clips(folder: Path, layout: str) -> Iterator[Clip]:
    return (entry.open() for entry in entries(folder, layout))


def test_it_says_what_it_expects_and_where_its_data_comes_from(layout: str):
    kind: type[ClipSource] = LAYOUTS[layout]
    assert kind.expects
    assert kind.licence
    assert "layout" in (inspect.getdoc(inspect.getmodule(kind)) or "").lower()


def test_its_folder_is_recognised_as_no_other_with_a_reason(folder: Path, layout: str):
    found, why = detect(folder)
    assert found == layout
    assert "lies there" in why
    assert isinstance(open_source(folder)[1], LAYOUTS[layout])


def test_an_empty_folder_is_not_recognised(tmp_path: Path, layout: str):
    assert LAYOUTS[layout].recognise(tmp_path) is None


def test_every_clip_has_a_name_of_its_own_that_stays(folder: Path, layout: str):
    names = [entry.name for entry in entries(folder, layout)]
    assert len(set(names)) == len(names) == NUM_CLIPS
    assert names == [entry.name for entry in entries(folder, layout)]
    assert not any("\\" in name or str(folder) in name for name in names)


def test_listing_the_clips_opens_none(tmp_path: Path, layout: str):
    SAMPLES[layout].write(tmp_path)
    listed = entries(tmp_path, layout)
    damage(sorted(tmp_path.glob(SAMPLES[layout].first_file))[0])
    assert len(entries(tmp_path, layout)) == len(listed)


def test_clips_hold_pictures_or_latents_and_rigid_poses_of_a_known_modality(folder: Path, layout: str):
    for clip in clips(folder, layout):
        assert MODALITIES[clip.modality.name] is clip.modality
        assert isinstance(clip.caption, str)
        rotations = clip.track.poses[:, :3, :3]
        assert np.allclose(rotations @ np.swapaxes(rotations, 1, 2), np.eye(3), atol=1e-3)
        assert np.allclose(np.linalg.det(rotations), 1, atol=1e-3)
        if isinstance(clip.footage, Footage):
            assert (np.diff(clip.footage.times) > 0).all()
            pictures = list(clip.footage.pictures(0))
            assert len(pictures) == len(clip.footage.times)
            assert {(picture.dtype.str, picture.ndim, picture.shape[2]) for picture in pictures} == {("|u1", 3, 3)}
        else:
            assert isinstance(clip.footage.latents, Tensor)
            assert clip.footage.latents.ndim == 4


def test_pictures_are_read_from_any_number_on(folder: Path, layout: str):
    for clip in clips(folder, layout):
        if isinstance(clip.footage, Footage):
            whole = list(clip.footage.pictures(0))
            later = list(clip.footage.pictures(5))
            assert len(later) == len(whole) - 5
            assert np.array_equal(later[0], whole[5])


def test_the_track_and_the_footage_lie_in_one_time(folder: Path, layout: str):
    for clip in clips(folder, layout):
        first, last = clip.track.times[0], clip.track.times[-1]
        if isinstance(clip.footage, Footage):
            times = clip.footage.times
            assert min(last, times[-1]) - max(first, times[0]) > 0.9 * (times[-1] - times[0])
        else:
            assert first == 0
            assert last >= 4 * (clip.footage.latents.shape[1] - 1)


@pytest.mark.parametrize("style", ROW_STYLES)
def test_a_walk_forward_to_the_left_has_the_signs_of_the_law(folder: Path, layout: str, style):
    for clip in clips(folder, layout):
        if clip.modality is CAMERA:
            span = clip.track.times[-1] - clip.track.times[0]
            ticks = clip.track.at(clip.track.times[0] + np.linspace(0, 0.5, 4) * span)
            rows = action_rows(ticks, CAMERA, 3, style)[1:]
            assert (rows[:, CAMERA.columns.index("tz")] < 0).all()
            assert (rows[:, CAMERA.columns.index("r02")] > 0).all()


def test_its_shards_come_back_with_rows_of_its_modality(folder: Path, layout: str, tmp_path: Path):
    summary = pretokenize(Request(source=folder, out=tmp_path, num_latents=9), tiny_encoder())
    assert summary.layout == layout
    assert summary.num_clips == NUM_CLIPS
    assert not summary.skipped
    for path in find_shards([tmp_path]):
        shard = read_shard(path)
        assert shard.rows.shape == (len(shard.latents), 9, shard.modality.width)
        assert np.array_equal(shard.rows[0, 0], np.float32(shard.modality.rest))
        assert not np.array_equal(shard.rows[0, 1], shard.rows[0, 0])
        assert LAYOUTS[layout].licence in shard.source


def test_a_damaged_clip_is_left_out_and_the_others_are_made(tmp_path: Path, layout: str):
    SAMPLES[layout].write(tmp_path / "in")
    names = [entry.name for entry in entries(tmp_path / "in", layout)]
    path = sorted((tmp_path / "in").glob(SAMPLES[layout].first_file))[0]
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 3])
    summary = pretokenize(
        Request(source=tmp_path / "in", out=tmp_path / "out", num_latents=9, layout=layout), tiny_encoder()
    )
    broken = list(summary.skipped)
    if layout == "openx":  # all episodes lie in one file
        assert broken
        assert set(broken) <= set(names)
    else:
        assert broken == names[:1]
        assert summary.num_clips == NUM_CLIPS - 1
