import pytest
import torch

from engine.models.action_experts import ActionEmbedder, ActionExperts, RoutedActions

ROWS = {"camera": 12, "driving": 7, "robot": 12}


def embedder(routing="learned", top_k=2, num_experts=4):
    torch.manual_seed(0)
    return ActionEmbedder(ROWS, unified_dim=6, num_experts=num_experts, top_k=top_k, routing=routing)


def test_fixed_routing_gives_each_modality_its_own_expert():
    fixed = embedder("fixed", 1, 3)
    for number, (name, width) in enumerate(ROWS.items()):
        routed = fixed(torch.randn(1, 5, width + 1), name, [0, 2, -1])
        assert routed.weights_BFE[..., number].eq(1).all()
        assert routed.weights_BFE.sum(-1).eq(1).all()


def test_a_modality_without_an_expert_of_its_own_uses_the_first():
    assert embedder("fixed", 1, 2)(torch.randn(1, 5, 13), "robot", [0]).weights_BFE[0, 0].tolist() == [1, 0]


def test_learned_routing_keeps_the_top_experts_and_their_weights_sum_to_one():
    routed = embedder()(torch.randn(2, 9, 13), "camera", range(9))
    assert (routed.weights_BFE > 0).sum(-1).eq(2).all()
    assert torch.allclose(routed.weights_BFE.sum(-1), torch.ones(2, 9))
    best = routed.probabilities_BFE.topk(2, -1).indices
    assert routed.weights_BFE.gather(-1, best).min() > 0


def test_a_router_of_one_expert_keeps_its_probability_and_learns():
    layer = embedder(top_k=1)
    routed = layer(torch.randn(2, 9, 13), "camera", range(9))
    assert torch.equal(routed.weights_BFE.amax(-1), routed.probabilities_BFE.amax(-1))
    assert routed.weights_BFE.amax(-1).max() < 1
    ActionExperts(6, 10, 4, hidden_dim=None)(routed).square().sum().backward()
    assert layer.router.weight.grad.abs().max() > 0


def test_a_frame_without_a_row_has_a_zero_vector_and_not_the_projection_of_zeros():
    routed = embedder()(torch.randn(1, 4, 13), "camera", [0, -1, 3])
    assert not routed.unified_BFU[0, 1].any()
    assert routed.unified_BFU[0, 0].any()


def test_experts_that_no_frame_chose_add_nothing():
    experts = ActionExperts(6, 10, 3, hidden_dim=8)
    unified = torch.randn(1, 5, 6)
    weights = torch.zeros(1, 5, 3)
    weights[..., 1] = 1
    routed = RoutedActions(unified_BFU=unified, weights_BFE=weights, probabilities_BFE=weights)
    with torch.no_grad():
        assert torch.allclose(experts(routed), experts.experts[1](unified))


def test_skipping_unused_experts_does_not_change_the_result():
    experts, routed = ActionExperts(6, 10, 4, hidden_dim=None), embedder()(torch.randn(1, 4, 13), "camera", range(4))
    trained = experts(routed)
    with torch.no_grad():
        assert torch.allclose(experts(routed), trained, atol=1e-6)


def test_the_load_is_the_share_of_frames_of_each_expert():
    weights = torch.tensor([[[1.0, 0], [1, 0], [0, 1], [1, 0]]])
    routed = RoutedActions(unified_BFU=torch.zeros(1, 4, 2), weights_BFE=weights, probabilities_BFE=weights)
    assert routed.load()[0].tolist() == [0.75, 0.25]


def test_more_experts_per_row_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"top_k must lie in 1\.\.4"):
        embedder(top_k=5)
