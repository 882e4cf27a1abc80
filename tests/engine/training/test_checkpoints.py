import pickle

import pytest
import torch

from engine.training.checkpoints import NAME, PREVIOUS, CheckpointError, load_checkpoint, save_checkpoint


def state(step):
    return {"step": step, "weights": torch.full((3,), float(step))}


def test_what_was_saved_comes_back(tmp_path):
    save_checkpoint(tmp_path, state(4), "config")
    loaded = load_checkpoint(tmp_path, "config")
    assert loaded["step"] == 4
    assert torch.equal(loaded["weights"], state(4)["weights"])


def test_an_empty_folder_has_none(tmp_path):
    assert load_checkpoint(tmp_path, "config") is None


def test_a_damaged_checkpoint_gives_way_to_the_one_before(tmp_path):
    save_checkpoint(tmp_path, state(4), "config")
    save_checkpoint(tmp_path, state(8), "config")
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: len(whole) // 2])
    assert load_checkpoint(tmp_path, "config")["step"] == 4


def test_a_kill_between_the_two_renames_leaves_the_one_before(tmp_path):
    save_checkpoint(tmp_path, state(4), "config")
    (tmp_path / NAME).rename(tmp_path / PREVIOUS)
    assert load_checkpoint(tmp_path, "config")["step"] == 4


def test_a_failed_write_leaves_the_last_one_alone(tmp_path):
    save_checkpoint(tmp_path, state(4), "config")
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        save_checkpoint(tmp_path, {"step": 8, "bad": lambda: None}, "config")
    assert load_checkpoint(tmp_path, "config")["step"] == 4


def test_another_config_is_refused(tmp_path):
    save_checkpoint(tmp_path, state(4), "config")
    with pytest.raises(CheckpointError, match="belongs to a run with another config"):
        load_checkpoint(tmp_path, "other")


def test_where_all_are_damaged_the_error_names_them(tmp_path):
    (tmp_path / NAME).write_bytes(b"not a checkpoint")
    with pytest.raises(CheckpointError, match=rf"{NAME} is damaged .*Start anew in another folder"):
        load_checkpoint(tmp_path, "config")


def test_a_checkpoint_that_would_run_code_is_not_run(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"config": "config", "step": Bomb()}, tmp_path / NAME)
    with pytest.raises(CheckpointError, match="damaged"):
        load_checkpoint(tmp_path, "config")
    assert not (tmp_path / "ran").exists()
