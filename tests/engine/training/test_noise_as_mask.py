import pytest
import torch

from engine.models.history import pack_history
from engine.models.window import plan_window
from engine.training.noise_as_mask import PRESETS, NoiseAsMask


def levels(mask, num=4000):
    return mask.levels(num, torch.Generator().manual_seed(0))


def test_the_released_levels_are_the_noisy_end_of_the_schedule_in_four_of_five_samples():
    drawn = levels(PRESETS["released"])
    noised = drawn[drawn > 0]
    assert len(noised) / len(drawn) == pytest.approx(0.8, abs=0.03)
    assert noised.min().item() == pytest.approx(0.626, abs=0.01)
    assert noised.max() == 1
    assert PRESETS["released"].where == "recent"


def test_the_papers_noise_is_on_all_history():
    assert PRESETS["paper"].where == "all"
    assert (levels(PRESETS["paper"]) > 0).all()


def test_levels_lie_where_told():
    drawn = levels(NoiseAsMask(probability=1.0, low=0.2, high=0.3))
    assert drawn.min() >= 0.2
    assert drawn.max() <= 0.3


def test_it_begins_when_told_and_is_new_every_time():
    history = pack_history(torch.randn(2, 3, 9, 4, 4), plan_window(9, 4))
    mask, generator = NoiseAsMask(probability=1.0, start=0.5), torch.Generator().manual_seed(0)
    assert mask.apply(history, 0.4, generator) is history
    first, second = (mask.apply(history, 0.5, generator).full_BCTHW for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("wrong", [{"probability": 1.5}, {"low": 0.5, "high": 0.4}, {"high": 1.2}, {"start": -1.0}])
def test_what_makes_no_sense_is_refused(wrong):
    with pytest.raises(ValueError, match="Noise-as-Mask needs"):
        NoiseAsMask(**wrong)
