"""Where projects without a name lie, and the list of those opened last."""

from __future__ import annotations

from pathlib import Path

import pytest

from astra_studio.document import places


def test_projects_without_a_name_get_a_free_one_in_the_users_folder():
    first = places.untitled_path()
    first.touch()
    assert first.name == "Untitled 1.astra"
    assert places.untitled_path().name == "Untitled 2.astra"
    assert places.is_untitled(first)
    assert not places.is_untitled(Path("walk.astra"))


def test_the_newest_comes_first_once_and_those_that_are_gone_are_left_out(tmp_path):
    paths = [tmp_path / f"{number}.astra" for number in range(14)]
    for path in paths:
        path.touch()
        places.remember(path)
    places.remember(paths[5])
    paths[13].unlink()
    paths[12].unlink()
    assert places.recent()[:3] == (paths[5], paths[11], paths[10])
    assert len(places.recent()) == 10


@pytest.mark.parametrize("text", ["", "{}", "[3, null]", "[", "\xff"])
def test_a_list_that_cannot_be_read_is_empty_and_can_be_written_again(tmp_path, text):
    (tmp_path / "a.astra").touch()
    places.remember(tmp_path / "a.astra")
    (places.untitled_folder().parent / "recent.json").write_text(text, encoding="latin-1")
    assert places.recent() == ()
    places.remember(tmp_path / "a.astra")
    assert places.recent() == (tmp_path / "a.astra",)
