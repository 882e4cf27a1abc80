"""The recipe of the bundled world: from nothing to `assets/models/small-astra`, in stages that can stop and resume.

`python -m engine.training.bundled --runs runs/small-astra` does all of it on the CPU. Each stage skips what is
already there.
"""

from __future__ import annotations

import argparse
import copy
import json
import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import torch
from diffusers.utils import SAFETENSORS_WEIGHTS_NAME
from safetensors.torch import load_file
from torch import Generator

from engine.actions.encoding import encoded_width
from engine.actions.modality import MODALITIES
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.transformer import AstraTransformer3DModel
from engine.models.weights.load import load_codec
from engine.training.autoencoder import AutoencoderConfig, train_autoencoder
from engine.training.checkpoints import load_checkpoint, save_checkpoint
from engine.training.decoder import DecoderConfig, make_takes, tune_decoder
from engine.training.journal import Journal
from engine.training.loop import LoopConfig, Trainer, action_errors
from engine.training.noise_as_mask import NoiseAsMask
from engine.training.objective import Objective
from engine.training.own_takes import OwnTakesConfig, write_own_takes
from engine.training.shards import encode_clips, write_shard
from engine.training.synthetic.clips import ClipConfig, load_pictures, read_clips, write_shards
from engine.training.windows import WindowConfig, WindowSource
from engine.whole_files import whole_folder
from engine.worlds.astra import open_astra

VALIDATE_EVERY, CHECKPOINT_EVERY = 200, 100
"""Steps between validation errors, and between checkpoints."""
SMALL_COLUMNS = (1, 2, 3, 4, 6, 7, 8, 9, 11)
"""Of a step row: those that are near zero, and so need larger weights to be heard at the start."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the bundled world, together with the seeds in the parts."""

    clip_sets: tuple[tuple[int, ClipConfig], ...] = (
        (48, ClipConfig()),
        (10, ClipConfig(modality="driving", seed=2)),
        (6, ClipConfig(modality="robot", seed=3)),
    )
    """How many shards to render of each kind of clip; shards are numbered through."""
    autoencoder_shards: int = 24
    """The autoencoder learns from the first so many shards."""
    autoencoder: AutoencoderConfig = field(
        default_factory=lambda: AutoencoderConfig(
            num_steps=1500, latent_noise=0.05, shift_weight=0.5, is_even=True, uses_bfloat16=True
        )
    )
    windows: WindowConfig = field(default_factory=lambda: WindowConfig(rest_share=0.0625))
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            num_steps=5000,
            objective=Objective(late_pure_noise_share=0.4, late_start=0.6),
            uses_bfloat16=True,
        )
    )
    """bfloat16 makes a step faster on a processor that has it, and slower on others: see --float32."""
    own_takes: OwnTakesConfig = field(default_factory=OwnTakesConfig)
    """Made only where `refine_windows.own_share` asks for them; docs/training.md says why it does not."""
    refine_windows: WindowConfig = field(default_factory=lambda: WindowConfig(rest_share=0.125))
    refine_loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            num_steps=1200,
            matrix_learning_rate=0.006,
            learning_rate=6e-4,
            warmup_steps=30,
            constant_share=0.2,
            objective=Objective(pure_noise_share=0.4, late_pure_noise_share=0.4),
            slope_weight=0.5,
            noise_as_mask=NoiseAsMask(start=0.0),
            uses_bfloat16=True,
            seed=7,
        )
    )
    refine_weight_power: float = 1.0
    """Loss weights of the second training are the first's to this power; below 1, faint channels get a larger say."""
    decoder: DecoderConfig = field(default_factory=DecoderConfig)
    guidance: float = 1.8
    """Default of the world: between soft (1.5) and hard (2) pictures."""
    width: int = 160
    num_heads: int = 2
    num_layers: int = 5
    """So small that it sees many windows in the time that two cores have: 16 a step, 41 ms each on one core."""
    seed: int = 5


SMOKE = Recipe(
    clip_sets=tuple(
        (count, ClipConfig(height=32, width=48, num_ticks=10, long_ticks=16, clips_per_shard=4, modality=kind))
        for count, kind in ((4, "camera"), (2, "driving"), (2, "robot"))
    ),
    autoencoder=AutoencoderConfig(latent_channels=8, width=8, num_blocks=1, num_steps=4, batch_size=4),
    windows=WindowConfig(oversampling=1),
    loop=LoopConfig(num_steps=4, batch_size=2, warmup_steps=2),
    own_takes=OwnTakesConfig(num_shards=8, num_steps=1),
    refine_windows=WindowConfig(oversampling=1, rest_share=0.5, own_share=0.5),
    refine_loop=LoopConfig(num_steps=3, batch_size=2, warmup_steps=1),
    decoder=DecoderConfig(num_takes=3, num_chunks=1, num_steps=4, batch_size=4),
    width=32,
    num_heads=2,
    num_layers=2,
)
"""All stages in seconds, for the tests."""


@dataclass(frozen=True)
class Folders:
    """Where a run keeps its stages."""

    root: Path

    @property
    def clips(self) -> Path:
        return self.root / "clips"

    @property
    def latents(self) -> Path:
        return self.root / "latents"

    @property
    def autoencoder(self) -> Path:
        return self.root / "autoencoder"

    @property
    def transformer(self) -> Path:
        return self.root / "transformer"

    @property
    def own_takes(self) -> Path:
        return self.root / "own-takes"

    @property
    def refined(self) -> Path:
        return self.root / "refined"

    @property
    def takes(self) -> Path:
        return self.root / "takes.safetensors"

    @property
    def tuned_autoencoder(self) -> Path:
        return self.root / "autoencoder-tuned"


def make_transformer(recipe: Recipe, num_experts: int = 3) -> AstraTransformer3DModel:
    """The small Astra before training: the released class, in the paper's form, without text."""
    torch.manual_seed(recipe.seed)
    encoding = recipe.windows.row_encoding
    model = AstraTransformer3DModel(
        num_attention_heads=recipe.num_heads,
        attention_head_dim=recipe.width // recipe.num_heads,
        in_channels=recipe.autoencoder.latent_channels,
        out_channels=recipe.autoencoder.latent_channels,
        text_dim=None,
        freq_dim=128,
        ffn_dim=4 * recipe.width,
        num_layers=recipe.num_layers,
        row_widths={kind.name: encoded_width(kind, encoding) for kind in MODALITIES.values()},
        unified_dim=32,
        num_experts=num_experts,
        top_k=min(2, num_experts),
        routing="learned",
        expert_hidden_dim=64,
        input_rounding="none",
        prediction="sample",
    )
    with torch.no_grad():
        for name in ("camera", "robot"):
            weight = model.action_embedder.projectors[name].weight
            weight[:, list(SMALL_COLUMNS)] *= 25
            weight[:, 12:-1] *= 5
        model.action_embedder.projectors["driving"].weight[:, :-1] *= 5
        for block in model.blocks:
            for expert in block.act_adapter.experts.experts:
                expert[2].weight *= 0.3
                expert[2].bias.zero_()
    return model


def run(
    recipe: Recipe, folders: Folders, pictures: Path | None, say: Callable[[str], None] = lambda _text: None
) -> AstraTransformer3DModel:
    """All stages, each told to `say` as it begins; returns the averaged transformer."""
    folders.root.mkdir(parents=True, exist_ok=True)
    loaded = None if pictures is None else load_pictures(pictures)
    say(f"rendering {sum(count for count, _ in recipe.clip_sets)} shards of clips")
    first = 0
    for count, clips in recipe.clip_sets:
        write_shards(clips, folders.clips, first, first + count, loaded)
        first += count
    if not (folders.autoencoder / "config.json").exists():
        say(f"training the autoencoder, {recipe.autoencoder.num_steps} steps")
        shards = sorted(folders.clips.glob("*.safetensors"))[: recipe.autoencoder_shards]
        journal = Journal(folders.root / "autoencoder-log")
        train_autoencoder(recipe.autoencoder, shards, journal.add).save_pretrained(folders.autoencoder)
        journal.close()
    say("encoding the clips")
    encode_shards(folders)
    say(f"training the transformer, {recipe.loop.num_steps} steps")
    model = train_transformer(recipe, folders)
    say(f"refining the transformer, {recipe.refine_loop.num_steps} steps")
    model = refine_transformer(recipe, folders, model)
    if not (folders.tuned_autoencoder / "config.json").exists():
        say(f"tuning the decoder, {recipe.decoder.num_steps} steps")
        tune(recipe, folders, model)
    return model


def encode_shards(folders: Folders) -> None:
    """Encode every clip shard that has no latents yet."""
    codec, _ = load_codec(folders.autoencoder)
    folders.latents.mkdir(exist_ok=True)
    for source in sorted(folders.clips.glob("*.safetensors")):
        destination = folders.latents / source.name.replace("clips", "latents")
        if not destination.exists():
            frames, rows, kind = read_clips(source)
            write_shard(destination, encode_clips(codec, frames, rows, kind, "procedural scenes of engine.training"))


def train_transformer(recipe: Recipe, folders: Folders) -> AstraTransformer3DModel:
    """Train, or go on training, the transformer; returns it with its averaged weights."""
    weights = channel_weights(latents_std(folders))
    loop = replace(recipe.loop, channel_weights=weights)
    shards, _ = split_shards(recipe, folders)
    return _train(recipe, folders, folders.transformer, make_transformer(recipe), loop, recipe.windows, shards)


def refine_transformer(recipe: Recipe, folders: Folders, model: AstraTransformer3DModel) -> AstraTransformer3DModel:
    """Train a trained network further: on resting and, if asked for, on histories of its own making."""
    shards, _ = split_shards(recipe, folders)
    if recipe.refine_windows.own_share:
        own = {path.name: path for path in write_own_takes(recipe.own_takes, model, shards, folders.own_takes)}
        shards = [own.get(path.name, path) for path in shards]
    weights = channel_weights(latents_std(folders), recipe.refine_weight_power)
    loop = replace(recipe.refine_loop, channel_weights=weights)
    model = copy.deepcopy(model).requires_grad_(True)
    return _train(recipe, folders, folders.refined, model, loop, recipe.refine_windows, shards)


def _train(
    recipe: Recipe,
    folders: Folders,
    output: Path,
    model: AstraTransformer3DModel,
    loop: LoopConfig,
    windows: WindowConfig,
    shards: list[Path],
) -> AstraTransformer3DModel:
    """One training with its journal and checkpoints in `output`; returns the averaged network."""
    validation = WindowSource(recipe.windows, split_shards(recipe, folders)[1], Generator().manual_seed(1))
    source = WindowSource(windows, shards, Generator().manual_seed(2))
    trainer = Trainer(loop, model, source)
    journal = Journal(output)
    identity = json.dumps(asdict(recipe))
    state = load_checkpoint(output, identity)
    if state is not None:
        trainer.restore(state)
        journal.forget_after(trainer.step)

    def report(step: int, figures: dict[str, float]) -> None:
        if step % VALIDATE_EVERY == 0:
            validation.restore(Generator().manual_seed(1).get_state())
            for name in recipe.windows.modality_shares:
                errors = action_errors(trainer.averaged(), validation, name)
                figures = figures | {f"{name}_{what}": value for what, value in errors.items()}
        journal.add(step, figures)
        if step % CHECKPOINT_EVERY == 0 or step == loop.num_steps:
            save_checkpoint(output, trainer.state(), identity)
            journal.draw_curves()

    trainer.run(report)
    journal.close()
    return trainer.averaged()


def tune(recipe: Recipe, folders: Folders, model: AstraTransformer3DModel) -> None:
    """Tune the decoder on takes of the world as it is, of clips it was trained on."""
    clips = [folders.clips / path.name.replace("latents", "clips") for path in split_shards(recipe, folders)[0]]
    if not folders.takes.exists():
        world = folders.root / "world-before-tuning"
        export(recipe, folders.autoencoder, model, world)
        make_takes(recipe.decoder, open_astra(world, "cpu"), clips, folders.takes)
    journal = Journal(folders.root / "decoder-log")
    codec = read_autoencoder(folders.autoencoder)
    tuned = tune_decoder(recipe.decoder, codec, folders.takes, clips[: recipe.autoencoder_shards], journal.add)
    tuned.save_pretrained(folders.tuned_autoencoder)
    journal.close()


def read_autoencoder(folder: Path) -> GroupAutoencoder:
    """The autoencoder of a stage; not by from_pretrained, which would note the run's folder in its config."""
    codec = GroupAutoencoder.from_config(GroupAutoencoder.load_config(folder))
    codec.load_state_dict(load_file(folder / SAFETENSORS_WEIGHTS_NAME))
    return codec


def split_shards(recipe: Recipe, folders: Folders) -> tuple[list[Path], list[Path]]:
    """Shards to train on, and the first one of each kind of clip, held out."""
    shards = sorted(folders.latents.glob("*.safetensors"))
    first_of_kind, first = [], 0
    for count, _ in recipe.clip_sets:
        first_of_kind.append(shards[first])
        first += count
    return [shard for shard in shards if shard not in first_of_kind], first_of_kind


def latents_std(folders: Folders) -> list[float]:
    """Deviation of each latent channel before it is normalised."""
    return list(GroupAutoencoder.load_config(folders.autoencoder)["latents_std"])


def channel_weights(latents_std: list[float], power: float = 1.0) -> list[float]:
    """Loss weight of each normalised latent channel: as how much of a picture it carries, to a power, mean 1.

    With even weights the faint channels, whose fine detail no small model can foresee, drown what can be learnt.
    """
    weights = [std**power for std in latents_std]
    mean = sum(weights) / len(weights)
    return [weight / mean for weight in weights]


def export(recipe: Recipe, autoencoder: Path, model: AstraTransformer3DModel, destination: Path) -> None:
    """Write the world's folder: float16 weights, world.json. What was there is replaced once the new one is whole."""
    world = {
        "name": "small Astra",
        "width": recipe.clip_sets[0][1].width,
        "height": recipe.clip_sets[0][1].height,
        "fps": 20,
        "latents_per_chunk": recipe.windows.num_targets,
        "rounds_actions": False,
        "row_encoding": recipe.windows.row_encoding,
        "licence": "Apache-2.0",
        "defaults": {"num_steps": 4, "guidance": recipe.guidance},
    }
    notes = destination / "README.md"
    with whole_folder(destination) as part:
        copy.deepcopy(model).half().save_pretrained(part / "transformer")
        read_autoencoder(autoencoder).half().save_pretrained(part / "vae")
        (part / "world.json").write_text(json.dumps(world, indent=1) + "\n")
        (part / "recipe.json").write_text(json.dumps(asdict(recipe), indent=1) + "\n")
        if notes.exists():
            shutil.copy(notes, part)


def main() -> None:
    """Run the recipe and write the world."""
    parser = argparse.ArgumentParser(description="Train the bundled world from nothing; stops and resumes.")
    parser.add_argument(
        "--runs", type=Path, required=True, help="folder for clips, latents and checkpoints (about 8 GB)"
    )
    parser.add_argument("--out", type=Path, help="world folder to write, for example assets/models/small-astra")
    parser.add_argument("--pictures", type=Path, help="folder of pictures that scenes may be made of")
    parser.add_argument("--threads", type=int, default=1, help="threads of the trainer (default 1)")
    parser.add_argument("--steps", type=int, help="steps of the transformer's training, in place of the recipe's")
    parser.add_argument("--float32", action="store_true", help="for processors without bfloat16")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe = Recipe()
    loop = replace(recipe.loop, num_steps=options.steps or recipe.loop.num_steps, uses_bfloat16=not options.float32)
    autoencoder = replace(recipe.autoencoder, uses_bfloat16=not options.float32)
    recipe = replace(recipe, loop=loop, autoencoder=autoencoder)
    folders = Folders(options.runs)
    model = run(recipe, folders, options.pictures)
    if options.out is not None:
        export(recipe, folders.tuned_autoencoder, model, options.out)


if __name__ == "__main__":
    main()
