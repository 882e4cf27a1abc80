import errno
from pathlib import Path

import av
import pytest

from engine.whole_files import PartFile, remove_leftovers, whole_folder, whole_path, write_whole


def test_text_and_bytes_replace_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "größer")
    assert path.read_text(encoding="utf-8") == "größer"
    write_whole(path, b"raw")
    assert path.read_bytes() == b"raw"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_in_the_middle_keeps_the_old_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")

    def write_half() -> None:
        with whole_path(path) as part:
            part.write_bytes(b"half")
            raise RuntimeError("no more")

    with pytest.raises(RuntimeError, match="no more"):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_error_names_the_file_that_was_meant_and_not_the_hidden_one(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "a.txt"
    with pytest.raises(FileNotFoundError) as caught:
        write_whole(path, "text")
    assert caught.value.filename == str(path)


def test_a_planted_link_under_a_guessed_name_is_not_followed(tmp_path: Path) -> None:
    victim, path = tmp_path / "victim", tmp_path / "a.txt"
    victim.write_text("precious")
    (tmp_path / ".a.txt.part").symlink_to(victim)
    write_whole(path, "new")
    assert victim.read_text() == "precious"


def test_a_name_of_the_longest_length_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 251 + ".txt")
    write_whole(path, "text")
    assert path.read_text() == "text"


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    for content in ("first", "second"):
        with whole_folder(folder) as part:
            (part / f"{content}.txt").write_text(content)
    assert [path.name for path in folder.iterdir()] == ["second.txt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_a_folder_that_could_not_be_filled_leaves_the_old_one(tmp_path: Path) -> None:
    folder = tmp_path / "world"
    with whole_folder(folder) as part:
        (part / "first.txt").write_text("first")

    def fill_half() -> None:
        with whole_folder(folder) as part:
            (part / "half.txt").write_text("half")
            raise OSError(errno.ENOSPC, "no room")

    with pytest.raises(OSError, match="no room"):
        fill_half()
    assert [path.name for path in folder.iterdir()] == ["first.txt"]
    assert list(tmp_path.iterdir()) == [folder]


def test_what_a_killed_writer_left_goes_and_other_files_stay(tmp_path: Path) -> None:
    target, other = tmp_path / "a.mp4", tmp_path / "b.mp4"
    PartFile(target), PartFile(other)
    remove_leftovers([target])
    assert [path.name.startswith(".b.mp4.") for path in tmp_path.iterdir()] == [True]


def test_a_failure_inside_ffmpeg_is_an_input_output_error(tmp_path: Path) -> None:
    part = PartFile(tmp_path / "a.mp4")
    with pytest.raises(OSError, match="external library") as caught, part.guarded():
        raise av.error.ExternalError(542398533, "Generic error in an external library")
    assert caught.value.errno == errno.EIO
    assert list(tmp_path.iterdir()) == []
