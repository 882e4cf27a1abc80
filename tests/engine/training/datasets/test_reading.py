import json
import os
import pickle

import numpy as np
import pytest

from engine.training.datasets import reading
from engine.training.datasets.errors import ClipError, DataSetError
from engine.training.datasets.reading import iterate_records, read_array, read_json


class Program:
    """What a hostile file holds: reading it as a pickle makes a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "pickled.npy"])
def test_an_array_of_objects_is_refused_and_not_run(tmp_path, name):
    hostile = np.array([Program(tmp_path / "ran")], dtype=object)
    path = tmp_path / name
    if name == "a.npz":
        np.savez(path, extrinsic=hostile)
    elif name == "a.npy":
        np.save(path, hostile, allow_pickle=True)
    else:
        path.write_bytes(pickle.dumps(Program(tmp_path / "ran")))
    with pytest.raises(ClipError, match="Python objects, which may run a program"):
        read_array(path, "extrinsic" if name == "a.npz" else None)
    assert not (tmp_path / "ran").exists()


def test_a_named_array_is_read_and_a_missing_one_is_told_with_those_there(tmp_path):
    np.savez(tmp_path / "a.npz", extrinsic=np.ones((2, 4, 4), np.float32), intrinsic=np.eye(3))
    assert read_array(tmp_path / "a.npz", "extrinsic").dtype == np.float64
    with pytest.raises(ClipError, match="no array 'poses', only extrinsic, intrinsic"):
        read_array(tmp_path / "a.npz", "poses")
    np.save(tmp_path / "a.npy", np.ones(3))
    with pytest.raises(ClipError, match=r"no \.npz archive"):
        read_array(tmp_path / "a.npy", "extrinsic")


@pytest.mark.parametrize("keep", [0, 60, 300])
@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_a_damaged_array_is_named(tmp_path, name, keep):
    path = tmp_path / name
    if name == "a.npz":
        np.savez_compressed(path, extrinsic=np.random.default_rng(0).random((30, 4, 4)))
    else:
        np.save(path, np.ones((30, 4, 4)))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ClipError, match=rf"{name} is no whole array of numbers"):
        read_array(path, "extrinsic" if name == "a.npz" else None)


def test_a_missing_file_is_named_with_its_folder(tmp_path):
    for read in (read_array, read_json):
        with pytest.raises(ClipError, match=rf"there is no poses.x in {tmp_path.name}/"):
            read(tmp_path / "poses.x")


def test_json_that_is_none_is_named(tmp_path):
    (tmp_path / "a.json").write_text("{'no': 1}")
    with pytest.raises(ClipError, match=r"a\.json is not readable as JSON"):
        read_json(tmp_path / "a.json")


@pytest.mark.parametrize("chunk", [1, 7, 64, 1 << 20])
@pytest.mark.parametrize("indent", [None, 2])
def test_records_are_read_one_by_one_wherever_the_chunks_end(tmp_path, monkeypatch, chunk, indent):
    monkeypatch.setattr(reading, "_CHUNK_CHARACTERS", chunk)
    records = [{"token": f"{n}", "numbers": [n, -1.5e3, None], "text": 'a "]," b'} for n in range(20)]
    (tmp_path / "t.json").write_text(json.dumps(records, indent=indent))
    assert list(iterate_records(tmp_path / "t.json")) == records
    (tmp_path / "t.json").write_text("[ ]\n")
    assert list(iterate_records(tmp_path / "t.json")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}', "should hold a list of records"),
        ("[1, 2]", "should hold records, it holds a int"),
        ('[{"a": 1}, {"a"', "damaged or cut short near"),
        ('[{"a": 1}, nonsense]', "damaged or cut short near"),
        ("", "should hold a list of records"),
    ],
)
def test_a_table_of_another_form_is_refused(tmp_path, text, words):
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(DataSetError, match=words):
        list(iterate_records(tmp_path / "t.json"))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataSetError, match=r"scene\.json cannot be read"):
        list(iterate_records(tmp_path / "scene.json"))
