from dataclasses import replace
from pathlib import Path

import pytest
import torch

from engine.models.transformer import AstraTransformer3DModel
from engine.training.loop import LoopConfig, Trainer, TrainingDiverged, action_errors
from engine.training.noise_as_mask import NoiseAsMask
from engine.training.objective import Objective
from engine.training.trainable import ADAPTER_PARTS
from engine.training.windows import WindowConfig, WindowSource
from tests.engine.training.small import NEW, write_shards

CONFIG = LoopConfig(num_steps=10, batch_size=4, warmup_steps=2, number_format="float32")
GOLDEN = Path(__file__).parents[2] / "data" / "training" / "losses.txt"


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    return sorted(write_shards(tmp_path_factory.mktemp("shards")).glob("*.safetensors"))


@pytest.fixture
def make(shards):
    def trainer(config=CONFIG, **changes):
        torch.manual_seed(4)
        model = AstraTransformer3DModel(**(NEW | {"text_dim": None} | changes))
        source = WindowSource(WindowConfig(num_targets=4), shards, torch.Generator().manual_seed(7))
        return Trainer(config, model, source)

    return trainer


def losses(of, count):
    return [of.train_step(of.source.draw(of.config.batch_size))["loss"] for _ in range(count)]


def test_the_losses_of_ten_steps_are_those_written_down(make):
    """Golden numbers: a change of the objective, the data or the optimiser shows here. Renew them only on purpose."""
    expected = [float(line) for line in GOLDEN.read_text().split()]
    assert losses(make(), 10) == pytest.approx(expected, rel=2e-3)


def test_steps_on_one_batch_lower_its_loss(make):
    of = make(replace(CONFIG, num_steps=100, objective=Objective(pure_noise_share=1.0), action_dropout=0.0))
    batch = of.source.draw(4)
    values = [of.train_step(batch)["loss"] for _ in range(40)]
    assert min(values[-10:]) < 0.7 * values[0]


def test_the_same_seeds_give_the_same_losses(make):
    assert losses(make(), 4) == losses(make(), 4)


def test_a_restored_run_goes_on_exactly(make):
    expected = losses(make(), 6)
    first = make()
    losses(first, 3)
    state = first.state()
    second = make()
    losses(second, 1)  # whatever it did before
    second.restore(state)
    assert losses(second, 3) == expected[3:]


def test_a_loss_that_is_no_number_stops_before_it_does_harm(make):
    of = make()
    before = {name: p.clone() for name, p in of.model.named_parameters()}
    batch = of.source.draw(4)
    batch.target_BCTHW[0, 0, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match="step 0 is nan"):
        of.train_step(batch)
    assert all(torch.equal(p, before[name]) for name, p in of.model.named_parameters())


def test_the_average_follows_the_weights_slowly(make):
    of = make()
    start = of.average.weights["proj_out.weight"].clone()
    losses(of, 6)
    moved = (of.model.proj_out.weight - start).abs().mean()
    averaged = (of.average.weights["proj_out.weight"] - start).abs().mean()
    assert 0 < averaged < moved


def test_action_dropout_hides_the_whole_matrix(make):
    of = make(replace(CONFIG, action_dropout=1.0))
    batch = of.source.draw(4)
    other = replace(batch, rows_BRA=torch.randn_like(batch.rows_BRA))
    state = of.generator.get_state()
    first = of.losses(batch)[0].item()
    of.generator.set_state(state)
    assert of.losses(other)[0].item() == first


def test_noise_as_mask_changes_what_the_network_sees(make):
    values = []
    for mask in (NoiseAsMask(probability=0.0), NoiseAsMask(probability=1.0, high=0.9, start=0.0)):
        of = make(replace(CONFIG, noise_as_mask=mask))
        values.append(of.losses(of.source.draw(4))[0].item())
    assert values[0] != values[1]


def test_the_learning_rate_warms_up_holds_and_falls(make):
    of = make(replace(CONFIG, num_steps=100, warmup_steps=10))
    rates = []
    for step in (0, 9, 39, 70, 100):
        of.step = step
        of._set_rates()
        rates.append(of.optimisers[1].param_groups[0]["lr"] / of.config.learning_rate)
    assert rates == pytest.approx([0.1, 1.0, 1.0, 0.51, 0.02])


@pytest.mark.parametrize("optimiser", ["muon", "adamw"])
@pytest.mark.parametrize("routing", ["learned", "fixed"])
def test_with_a_frozen_backbone_exactly_the_adapters_move(make, optimiser, routing):
    # Every expert at work: one that no sample is routed to gets no gradient.
    config = replace(CONFIG, trainable="adapters", optimiser=optimiser, weight_decay=0.0)
    of = make(config, routing=routing, top_k=3)
    before = {name: p.clone() for name, p in of.model.named_parameters()}
    for kind in ("camera", "driving", "robot"):
        of.train_step(of.source.draw(4, num_history=5, modality_name=kind))
    moved = {name for name, p in of.model.named_parameters() if not torch.equal(p, before[name])}
    should = {name for name in before if any(part in name.split(".") for part in ADAPTER_PARTS)}
    assert moved == should


def test_everything_moves_when_everything_trains(make):
    of = make()
    before = {name: p.clone() for name, p in of.model.named_parameters()}
    for kind in ("camera", "driving", "robot"):
        of.train_step(of.source.draw(4, num_history=5, modality_name=kind))
    assert [name for name, p in of.model.named_parameters() if torch.equal(p, before[name])] == []


def test_channel_weights_scale_the_error_of_their_channel(make):
    batch = make().source.draw(4)
    even, none = (make(replace(CONFIG, channel_weights=w)).losses(batch)[0] for w in ([1.0] * 4, []))
    assert torch.equal(even, none)
    parts = [
        make(replace(CONFIG, channel_weights=[4.0 * (c == k) for c in range(4)])).losses(batch)[0] for k in range(4)
    ]
    assert torch.allclose(torch.stack(parts).mean(), even, rtol=1e-5)


def test_gradient_checkpointing_changes_nothing_but_memory(make):
    plain, checkpointed = make(), make(replace(CONFIG, gradient_checkpointing=True))
    assert losses(checkpointed, 2) == pytest.approx(losses(plain, 2), rel=1e-5)


def test_action_errors_compare_right_with_wrong_actions(make):
    of = make()
    errors = action_errors(of.averaged(), of.source, num_windows=6)
    assert set(errors) == {"right", "shuffled", "none"}
    assert all(error > 0 for error in errors.values())
