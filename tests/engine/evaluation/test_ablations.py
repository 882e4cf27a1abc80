import json

import pytest
import torch

from engine.evaluation.ablation_models import CrossAttentionTransformer, SharedProjectorTransformer
from engine.evaluation.ablations import NUM_SEEDS, SMOKE, VARIANTS, as_table, interval, recipe_of, report


def test_an_interval_is_students():
    mean, half = interval([1.0, 2.0, 3.0])
    assert mean == 2.0
    assert half == pytest.approx(4.303 / 3**0.5)
    with pytest.raises(ValueError, match="at least two"):
        interval([1.0])


def test_variants_differ_in_one_thing():
    recipe = recipe_of(SMOKE, 0)
    models = {variant.name: variant.make(recipe) for variant in VARIANTS}
    loops = {variant.name: variant.change(recipe.loop) for variant in VARIANTS}
    assert [name for name, loop in loops.items() if loop != recipe.loop] == ["clean history"]
    assert loops["clean history"].noise_as_mask.probability == 0
    kinds = {name: type(model) for name, model in models.items() if name not in ("full", "clean history")}
    assert kinds == {
        "cross-attention": CrossAttentionTransformer,
        "shared projector": SharedProjectorTransformer,
    }


def test_seeds_begin_with_other_weights_and_equal_seeds_with_the_same():
    def first(seed):
        return VARIANTS[0].make(recipe_of(SMOKE, seed)).proj_out.weight

    assert torch.equal(first(1), first(1))
    assert not torch.equal(first(1), first(2))


def test_a_table_tells_how_many_seeds_stand_behind_it():
    table = as_table({"full": [{"a": 1.0}, {"a": 3.0}], "other": [{"a": 2.0, "b": 5.0}]})
    assert "| full (2 seeds) | other (1 seed) |" in table
    assert "| a | 2.00 ± 12.71 | 2.00 |" in table
    assert "| b |  | 5.00 |" in table


def test_a_report_is_of_the_runs_that_are_done(tmp_path):
    report(tmp_path)
    assert not list(tmp_path.iterdir())
    for seed in range(NUM_SEEDS):
        (tmp_path / f"clean-history-{seed}.json").write_text(json.dumps({"a": float(seed)}))
    report(tmp_path)
    assert (tmp_path / "ablations.md").read_text().startswith("| | clean history (3 seeds) |")
    assert json.loads((tmp_path / "ablations.json").read_text()) == {
        "clean history": [{"a": s} for s in (0.0, 1.0, 2.0)]
    }
