from dataclasses import replace

import pytest
import torch

from engine.models.history import pack_history
from engine.models.window import plan_window
from engine.training.bundled import SMOKE, make_transformer
from engine.training.latents import Batch
from engine.training.loop import LoopConfig, Trainer, TrainingDiverged

CONFIG = LoopConfig(num_steps=10, batch_size=3, warmup_steps=2)


class SyntheticSource:
    """Batches drawn from a seed, in which the target follows the actions."""

    def __init__(self):
        self.generator = torch.Generator().manual_seed(7)

    def draw(self, batch_size, num_history=None, modality_name=None):
        g = self.generator
        plan = plan_window(3, 8)
        latents = torch.randn(batch_size, 8, 3, 4, 6, generator=g)
        rows = torch.randn(batch_size, plan.num_rows, 25, generator=g)
        target = latents[:, :, -1:] + rows[:, 3:, 0].view(batch_size, 1, 8, 1, 1)
        return Batch(history=pack_history(latents, plan), target_BCTHW=target, rows_BRA=rows, modality="camera")


def trainer(config=CONFIG):
    return Trainer(config, make_transformer(SMOKE), SyntheticSource())


def losses(of, count):
    return [of.train_step(of.source.draw(3)) for _ in range(count)]


def test_steps_on_one_batch_lower_its_loss():
    of = trainer(replace(CONFIG, num_steps=100, pure_noise_share=1.0, action_dropout=0.0))
    batch = of.source.draw(3)
    values = [of.train_step(batch) for _ in range(40)]
    assert min(values[-10:]) < 0.7 * values[0]


def test_the_same_seeds_give_the_same_losses():
    assert losses(trainer(), 4) == losses(trainer(), 4)


def test_resuming_gives_the_losses_of_an_unbroken_run(tmp_path):
    whole = trainer()
    expected = losses(whole, 6)
    first = trainer()
    losses(first, 3)
    first.save(tmp_path / "c.pt")
    second = trainer()
    losses(second, 1)  # whatever it did before
    second.load(tmp_path / "c.pt")
    second.source.generator.set_state(first.source.generator.get_state())
    assert losses(second, 3) == expected[3:]


def test_a_loss_that_is_no_number_stops_before_it_does_harm():
    of = trainer()
    before = {name: p.clone() for name, p in of.model.named_parameters()}
    batch = of.source.draw(3)
    batch.target_BCTHW[0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match="step 0 is nan"):
        of.train_step(batch)
    assert all(torch.equal(p, before[name]) for name, p in of.model.named_parameters())


def test_the_average_follows_the_weights_slowly():
    of = trainer()
    start = of.average.weights["proj_out.weight"].clone()
    losses(of, 6)
    moved = (of.model.proj_out.weight - start).abs().mean()
    averaged = (of.average.weights["proj_out.weight"] - start).abs().mean()
    assert 0 < averaged < moved


def test_action_dropout_hides_the_whole_matrix():
    of = trainer(replace(CONFIG, action_dropout=1.0))
    batch = of.source.draw(3)
    other = replace(batch, rows_BRA=torch.randn_like(batch.rows_BRA))
    state = of.generator.get_state()
    first = of.loss(batch).item()
    of.generator.set_state(state)
    assert of.loss(other).item() == first


def test_noise_as_mask_starts_when_told_and_changes_the_loss():
    results = []
    for start in (0.0, 1.0):
        of = trainer(replace(CONFIG, history_noise_start=start, history_noise_share=1.0, history_noise_high=0.9))
        results.append(of.loss(of.source.draw(3)).item())
    assert results[0] != results[1]


def test_the_learning_rate_warms_up_holds_and_falls():
    of = trainer(replace(CONFIG, num_steps=100, warmup_steps=10))
    rates = []
    for step in (0, 9, 39, 70, 100):
        of.step = step
        of._set_rates()
        rates.append(of.optimisers[1].param_groups[0]["lr"] / of.config.learning_rate)
    assert rates == pytest.approx([0.1, 1.0, 1.0, 0.51, 0.02])
