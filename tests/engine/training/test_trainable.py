import pytest
import torch
from diffusers import WanTransformer3DModel
from safetensors.torch import save_file

from engine.models.history import pack_history
from engine.models.weights.astra import WAN_NAMES
from engine.models.window import plan_window
from engine.training.trainable import astra_from_wan, choose_trainable
from tests.builders import astra_tensors

WAN = {
    "num_attention_heads": 2,
    "attention_head_dim": 32,
    "text_dim": 48,
    "freq_dim": 32,
    "ffn_dim": 128,
    "num_layers": 3,
}


@pytest.fixture(scope="module", params=["original file", "diffusers folder"])
def wan(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("wan")
    tensors = {n: t for n, t in astra_tensors().items() if WAN_NAMES.ours(n) is not None}
    if request.param == "original file":
        save_file(tensors, folder / "wan.safetensors")
        return folder / "wan.safetensors"
    theirs = WanTransformer3DModel(**WAN, cross_attn_norm=True)
    theirs.load_state_dict({WAN_NAMES.ours(n): t for n, t in tensors.items()})
    theirs.save_pretrained(folder)
    return folder


def test_an_astra_from_wan_has_the_sizes_of_wan(wan):
    model = astra_from_wan(wan, num_heads=2)
    assert {name: model.config[name] for name in WAN} == WAN


def test_fresh_adapters_change_nothing_and_actions_have_no_effect_yet(wan):
    torch.manual_seed(0)
    model = astra_from_wan(wan, num_heads=2, routing="learned", top_k=2, expert_hidden_dim=16).eval()
    plan = plan_window(3, 4)
    history = pack_history(torch.randn(1, 16, 3, 6, 8), plan)
    latents, context = torch.randn(1, 16, 4, 6, 8), torch.randn(1, 5, 48)
    outputs = [
        model(latents, torch.tensor([600.0]), history, rows, "camera", context)
        for rows in (torch.randn(1, plan.num_rows, 13), torch.zeros(1, plan.num_rows, 13))
    ]
    assert torch.equal(*outputs)
    assert model.blocks[0].act_adapter.projector.weight.equal(torch.eye(64))


def test_history_is_first_embedded_as_targets_are(wan):
    model = astra_from_wan(wan, num_heads=2)
    flat = torch.randn(1, 16, 1, 1, 1).expand(1, 16, 4, 8, 8)
    expected = model.patch_embedding(flat)[:, :, 0, 0, 0]
    for conv in (model.history_embedder.proj, model.history_embedder.proj_2x, model.history_embedder.proj_4x):
        assert torch.allclose(conv(flat)[:, :, 0, 0, 0], expected, atol=1e-4)


def test_the_frozen_backbone_is_all_but_self_attention(wan):
    model = astra_from_wan(wan, num_heads=2)
    choose_trainable(model, "adapters")
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {"blocks.0.attn1.to_q.weight", "history_embedder.proj_4x.weight"} <= trained
    assert not any(".attn2." in name or ".ffn." in name or "condition_embedder" in name for name in trained)
