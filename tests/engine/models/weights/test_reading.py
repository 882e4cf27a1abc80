import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import save_file

from engine.models.weights.errors import WeightsMissing, WeightsUnreadable
from engine.models.weights.reading import read_tensors

TENSORS = {"a.weight": torch.arange(6.0).view(2, 3), "b.bias": torch.ones(2, dtype=torch.bfloat16)}


def assert_same(found, expected=TENSORS):
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[name], expected[name]) for name in expected)


@pytest.mark.parametrize("suffix", [".ckpt", ".pth", ".pt", ".bin"])
def test_pickled_state_dicts_are_read(tmp_path, suffix):
    torch.save(TENSORS, tmp_path / f"w{suffix}")
    assert_same(read_tensors(tmp_path / f"w{suffix}"))


def test_checkpoints_of_the_old_format_are_read(tmp_path):
    torch.save(TENSORS, tmp_path / "w.pth", _use_new_zipfile_serialization=False)
    assert_same(read_tensors(tmp_path / "w.pth"))


def test_safetensors_are_read(tmp_path):
    save_file(TENSORS, tmp_path / "w.safetensors")
    assert_same(read_tensors(tmp_path / "w.safetensors"))


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state", "model"])
@pytest.mark.parametrize("prefix", ["", "pipe.dit.", "module.", "module.pipe.dit."])
def test_wrappers_and_prefixes_are_taken_off(tmp_path, wrapper, prefix):
    torch.save({wrapper: {prefix + n: t for n, t in TENSORS.items()}, "epoch": 3}, tmp_path / "w.ckpt")
    assert_same(read_tensors(tmp_path / "w.ckpt"))


def test_a_prefix_that_only_some_names_have_stays(tmp_path):
    mixed = {"module.a": torch.ones(1), "b": torch.ones(1)}
    torch.save(mixed, tmp_path / "w.pth")
    assert read_tensors(tmp_path / "w.pth").keys() == mixed.keys()


def test_shards_of_an_index_are_joined(tmp_path):
    save_file({"a.weight": TENSORS["a.weight"]}, tmp_path / "m-1.safetensors")
    save_file({"b.bias": TENSORS["b.bias"]}, tmp_path / "m-2.safetensors")
    index = {"weight_map": {"a.weight": "m-1.safetensors", "b.bias": "m-2.safetensors"}}
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps(index))
    assert_same(read_tensors(tmp_path / "m.safetensors.index.json"))


def test_an_index_that_names_a_missing_shard_is_refused(tmp_path):
    (tmp_path / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "gone.safetensors"}}))
    with pytest.raises(WeightsMissing, match=r"lists gone\.safetensors"):
        read_tensors(tmp_path / "m.safetensors.index.json")


def test_an_index_that_points_outside_its_folder_is_refused(tmp_path):
    inside = tmp_path / "inside"
    inside.mkdir()
    save_file(TENSORS, tmp_path / "outside.safetensors")
    (inside / "m.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": "../outside.safetensors"}}))
    with pytest.raises(WeightsUnreadable, match="outside its own folder"):
        read_tensors(inside / "m.safetensors.index.json")


class Bomb:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return (open, (str(self.target), "w"))


@pytest.mark.parametrize("is_zip", [True, False], ids=["new format", "old format"])
def test_a_pickle_with_code_is_refused_and_its_code_does_not_run(tmp_path, is_zip):
    trace = tmp_path / "ran"
    torch.save({"w": Bomb(trace)}, tmp_path / "w.ckpt", _use_new_zipfile_serialization=is_zip)
    with pytest.raises(WeightsUnreadable, match="could run a program"):
        read_tensors(tmp_path / "w.ckpt")
    assert not trace.exists()


def test_a_bare_pickle_with_code_is_refused_too(tmp_path):
    trace = tmp_path / "ran"
    (tmp_path / "w.pth").write_bytes(pickle.dumps(Bomb(trace)))
    with pytest.raises(WeightsUnreadable):
        read_tensors(tmp_path / "w.pth")
    assert not trace.exists()


@pytest.mark.parametrize("keep", [0, 3, 100, 0.5, 0.98])
def test_a_truncated_file_is_refused(tmp_path, keep):
    for name, write in (("w.safetensors", save_file), ("w.ckpt", torch.save)):
        path = tmp_path / name
        write({"a": torch.randn(64, 64)}, path)
        whole = path.read_bytes()
        path.write_bytes(whole[: int(keep * len(whole)) if isinstance(keep, float) else keep])
        with pytest.raises(WeightsUnreadable, match="get it again"):
            read_tensors(path)


def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(struct.pack("<Q", 1 << 40) + b"{}")
    with pytest.raises(WeightsUnreadable):
        read_tensors(tmp_path / "w.safetensors")


@pytest.mark.parametrize("content", [{}, {"epoch": 3}, {"state_dict": {}}, [torch.ones(1)], torch.ones(2)])
def test_a_file_without_a_state_dict_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "w.pth")
    with pytest.raises(WeightsUnreadable, match="no state dict"):
        read_tensors(tmp_path / "w.pth")


def test_a_missing_file_and_a_strange_suffix_are_named(tmp_path):
    with pytest.raises(WeightsMissing, match=r"no weights file .*w\.pth"):
        read_tensors(tmp_path / "w.pth")
    (tmp_path / "w.txt").write_text("x")
    with pytest.raises(WeightsUnreadable, match="expected one ending in"):
        read_tensors(tmp_path / "w.txt")
