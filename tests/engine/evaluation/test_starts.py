from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.evaluation.starts import photograph_starts, procedural_starts, spread
from engine.video.pictures import PictureError
from tests.builders import DATA
from tests.engine.evaluation.worlds import small_fake

INFO = small_fake().info
PHOTOGRAPHS = DATA / "photographs"


def test_scenes_depend_on_their_seed_and_number_alone():
    few, more = procedural_starts(2, INFO, 7), procedural_starts(3, INFO, 7)
    for a, b in zip(few, more, strict=False):
        assert a.name == b.name
        assert np.array_equal(a.picture, b.picture)
    assert not np.array_equal(few[0].picture, procedural_starts(1, INFO, 8)[0].picture)


def test_scenes_come_in_the_shares_of_training():
    names = [start.name for start in procedural_starts(10, INFO, 7)]
    assert sum(name.startswith("picture") for name in names) == 7
    assert sum(name.startswith("built") for name in names) == 3


def test_a_scene_seen_from_where_it_starts_is_its_picture():
    for start in procedural_starts(2, INFO, 7):
        assert start.picture.shape == (32, 56, 3)
        assert np.array_equal(start.shown_from(np.eye(4)[None])[0], start.picture)


def test_photographs_are_spread_over_the_folder_and_cut_to_the_world():
    starts = photograph_starts(PHOTOGRAPHS, 3, INFO, 7)
    names = sorted(path.stem for path in PHOTOGRAPHS.glob("*.jpg"))
    assert [start.name for start in starts] == [names[0], names[len(names) // 2], names[-1]]
    assert all(start.picture.shape == (32, 56, 3) for start in starts)


def test_items_are_spread_from_first_to_last():
    assert spread("abcdefg", 3) == ["a", "d", "g"]
    assert spread("ab", 5) == ["a", "b"]
    assert spread("abc", 1) == ["a"]


def test_a_photograph_has_a_scene_to_walk_in():
    start = photograph_starts(PHOTOGRAPHS, 1, INFO, 7)[0]
    seen = start.shown_from(np.eye(4)[None])[0]
    assert seen.shape == start.picture.shape
    assert seen.std() > 10


def test_a_folder_with_fewer_photographs_gives_all_of_them(tmp_path):
    for name in ("b.png", "a.jpg", "notes.txt"):
        if name.endswith("txt"):
            (tmp_path / name).write_text("not a picture")
        else:
            Image.new("RGB", (64, 48), (9, 90, 200)).save(tmp_path / name)
    assert [start.name for start in photograph_starts(tmp_path, 24, INFO, 7)] == ["a", "b"]


def test_an_empty_folder_says_what_is_needed(tmp_path):
    with pytest.raises(ValueError, match=r"needs a folder of photographs .* got .*: it holds none\. Give one"):
        photograph_starts(tmp_path, 3, INFO, 7)


def test_a_missing_folder_says_so(tmp_path):
    with pytest.raises(ValueError, match="there is no such folder"):
        photograph_starts(tmp_path / "nowhere", 3, INFO, 7)


def test_a_picture_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"this is no picture")
    with pytest.raises(PictureError, match=r"'broken\.jpg' is not a picture that Astra can open"):
        photograph_starts(tmp_path, 3, INFO, 7)


def test_there_are_enough_held_out_photographs_and_each_is_accounted_for():
    paths = sorted(PHOTOGRAPHS.glob("*.jpg"))
    sources = (PHOTOGRAPHS / "SOURCES.md").read_text(encoding="utf-8")
    assert len(paths) >= 24
    assert [path.name for path in paths if f"| {path.name} |" not in sources] == []
    assert sum(path.stat().st_size for path in paths) < 1_000_000
    shipped = {path.name for path in Path("assets/pictures").glob("*")}
    assert shipped.isdisjoint(path.name for path in paths)
