import pytest
import torch

from engine.models.rotary import head_dim_split, rotary_table, rotate

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("head_dim", "split"), [(128, (44, 42, 42)), (32, (12, 10, 10)), (64, (24, 20, 20)), (16, (8, 4, 4))]
)
def test_a_heads_channels_are_shared_out_as_wan_does(head_dim, split):
    assert head_dim_split(head_dim) == split
    assert sum(split) == head_dim


def test_a_table_does_not_depend_on_how_long_the_rollout_is():
    near = rotary_table([0, 3, 9], [(1, 2, 2), (2, 1, 3)], 32, CPU)
    far = rotary_table([1_000_000, 1_000_003, 1_000_009], [(1, 2, 2), (2, 1, 3)], 32, CPU)
    assert torch.equal(near, far)


def test_attention_scores_depend_on_differences_of_positions_only():
    torch.manual_seed(0)
    query, key = torch.randn(2, 1, 1, 1, 32).unbind(0)

    def score(a, b):
        table = rotary_table([0, a, b], [(3, 1, 1)], 32, CPU)
        return (rotate(query, table[1:2]) * rotate(key, table[2:3])).sum()

    assert torch.allclose(score(4, 9), score(14, 19), atol=1e-5)
    assert not torch.allclose(score(4, 9), score(4, 10), atol=1e-3)


def test_rotating_keeps_lengths_and_the_type():
    table = rotary_table([0, 1], [(2, 2, 2)], 16, CPU)
    states = torch.randn(1, 8, 3, 16)
    assert torch.allclose(rotate(states, table).norm(dim=-1), states.norm(dim=-1), atol=1e-5)
    assert rotate(states.bfloat16(), table).dtype == torch.bfloat16


def test_as_many_times_as_frames_are_needed():
    with pytest.raises(ValueError, match="2 time positions"):
        rotary_table([0, 1], [(1, 2, 2)], 16, CPU)
