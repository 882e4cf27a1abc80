import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.parity.checks import Check, GoldenFileError, largest
from engine.parity.run import run_parity, summary
from tests.builders import GOLDENS


@pytest.fixture(scope="module")
def checks():
    return list(run_parity(GOLDENS))


def test_the_engine_is_within_every_limit(checks):
    assert [check.line() for check in checks if not check.passed] == []


def test_every_family_is_compared(checks):
    families = {check.case.split("_")[0] for check in checks}
    assert families == {"cameras", "dit", "packing", "rollout", "scheduler", "text", "vae"}
    assert len(checks) > 100


def test_each_history_mode_has_a_golden(checks):
    names = " ".join(check.case for check in checks)
    assert "aligned" in names
    assert "anchored" in names
    assert "h30" in names


def test_the_summary_counts_and_names_the_worst():
    checks = [Check("a", "x", 1e-6, 1e-4), Check("b", "y", 5e-5, 5e-5), Check("c", "z", 0.0, 0.0)]
    assert summary(checks) == "parity: 3 of 3 cases within limits, worst 5.00e-05 (b, y, limit 5e-05)"


def test_a_case_past_its_limit_or_not_a_number_fails():
    assert not Check("a", "x", 2e-4, 1e-4).passed
    assert not Check("a", "x", float("nan"), 1e-4).passed
    assert not Check("a", "x", 1e-9, 0.0).passed
    assert "1 of 2" in summary([Check("a", "x", 0.0, 0.0), Check("b", "x", float("nan"), 1.0)])


def test_another_shape_is_an_infinite_difference():
    assert largest([(torch.ones(2), torch.ones(3))]) == float("inf")


def damaged(tmp_path, name, tensor):
    """A copy of one golden with one number moved."""
    for path in [*GOLDENS.glob(f"{name}*"), GOLDENS / "dit_a_weights.safetensors"]:
        shutil.copy(path, tmp_path)
    content = json.loads((tmp_path / f"{name}.json").read_text())
    tensors = load_file(tmp_path / content["tensors"])
    tensors[tensor].view(-1)[-1] += 1
    save_file(tensors, tmp_path / content["tensors"])
    return [check for check in run_parity(tmp_path) if not check.passed]


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("dit_a", "sekai_h5_t8_8x8.out_free.1"),
        ("dit_a", "sekai_h1_t8_8x8.block_out.1"),
        ("packing_a", "h17_t9_sekai.camera_rows"),
        ("cameras_a", "rel.relative_f64"),
        ("scheduler_a", "train1000.bf16_lookup_id"),
        ("text_a", "case2.context"),
        ("vae_a", "decoded_tiled"),
        ("rollout_a", "openx_partial_text2_g2.final_latents"),
    ],
)
def test_one_wrong_number_in_a_golden_is_found(tmp_path, name, tensor):
    assert len(damaged(tmp_path, name, tensor)) == 1


def test_a_folder_without_goldens_says_so(tmp_path):
    with pytest.raises(GoldenFileError, match="holds no golden files"):
        list(run_parity(tmp_path))
    with pytest.raises(GoldenFileError, match="no folder"):
        list(run_parity(tmp_path / "nowhere"))


@pytest.mark.parametrize("content", ["{", "{}", '{"tensors": "gone.safetensors"}', '{"tensors": "packing_a.json"}'])
def test_a_broken_golden_file_is_named(tmp_path, content):
    (tmp_path / "packing_a.json").write_text(content)
    with pytest.raises(GoldenFileError, match="packing_a"):
        list(run_parity(tmp_path))
