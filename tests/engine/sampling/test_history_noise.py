import pytest
import torch

from engine.models.history import pack_history
from engine.models.window import plan_window
from engine.sampling.history_noise import noise_history


def packed(num_history=9, batch=2):
    latents = torch.randn(batch, 4, num_history, 8, 8, generator=torch.Generator().manual_seed(0))
    return pack_history(latents, plan_window(num_history, 8))


def noised(history, level, where="recent", seed=1):
    return noise_history(history, level, torch.Generator().manual_seed(seed), where)


def test_level_zero_is_clean():
    history = packed()
    assert torch.equal(noised(history, 0.0, "all").full_BCTHW, history.full_BCTHW)


def test_recent_noise_touches_the_two_full_resolution_latents_alone():
    history = packed()
    result = noised(history, 0.5)
    assert not torch.allclose(result.full_BCTHW, history.full_BCTHW)
    assert result.medium_BCTHW is history.medium_BCTHW
    assert result.coarse_BCTHW is history.coarse_BCTHW


def test_noise_on_all_leaves_empty_slots_empty():
    history = packed(num_history=4)
    result = noised(history, 0.5, "all")
    assert not result.coarse_BCTHW[:, :, :15].any()
    assert not torch.allclose(result.coarse_BCTHW[:, :, 15], history.coarse_BCTHW[:, :, 15])


def test_a_level_is_a_mixture_of_its_size():
    history = packed(batch=64)
    result = noised(history, 0.6).full_BCTHW - 0.4 * history.full_BCTHW
    assert result.std().item() == pytest.approx(0.6, rel=0.02)


def test_every_sample_can_have_its_own_level():
    history = packed()
    result = noised(history, torch.tensor([0.0, 0.7]))
    assert torch.equal(result.full_BCTHW[0], history.full_BCTHW[0])
    assert not torch.allclose(result.full_BCTHW[1], history.full_BCTHW[1])


def test_the_noise_follows_its_own_seed():
    history = packed()
    assert torch.equal(noised(history, 0.5, seed=7).full_BCTHW, noised(history, 0.5, seed=7).full_BCTHW)
    assert not torch.equal(noised(history, 0.5, seed=7).full_BCTHW, noised(history, 0.5, seed=8).full_BCTHW)
