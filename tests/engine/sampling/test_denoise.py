import pytest
import torch

from engine.messages import Cancelled
from engine.sampling.denoise import denoise, seeded_noise
from engine.sampling.guidance import ActionFreeGuidance, NoGuidance
from engine.sampling.schedule import flow_schedule
from engine.sampling.solvers import EulerSolver, UniPCSolver, make_solver

TARGET = torch.full((1, 2, 3, 4, 4), 0.7)


def towards_target(sample, timestep, branch):
    """The exact velocity when every sample is the same."""
    return (sample - TARGET) / (timestep / 1000)


def run(solver_name, num_steps, evaluate=towards_target, **changes):
    schedule = flow_schedule(num_steps)
    solver = make_solver(solver_name, schedule, 5.0)
    return denoise(evaluate, seeded_noise(TARGET.shape, 3), schedule, solver, NoGuidance(), **changes)


@pytest.mark.parametrize("solver", ["euler", "unipc"])
@pytest.mark.parametrize("num_steps", [1, 2, 4, 9, 50])
def test_an_exact_velocity_leads_to_the_data(solver, num_steps):
    assert torch.allclose(run(solver, num_steps), TARGET, atol=2e-4)


def test_unipc_comes_closer_than_euler_with_as_many_steps():
    def spread(sample, timestep, branch):
        """The velocity of data that is normal with deviation 0.5: its paths are curved."""
        sigma = timestep / 1000
        variance = 0.25 * (1 - sigma) ** 2 + sigma**2
        return sample * (sigma - 0.25 * (1 - sigma)) / variance

    exact = run("euler", 2000, spread)
    euler, unipc = ((run(name, 30, spread) - exact).abs().max() for name in ("euler", "unipc"))
    assert unipc < 0.5 * euler


def test_unipc_runs_on_exactly_our_noise_levels():
    schedule = flow_schedule(20)
    theirs = UniPCSolver(schedule, 5.0)._scheduler.sigmas
    assert torch.allclose(theirs[:-1], schedule.sigmas, atol=2e-6)
    assert theirs[-1] == 0


def test_the_expected_clean_sample_is_told_after_every_step():
    told = []
    run("euler", 3, step_done=lambda step, clean: told.append((step, clean)))
    assert [step for step, _ in told] == [1, 2, 3]
    assert all(torch.allclose(clean, TARGET, atol=1e-4) for _, clean in told)


def test_a_cancel_is_heard_before_the_next_evaluation():
    evaluations = []

    def evaluate(sample, timestep, branch):
        evaluations.append(branch)
        return towards_target(sample, timestep, branch)

    schedule = flow_schedule(10)
    with pytest.raises(Cancelled):
        denoise(
            evaluate,
            seeded_noise(TARGET.shape, 3),
            schedule,
            EulerSolver(schedule),
            ActionFreeGuidance(2.0),
            cancelled=lambda: len(evaluations) == 5,
        )
    assert len(evaluations) == 5


def test_the_sample_stays_in_float32_when_the_network_answers_in_bfloat16():
    result = run("euler", 4, lambda *a: towards_target(*a).to(torch.bfloat16))
    assert result.dtype == torch.float32


def test_the_same_seed_draws_the_same_noise_and_another_does_not():
    assert torch.equal(seeded_noise((2, 3), 5), seeded_noise((2, 3), 5))
    assert not torch.equal(seeded_noise((2, 3), 5), seeded_noise((2, 3), 6))


def test_an_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="euler or unipc, got 'heun'"):
        make_solver("heun", flow_schedule(2), 5.0)
