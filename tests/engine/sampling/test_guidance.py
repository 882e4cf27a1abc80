import pytest
import torch

from engine.sampling.guidance import (
    ActionAndTextGuidance,
    ActionFreeGuidance,
    Branch,
    NoGuidance,
    TextGuidance,
    guidance_for,
)

ACTED, FREE, NEGATIVE = torch.tensor([3.0]), torch.tensor([1.0]), torch.tensor([2.0])


def test_action_free_guidance_moves_away_from_the_free_velocity():
    assert ActionFreeGuidance(2.0).combine([ACTED, FREE]).item() == 1 + 2 * (3 - 1)


def test_text_guidance_moves_away_from_the_negative_prompt():
    assert TextGuidance(2.5).combine([ACTED, NEGATIVE]).item() == 2 + 2.5 * (3 - 2)


def test_both_guide_one_after_the_other():
    acted = 1 + 2 * (3 - 1)
    assert ActionAndTextGuidance(2.0, 2.5).combine([ACTED, FREE, NEGATIVE]).item() == 2 + 2.5 * (acted - 2)


@pytest.mark.parametrize(
    ("action", "text", "kind", "evaluations"),
    [
        (1.0, 1.0, NoGuidance, 1),
        (2.0, 1.0, ActionFreeGuidance, 2),
        (1.0, 3.0, TextGuidance, 2),
        (2.0, 3.0, ActionAndTextGuidance, 3),
    ],
)
def test_a_scale_of_one_is_off_and_costs_nothing(action, text, kind, evaluations):
    guidance = guidance_for(action, text)
    assert isinstance(guidance, kind)
    assert len(guidance.branches) == evaluations
    assert guidance.branches[0] == Branch("given", "prompt")


def test_the_free_branch_keeps_the_prompt_unless_told_to_do_as_the_released_code():
    assert ActionAndTextGuidance(2, 2).branches[1] == Branch("free", "prompt")
    assert ActionAndTextGuidance(2, 2, free_text="negative").branches[1] == Branch("free", "negative")


EVERY = {
    Branch("given", "prompt"): ACTED,
    Branch("free", "prompt"): FREE,
    Branch("given", "negative"): NEGATIVE,
}
SCALES = (0.0, 0.25, 0.5, 0.999, 1.0, 1.001, 2.0, 7.5)


@pytest.mark.parametrize("text", SCALES)
@pytest.mark.parametrize("action", SCALES)
def test_every_scale_is_what_the_formula_says_with_no_more_evaluations_than_it_needs(action, text):
    guidance = guidance_for(action, text)
    made = guidance.combine([EVERY[branch] for branch in guidance.branches])
    acted = FREE + action * (ACTED - FREE)
    torch.testing.assert_close(made, NEGATIVE + text * (acted - NEGATIVE))
    needs = {"negative": text != 1, "free": text != 0 and action != 1, "given": text != 0 and action != 0}
    assert len(guidance.branches) == sum(needs.values())


def test_zero_is_the_prediction_without_actions_alone():
    assert guidance_for(0.0).branches == (Branch("free", "prompt"),)
    assert guidance_for(0.0, 0.0).branches == (Branch("given", "negative"),)
    assert guidance_for(0.0, 3.0).branches == (Branch("free", "prompt"), Branch("given", "negative"))


def test_between_zero_and_one_both_are_mixed():
    assert guidance_for(0.25).combine([ACTED, FREE]).item() == 1.5
