import pytest
import torch
from safetensors.torch import load_file

from engine.sampling.schedule import add_noise, flow_schedule, nearest_timestep_ids, training_target, training_weights
from tests.builders import GOLDENS


@pytest.fixture(scope="module")
def golden():
    return load_file(GOLDENS / "scheduler_a.safetensors")


@pytest.mark.parametrize("num_steps", [4, 8, 20, 50])
def test_the_noise_levels_are_exactly_the_released_ones(golden, num_steps):
    schedule = flow_schedule(num_steps)
    assert torch.equal(schedule.sigmas, golden[f"shift5_steps{num_steps}.sigmas"])
    assert torch.equal(schedule.timesteps, golden[f"shift5_steps{num_steps}.timesteps"])


def test_diffusers_gives_the_same_levels_when_told_how():
    from diffusers import FlowMatchEulerDiscreteScheduler

    theirs = FlowMatchEulerDiscreteScheduler(num_train_timesteps=1000, shift=5.0)
    theirs.set_timesteps(sigmas=torch.linspace(1, 0, 21)[:-1].tolist())
    assert torch.allclose(flow_schedule(20).sigmas, theirs.sigmas[:-1], atol=1e-6)


def test_the_last_step_leads_to_zero():
    schedule = flow_schedule(7)
    assert schedule.next_sigma(6) == 0
    assert schedule.next_sigma(2) == schedule.sigmas[3]


def test_without_shift_the_levels_are_even():
    assert torch.allclose(flow_schedule(4, shift=1.0).sigmas, torch.tensor([1, 0.75, 0.5, 0.25]))


def test_the_training_table_is_the_released_one(golden):
    schedule = flow_schedule(1000)
    weights = training_weights(schedule.timesteps)
    assert torch.allclose(weights, golden["train1000.weights"], atol=1e-6)
    assert weights.sum().item() == pytest.approx(1000, abs=1e-2)
    ids = nearest_timestep_ids(schedule, schedule.timesteps.to(torch.bfloat16).float())
    assert torch.equal(ids, golden["train1000.bf16_lookup_id"])


def test_the_target_leads_from_the_clean_sample_to_the_noise():
    clean, noise = torch.randn(2, 3), torch.randn(2, 3)
    assert torch.allclose(add_noise(clean, noise, 0.3) + 0.7 * training_target(clean, noise), noise, atol=1e-6)


@pytest.mark.parametrize("num_steps", [0, -3])
def test_no_steps_are_refused(num_steps):
    with pytest.raises(ValueError, match=f"at least 1, got {num_steps}"):
        flow_schedule(num_steps)


def test_a_shift_of_zero_is_refused():
    with pytest.raises(ValueError, match="shift must be positive"):
        flow_schedule(4, shift=0.0)
