import json

import pytest
import torch
from safetensors.torch import load_file

from engine.models.history import HistoryEmbedder, pack_history
from engine.models.window import plan_window
from tests.builders import GOLDENS


def test_packing_needs_only_the_latents_of_the_window():
    whole = torch.randn(1, 3, 60, 2, 2)
    plan = plan_window(60, 8)
    packed = pack_history(whole, plan)
    held = pack_history(whole[:, :, 30:], plan, first_latent=30)
    assert torch.equal(packed.coarse_BCTHW, held.coarse_BCTHW)
    assert torch.equal(packed.full_BCTHW[:, :, 0], whole[:, :, 30])
    assert torch.equal(packed.full_BCTHW[:, :, 1], whole[:, :, 59])


def test_a_history_that_has_forgotten_too_much_is_refused():
    with pytest.raises(ValueError, match="needs latents 30 to 59, the history holds 35 to 59"):
        pack_history(torch.randn(1, 3, 25, 2, 2), plan_window(60, 8), first_latent=35)


def test_sizes_that_the_strides_do_not_divide_are_padded_by_repeating_the_edge():
    embedder = HistoryEmbedder(3, 8, (1, 2, 2))
    latents = torch.randn(1, 3, 20, 6, 10)
    plan = plan_window(20, 8)
    tokens, grids = embedder(pack_history(latents, plan))
    assert grids == [(4, 1, 2), (1, 2, 3), (2, 3, 5)]
    padded = torch.nn.functional.pad(latents, (0, 6, 0, 2, 0, 0), mode="replicate")
    padded_tokens, _ = embedder(pack_history(padded, plan))
    assert torch.allclose(tokens[:, :8], padded_tokens[:, :8], atol=1e-6)


def test_empty_coarse_slots_still_make_tokens():
    tokens, grids = HistoryEmbedder(3, 8, (1, 2, 2))(pack_history(torch.randn(1, 3, 4, 8, 8), plan_window(4, 8)))
    assert [frames for frames, _, _ in grids] == [4, 1, 2]
    assert tokens.shape == (1, 4 * 1 + 4 + 2 * 16, 8)


def test_packed_latents_equal_the_released_ones():
    tensors = load_file(GOLDENS / "packing_a.safetensors")
    cases = json.loads((GOLDENS / "packing_a.json").read_text())["cases"]
    for name, case in cases.items():
        c, t, y, x = torch.meshgrid(*(torch.arange(n) for n in (2, case["history"], 2, 3)), indexing="ij")
        history = (100.0 * (t + 1) + 10.0 * c + y + 0.1 * x).float()[None]
        packed = pack_history(history, plan_window(case["history"], case["target"], "upstream"))
        assert torch.equal(packed.full_BCTHW[0], tensors[f"{name}.clean_latents"])
        assert torch.equal(packed.medium_BCTHW[0], tensors[f"{name}.clean_latents_2x"])
        assert torch.equal(packed.coarse_BCTHW[0], tensors[f"{name}.clean_latents_4x"])
