"""The paper's ablations at the bundled world's scale: small equal budgets, several seeds, one table.

`python -m engine.evaluation.ablations --runs runs/small-astra --out runs/ablations` trains what is not yet trained, on
the latents of the bundled world's recipe, and writes `ablations.json` and `ablations.md`. Stops and resumes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Generator

from engine.actions.encoding import encoded_width
from engine.analysis.following import goes_right
from engine.evaluation.ablation_models import CrossAttentionTransformer, SharedProjectorTransformer
from engine.evaluation.commands import DIRECTIONS
from engine.evaluation.following import Searches
from engine.evaluation.settings import HELD_OUT_SEED
from engine.evaluation.starts import Start, procedural_starts
from engine.evaluation.takes import make_take, noise_seed
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.transformer import AstraTransformer3DModel
from engine.models.weights.load import load_codec
from engine.training.bundled import channel_weights, make_transformer, split_shards
from engine.training.checkpoints import load_checkpoint, save_checkpoint
from engine.training.loop import LoopConfig, Trainer, action_errors
from engine.training.noise_as_mask import PRESETS
from engine.training.number_format import NumberFormat
from engine.training.recipe import Folders, Recipe
from engine.training.synthetic.clips import RENDERED
from engine.training.windows import WindowSource
from engine.worlds.astra import AstraWorld
from engine.worlds.astra_settings import AstraSettings
from engine.worlds.config import WorldConfig

NUM_SEEDS = 3
NUM_STARTS = 8
HISTORY_CHUNKS = (0, 1, 2, 3)
"""Chunks that a command is held before it is reversed."""
SCALES = (1.0, 1.5, 2.0, 3.0)
"""Action-Free Guidance."""
REVERSED_PACE = 0.5
"""Of the reversed takes, as a share of the trained speed: at full speed three chunks leave the start behind."""
_T_95 = {1: 12.706, 2: 4.303, 3: 3.182, 4: 2.776}
"""Student's t for a 95 % interval, by degrees of freedom."""


@dataclass(frozen=True, kw_only=True)
class Budget:
    """What every variant gets."""

    num_steps: int = 900
    batch_size: int = 16
    width: int = 128
    num_heads: int = 2
    num_layers: int = 4
    num_starts: int = NUM_STARTS
    num_windows: int = 96
    number_format: NumberFormat = "measured"


SMOKE = Budget(num_steps=2, batch_size=2, width=32, num_layers=1, num_starts=1, num_windows=2, number_format="float32")
"""Everything in seconds, for the tests."""


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One way to train."""

    name: str
    what: str
    make: Callable[[Recipe], AstraTransformer3DModel] = make_transformer
    change: Callable[[LoopConfig], LoopConfig] = lambda loop: loop


def _shared_projector(recipe: Recipe) -> AstraTransformer3DModel:
    """One projector, one expert with the hidden units of two of the usual three, which is what a row uses."""
    return _as(SharedProjectorTransformer, recipe, num_experts=1, top_k=1, expert_hidden_dim=128, same_width=True)


def _cross_attention(recipe: Recipe) -> AstraTransformer3DModel:
    return _as(CrossAttentionTransformer, recipe, text_dim=32)


def _as(
    kind: type[AstraTransformer3DModel], recipe: Recipe, *, same_width: bool = False, **changes: Any
) -> AstraTransformer3DModel:
    usual = make_transformer(recipe).config
    names: tuple[str, ...] = (
        "num_attention_heads",
        "attention_head_dim",
        "in_channels",
        "out_channels",
        "text_dim",
        "freq_dim",
    )
    names += ("ffn_dim", "num_layers", "row_widths", "unified_dim", "num_experts", "top_k", "routing")
    names += ("expert_hidden_dim", "input_rounding", "prediction")
    values = {name: usual[name] for name in names} | changes
    if same_width:
        widest = max(encoded_width(kind_, recipe.windows.row_encoding) for kind_ in RENDERED)
        values["row_widths"] = dict.fromkeys(usual.row_widths, widest)
    torch.manual_seed(recipe.seed)
    return kind(**values)


VARIANTS = (
    Variant(name="full", what="as shipped: Noise-as-Mask, ACT-Adapter, three experts"),
    Variant(
        name="clean history",
        what="no Noise-as-Mask",
        change=lambda loop: replace(loop, noise_as_mask=PRESETS["none"]),
    ),
    Variant(name="cross-attention", what="actions by cross-attention, not by the adapter", make=_cross_attention),
    Variant(name="shared projector", what="one projector and one expert for all modalities", make=_shared_projector),
)


def recipe_of(budget: Budget, seed: int) -> Recipe:
    """The bundled world's recipe cut to a budget."""
    usual = Recipe()
    loop = replace(
        usual.loop,
        num_steps=budget.num_steps,
        batch_size=budget.batch_size,
        number_format=budget.number_format,
        seed=100 + seed,
    )
    return replace(
        usual, loop=loop, width=budget.width, num_heads=budget.num_heads, num_layers=budget.num_layers, seed=50 + seed
    )


def train(variant: Variant, seed: int, budget: Budget, folders: Folders, out: Path) -> AstraTransformer3DModel:
    """Train a variant, or go on; returns its averaged weights. Only the seed and the variant differ between runs."""
    recipe = recipe_of(budget, seed)
    weights = channel_weights(GroupAutoencoder.load_config(folders.autoencoder)["latents_std"])
    loop = replace(variant.change(recipe.loop), channel_weights=weights)
    source = WindowSource(
        recipe.windows, split_shards(recipe, folders, recipe.first_clip_sets)[0], Generator().manual_seed(200 + seed)
    )
    trainer = Trainer(loop, variant.make(recipe), source)
    place, identity = out / variant.name.replace(" ", "-") / f"seed-{seed}", f"{variant.name} {seed} {budget}"
    place.mkdir(parents=True, exist_ok=True)
    state = load_checkpoint(place, identity)
    if state is not None:
        trainer.restore(state)

    def report(step: int, figures: dict[str, float]) -> None:
        if step % 100 == 0 or step == loop.num_steps:
            print(f"{variant.name}, seed {seed}, step {step}: loss {figures['loss']:.4f}", flush=True)  # noqa: T201
            save_checkpoint(place, trainer.state(), identity)

    trainer.run(report)
    return trainer.averaged()


def measure_errors(
    model: AstraTransformer3DModel, budget: Budget, folders: Folders, recipe: Recipe
) -> dict[str, float]:
    """Error with another window's actions, and with none, over that with the right ones, by modality."""
    held_out = WindowSource(recipe.windows, split_shards(recipe, folders, recipe.first_clip_sets)[1], Generator())
    figures: dict[str, float] = {}
    for name in (kind.name for kind in RENDERED):
        held_out.restore(Generator().manual_seed(1).get_state())
        errors = action_errors(model, held_out, name, budget.num_windows)
        figures[f"{name}: error"] = errors["right"]
        figures[f"{name}: shuffled over right"] = errors["shuffled"] / errors["right"]
    return figures


def measure_following(world: AstraWorld, starts: Sequence[Start], searches: Searches, scale: float) -> dict[str, float]:
    """Of the eight directions at one guidance scale: share that goes right, and mean gain."""
    settings = world.info.settings_with({"guidance": scale})
    gains = []
    for number, start in enumerate(starts):
        for command in DIRECTIONS:
            clock = world.info.clock
            track = command.track(clock.latents_per_chunk, 1.0, clock)
            (chunk,) = make_take(world, start, [track], noise_seed(number, 0), settings)
            gains.append(searches.gain(chunk, command, 1.0))
    found = np.array(gains)
    return {"right direction": float(goes_right(found).mean()), "gain": float(found.mean())}


def measure_inertia(world: AstraWorld, starts: Sequence[Start], searches: Searches) -> dict[str, float]:
    """Gain of a turn in the chunk after the opposite turn was held for some chunks. 1 is full response, 0 none."""
    clock, num_ticks = world.info.clock, world.info.clock.latents_per_chunk
    figures: dict[str, float] = {}
    for held in HISTORY_CHUNKS:
        gains = []
        for number, start in enumerate(starts):
            for first, then in (DIRECTIONS[:2], DIRECTIONS[1::-1]):
                tracks = [first.track(num_ticks, REVERSED_PACE, clock)] * held
                tracks.append(then.track(num_ticks, REVERSED_PACE, clock))
                chunk = make_take(world, start, tracks, noise_seed(number, 0))[-1]
                gains.append(searches.gain(chunk, then, REVERSED_PACE))
        figures[f"reversed after {held} chunks"] = float(np.mean(gains))
    return figures


def world_of(model: AstraTransformer3DModel, folders: Folders, recipe: Recipe) -> AstraWorld:
    """The network as a world, with the run's autoencoder."""
    clips = recipe.clip_sets[0][1]
    config = WorldConfig(
        name="ablation",
        width=clips.width,
        height=clips.height,
        latents_per_chunk=recipe.windows.num_targets,
        rounds_actions=False,
        row_encoding=recipe.windows.row_encoding,
        defaults=AstraSettings(num_steps=4, guidance=1.5),
    )
    codec, _ = load_codec(folders.autoencoder)
    return AstraWorld(model, codec, config, "ablation")


def run_one(variant: Variant, seed: int, budget: Budget, folders: Folders, out: Path) -> dict[str, float]:
    """Train and measure one variant with one seed; what has been measured is read back."""
    done = out / f"{variant.name.replace(' ', '-')}-{seed}.json"
    if done.exists():
        figures: dict[str, float] = json.loads(done.read_text())
        return figures
    recipe = recipe_of(budget, seed)
    model = train(variant, seed, budget, folders, out)
    figures = measure_errors(model, budget, folders, recipe)
    world = world_of(model, folders, recipe)
    searches = Searches(world.info)
    starts = procedural_starts(budget.num_starts, world.info, HELD_OUT_SEED)
    scales = SCALES if variant.name == "full" else (world.info.defaults.number("guidance"),)
    for scale in scales:
        for name, value in measure_following(world, starts, searches, scale).items():
            figures[f"{name}, guidance {scale:g}"] = value
    figures |= measure_inertia(world, starts, searches)
    done.write_text(json.dumps(figures, indent=1) + "\n")
    return figures


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half of its 95 % t-interval. Raises ValueError for fewer than two values."""
    count = len(values)
    if count < 2:
        raise ValueError(f"an interval needs at least two values, got {count}")
    return float(np.mean(values)), float(_T_95[count - 1] * np.std(values, ddof=1) / np.sqrt(count))


def as_table(found: dict[str, list[dict[str, float]]]) -> str:
    """Markdown: a row per figure, a column per variant; mean and 95 % interval over the seeds; of one, its value."""
    names = list(dict.fromkeys(name for runs in found.values() for run in runs for name in run))
    heads = [f"{name} ({len(runs)} seed{'s' if len(runs) > 1 else ''})" for name, runs in found.items()]
    lines = ["| | " + " | ".join(heads) + " |", "|---|" + "---|" * len(found)]
    for name in names:
        cells = []
        for runs in found.values():
            values = [run[name] for run in runs if name in run]
            cells.append(_cell(values))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(values: Sequence[float]) -> str:
    if len(values) < 2:
        return f"{values[0]:.2f}" if values else ""
    return "{:.2f} ± {:.2f}".format(*interval(values))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run them, all or one share of them."""
    parser = argparse.ArgumentParser(description="The paper's ablations at the bundled world's scale.")
    parser.add_argument("--runs", type=Path, required=True, help="folder of the bundled world's run")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints and results")
    parser.add_argument("--share", default="1/1", help="which share of the runs this process does, such as 1/2")
    parser.add_argument("--smoke", action="store_true", help="tiny networks, two steps: shows that it runs")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    number, count = map(int, options.share.split("/"))
    budget, folders = SMOKE if options.smoke else Budget(), Folders(options.runs)
    options.out.mkdir(parents=True, exist_ok=True)
    pairs = [(variant, seed) for seed in range(NUM_SEEDS) for variant in VARIANTS]
    for variant, seed in pairs[number - 1 :: count]:
        run_one(variant, seed, budget, folders, options.out)
    report(options.out)


def report(out: Path) -> None:
    """Write the table of the runs that are done, where at least one is."""
    found: dict[str, list[dict[str, float]]] = {}
    for variant in VARIANTS:
        places = [out / f"{variant.name.replace(' ', '-')}-{seed}.json" for seed in range(NUM_SEEDS)]
        runs = [json.loads(place.read_text()) for place in places if place.exists()]
        if runs:
            found[variant.name] = runs
    if found:
        (out / "ablations.json").write_text(json.dumps(found, indent=1) + "\n")
        (out / "ablations.md").write_text(as_table(found))


if __name__ == "__main__":
    main()
