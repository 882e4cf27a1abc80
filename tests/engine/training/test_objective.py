import pytest
import torch
from safetensors.torch import load_file

from engine.training.objective import NoiseLevels, Objective, flow_loss
from tests.builders import GOLDENS


def drawn(objective, num=4000, done=0.0):
    return objective.draw(num, done, torch.Generator().manual_seed(0))


def test_most_samples_start_as_pure_noise_and_fewer_later():
    objective = Objective(pure_noise_share=0.8, late_pure_noise_share=0.3, late_start=0.5)
    for done, share in ((0.0, 0.8), (0.49, 0.8), (0.5, 0.3)):
        levels = drawn(objective, done=done)
        assert (levels.sigma_B == 1).float().mean().item() == pytest.approx(share, abs=0.03)
        assert torch.equal(levels.timestep_B, 1000 * levels.sigma_B)


def test_the_released_levels_and_weights_are_looked_up_from_rounded_timesteps():
    golden = load_file(GOLDENS / "scheduler_a.safetensors")
    levels = drawn(Objective(levels="released"), 20_000)
    ids = (golden["train1000.timesteps"][None] - levels.timestep_B[:500, None]).abs().argmin(1)
    assert torch.allclose(levels.weight_B[:500], golden["train1000.bf16_lookup_weight"][ids], atol=1e-5)
    assert torch.allclose(
        levels.sigma_B[:500], golden["train1000.sigmas"][golden["train1000.bf16_lookup_id"][ids]], atol=1e-6
    )
    assert len(levels.sigma_B.unique()) == 294  # of 1000 points (reference section 9)


def test_a_velocity_and_the_sample_it_stands_for_cost_the_same():
    clean, noise = torch.randn(2, 3, 2, 4, 4), torch.randn(2, 3, 2, 4, 4)
    sigma = torch.tensor([1.0, 0.6])
    levels = NoiseLevels(sigma_B=sigma, timestep_B=1000 * sigma, weight_B=torch.tensor([1.0, 2.0]))
    noisy = (1 - sigma.view(-1, 1, 1, 1, 1)) * clean + sigma.view(-1, 1, 1, 1, 1) * noise
    guess = torch.randn_like(clean)
    velocity = (noisy - guess) / sigma.view(-1, 1, 1, 1, 1)
    costs = [flow_loss(p, kind, clean, noise, levels) for p, kind in ((guess, "sample"), (velocity, "velocity"))]
    assert torch.allclose(*costs, rtol=1e-4)


def test_where_there_is_little_noise_a_sample_error_is_not_blown_up():
    clean = torch.zeros(1, 1, 1, 2, 2)
    costs = []
    for sigma in (0.4, 0.01):
        levels = NoiseLevels(sigma_B=torch.tensor([sigma]), timestep_B=torch.tensor([0.0]), weight_B=torch.ones(1))
        costs.append(flow_loss(clean + 1, "sample", clean, clean, levels).item())
    assert costs[0] == costs[1]


def test_errors_that_differ_from_pixel_to_pixel_cost_more_with_a_slope_weight():
    clean = torch.zeros(1, 1, 1, 4, 4)
    even = torch.ones(1, 1, 1, 4, 4)
    blocks = even * torch.tensor([1.0, 1.0, -1.0, -1.0])
    levels = NoiseLevels(sigma_B=torch.ones(1), timestep_B=torch.tensor([1000.0]), weight_B=torch.ones(1))

    def cost(guess, slope_weight):
        return flow_loss(guess, "sample", clean, clean, levels, slope_weight=slope_weight).item()

    assert cost(even, 0.0) == cost(blocks, 0.0) == cost(even, 0.5) == 1
    # One border of three, with steps of 2, half of whose square is added.
    assert abs(cost(blocks, 0.5) - (1 + 0.5 * 4 / 3)) < 1e-6
