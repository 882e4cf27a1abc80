import math

from engine.training.smoke import smoke
from engine.worlds.astra import open_astra


def test_a_smoke_run_leaves_a_world_that_opens(tmp_path):
    told = []
    report = smoke(tmp_path, told.append)
    assert report.frames_shape == (33, 32, 48, 3)
    assert all(math.isfinite(loss) for loss in report.losses)
    assert len(told) == len(set(told)) == 9
    world = open_astra(report.world, "cpu")
    assert world.info.name == "small Astra"
    assert report.num_parameters == sum(p.numel() for p in world._transformer.parameters()) + _folded(world)


def _folded(world):
    """Parameters of the projectors that a world folds into its attention."""
    dim = world._transformer.config.num_attention_heads * world._transformer.config.attention_head_dim
    return len(world._transformer.blocks) * (dim * dim + dim)
