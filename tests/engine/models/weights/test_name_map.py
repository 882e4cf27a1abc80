import pytest
import torch

from engine.models.weights.astra import ASTRA_NAMES, WAN_NAMES, is_adapter
from engine.models.weights.errors import WeightsMismatch
from engine.models.weights.name_map import NameMap, Rule, check_fit, translate
from engine.models.weights.umt5 import UMT5_NAMES
from engine.models.weights.wan_vae import WAN_VAE_NAMES
from tests.builders import astra_tensors, umt5_tensors, vae_tensors


@pytest.mark.parametrize(
    ("names", "tensors"),
    [(ASTRA_NAMES, astra_tensors), (WAN_VAE_NAMES, vae_tensors), (UMT5_NAMES, umt5_tensors)],
    ids=["astra", "vae", "umt5"],
)
def test_every_name_of_a_layout_goes_there_and_back(names, tensors):
    used = {name: tensor for name, tensor in tensors().items() if not names.is_ignored(name)}
    found = translate(used, names)
    assert found.unknown == ()
    assert {names.theirs(name) for name in found.tensors} == used.keys()


def test_the_norm_before_cross_attention_changes_its_number():
    assert WAN_NAMES.ours("blocks.7.norm3.weight") == "blocks.7.norm2.weight"


def test_the_unused_router_and_camera_encoder_are_ignored_and_not_unknown():
    found = translate(astra_tensors(), ASTRA_NAMES)
    assert set(found.ignored) == {
        "global_router.weight",
        "global_router.bias",
        *(f"blocks.{i}.cam_encoder.{x}" for i in range(3) for x in ("weight", "bias")),
    }


def test_adapters_are_told_from_the_base():
    assert is_adapter("blocks.0.act_adapter.experts.experts.1.weight")
    assert not is_adapter("blocks.0.attn1.to_q.weight")


def test_two_names_for_one_tensor_are_refused():
    names = NameMap(layout="x", rules=(Rule("a.{x}", "c.{x}"), Rule("b.{x}", "c.{x}")))
    with pytest.raises(WeightsMismatch, match=r"both stand for c\.weight"):
        translate({"a.weight": torch.ones(1), "b.weight": torch.ones(1)}, names)


def test_every_missing_extra_and_wrong_shaped_tensor_is_reported_at_once():
    tensors = {"a": torch.ones(2), "b": torch.ones(3)}
    with pytest.raises(WeightsMismatch) as raised:
        check_fit(tensors, {"a": (2, 2), "c": (1,)}, ["theirs.odd"], "x.ckpt")
    message = str(raised.value)
    assert "1 missing: c" in message
    assert "2 not known: theirs.odd, b" in message
    assert "a is (2,) and should be (2, 2)" in message


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(WeightsMismatch, match="1 tensors of x hold NaN or infinite values: a"):
        check_fit({"a": torch.tensor([1.0, bad])}, {"a": (2,)}, [], "x")


def test_long_lists_are_cut():
    with pytest.raises(WeightsMismatch, match=r"20 missing: .* and 12 more"):
        check_fit({}, {f"t{i}": (1,) for i in range(20)}, [], "x")
