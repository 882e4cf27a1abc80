import pytest
import torch

from engine.evaluation.ablation_models import CrossAttentionTransformer, SharedProjectorTransformer
from engine.models.history import pack_history
from engine.models.window import plan_window
from tests.engine.training.small import NEW

WIDTHS = {"camera": 24, "driving": 7, "robot": 24}


def made(kind, **changes):
    torch.manual_seed(0)
    return kind(**(NEW | {"text_dim": None} | changes)).eval().requires_grad_(False)


def cross_attention():
    return made(CrossAttentionTransformer, text_dim=NEW["unified_dim"])


def shared_projector():
    return made(SharedProjectorTransformer, num_experts=1, top_k=1, row_widths=dict.fromkeys(WIDTHS, 24))


def predicted(model, rows, modality="camera"):
    generator = torch.Generator().manual_seed(3)
    plan = plan_window(5, 4)
    history = pack_history(torch.randn(1, 4, 5, 4, 6, generator=generator), plan)
    noise = torch.randn(1, 4, 4, 4, 6, generator=generator)
    return model(noise, torch.tensor([1000.0]), history, rows, modality)


def rows(modality="camera", seed=4):
    return torch.randn(1, 9, WIDTHS[modality] + 1, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("make", [cross_attention, shared_projector])
@pytest.mark.parametrize("modality", list(WIDTHS))
def test_actions_of_every_modality_are_heard(make, modality):
    model = make()
    one, other = (predicted(model, rows(modality, seed), modality) for seed in (4, 5))
    assert one.shape == (1, 4, 4, 4, 6)
    assert not torch.allclose(one, other)


def test_cross_attention_adds_nothing_to_the_tokens_themselves():
    model = cross_attention()
    actions = model.encode_actions(rows(), "camera", plan_window(5, 4).window)
    assert not any(feature.any() for feature in actions.features)


def test_cross_attention_knows_the_order_of_the_rows():
    model = cross_attention()
    given = rows()
    assert not torch.allclose(predicted(model, given), predicted(model, given.flip(1)))


def test_with_a_shared_projector_short_rows_are_long_ones_filled_up():
    model = shared_projector()
    short = rows("driving")
    filled = torch.cat([short[..., :-1], torch.zeros(1, 9, 17), short[..., -1:]], -1)
    assert torch.equal(predicted(model, short, "driving"), predicted(model, filled, "camera"))
