"""Making of the bundled world by its recipe, from nothing, in stages that can stop at any moment and resume.

`python -m engine.training.bundled --runs runs/small-astra` does all of it on the CPU. Each stage skips what is
already there. The long training has one learning rate all along: it may end at any step, is then cooled to a world,
and may go on later from where it ended.
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
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.transformer import AstraTransformer3DModel
from engine.models.weights.load import load_codec
from engine.training.autoencoder import train_autoencoder
from engine.training.checkpoints import NAME as CHECKPOINT_NAME
from engine.training.checkpoints import load_checkpoint, save_checkpoint, shrunk, write_checkpoint
from engine.training.decoder import make_takes, tune_decoder
from engine.training.journal import Journal
from engine.training.loop import LoopConfig, Trainer, action_errors
from engine.training.own_takes import write_own_takes
from engine.training.recipe import Finish, Folders, Recipe
from engine.training.shards import encode_clips, write_shard
from engine.training.synthetic.clips import RENDERED, load_pictures, read_clips, write_shards
from engine.training.windows import WindowConfig, WindowSource
from engine.whole_files import whole_folder
from engine.worlds.astra import open_astra

VALIDATE_EVERY, CHECKPOINT_EVERY = 400, 100
"""Steps between validation errors, and between checkpoints."""
NETWORK = "network"
"""Folder in that of a training, with its averaged network once it has come to its end."""
AFTER_LONG = frozenset({"own_takes", "cool_windows", "cool_loop", "decoder", "guidance"})
"""Parts of a recipe that the long training does not depend on."""
SMALL_COLUMNS = (1, 2, 3, 4, 6, 7, 8, 9, 11)
"""Of a step row: those that are near zero, and so need larger weights to be heard at the start."""


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run came to."""

    recipe: Recipe
    """With the steps that the long training really took."""
    model: AstraTransformer3DModel = field(repr=False)
    autoencoder: Path
    """Folder of the autoencoder with its tuned decoder."""


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
        row_widths={kind.name: encoded_width(kind, encoding) for kind in RENDERED},
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
) -> Finished:
    """All stages, each told to `say` as it begins."""
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
    if not (folders.refined / NETWORK).exists():
        say(f"training the transformer, {recipe.loop.num_steps} steps")
        first_model = train_transformer(recipe, folders)
        say(f"refining the transformer, {recipe.refine_loop.num_steps} steps")
        refine_transformer(recipe, folders, first_model)
    say(f"training on, to {recipe.long_loop.num_steps} steps")
    model, step = train_long(recipe, folders)
    done = replace(recipe, long_loop=replace(recipe.long_loop, num_steps=step))
    finish = folders.finish(step)
    say(f"cooling the transformer, {recipe.cool_loop.num_steps} steps")
    model = cool_transformer(done, folders, finish, model)
    if not (finish.autoencoder / "config.json").exists():
        say(f"tuning the decoder, {recipe.decoder.num_steps} steps")
        tune(done, folders, finish, model)
    return Finished(recipe=done, model=model, autoencoder=finish.autoencoder)


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
    loop = replace(recipe.loop, channel_weights=channel_weights(latents_std(folders)))
    shards, _ = split_shards(recipe, folders, recipe.first_clip_sets)
    return _train_to_the_end(
        recipe, folders, folders.transformer, make_transformer(recipe), loop, recipe.windows, shards
    )


def refine_transformer(recipe: Recipe, folders: Folders, model: AstraTransformer3DModel) -> AstraTransformer3DModel:
    """Train a trained network further, on resting and against blocks."""
    shards, _ = split_shards(recipe, folders, recipe.first_clip_sets)
    loop = _weighted(recipe, folders, recipe.refine_loop)
    return _train_to_the_end(recipe, folders, folders.refined, model, loop, recipe.refine_windows, shards)


def train_long(recipe: Recipe, folders: Folders) -> tuple[AstraTransformer3DModel, int]:
    """Train the refined network, or go on from where the long training stands, to the recipe's number of steps.

    Returns the averaged network and the step reached, which is later than asked for if it had got further before.
    """
    shards, _ = split_shards(recipe, folders)
    loop = _weighted(recipe, folders, recipe.long_loop)
    identity = long_identity(recipe)
    start = read_transformer(folders.refined / NETWORK)
    trainer = _train(recipe, folders, folders.long, start, loop, recipe.long_windows, shards, identity)
    return trainer.averaged(), trainer.step


def long_identity(recipe: Recipe) -> str:
    """Names the runs that a checkpoint of the long training belongs to: of equal stages up to it, however long it is
    and whatever follows."""
    deciding = asdict(replace(recipe, long_loop=replace(recipe.long_loop, num_steps=0)))
    return json.dumps({name: value for name, value in deciding.items() if name not in AFTER_LONG})


def cool_transformer(
    recipe: Recipe, folders: Folders, finish: Finish, model: AstraTransformer3DModel
) -> AstraTransformer3DModel:
    """Let the learning rate fall to nothing, with histories of the network's own making among the windows."""
    shards, _ = split_shards(recipe, folders)
    if recipe.cool_windows.own_share and not (finish.cooled / NETWORK).exists():
        own = {path.name: path for path in write_own_takes(recipe.own_takes, model, shards, finish.own_takes)}
        shards = [own.get(path.name, path) for path in shards]
    loop = _weighted(recipe, folders, recipe.cool_loop)
    return _train_to_the_end(recipe, folders, finish.cooled, model, loop, recipe.cool_windows, shards)


def _weighted(recipe: Recipe, folders: Folders, loop: LoopConfig) -> LoopConfig:
    """A later training's loop with its channel weights."""
    return replace(loop, channel_weights=channel_weights(latents_std(folders), recipe.refine_weight_power))


def _train_to_the_end(
    recipe: Recipe,
    folders: Folders,
    output: Path,
    model: AstraTransformer3DModel,
    loop: LoopConfig,
    windows: WindowConfig,
    shards: list[Path],
) -> AstraTransformer3DModel:
    """A training of fixed length, unless it is done; its averaged network, kept beside its checkpoint."""
    if not (output / NETWORK).exists():
        model = copy.deepcopy(model).requires_grad_(True)
        trainer = _train(recipe, folders, output, model, loop, windows, shards, json.dumps(asdict(recipe)))
        with whole_folder(output / NETWORK) as part:
            trainer.averaged().save_pretrained(part)
    return read_transformer(output / NETWORK)


def _train(
    recipe: Recipe,
    folders: Folders,
    output: Path,
    model: AstraTransformer3DModel,
    loop: LoopConfig,
    windows: WindowConfig,
    shards: list[Path],
    identity: str,
) -> Trainer:
    """One training with its journal and checkpoints in `output`."""
    validation = WindowSource(recipe.windows, split_shards(recipe, folders)[1], Generator().manual_seed(1))
    trainer = Trainer(loop, model, WindowSource(windows, shards, Generator().manual_seed(2)))
    state = load_checkpoint(output, identity)  # may refuse, before a journal is open
    journal = Journal(output)
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
    return trainer


def tune(recipe: Recipe, folders: Folders, finish: Finish, model: AstraTransformer3DModel) -> None:
    """Tune the decoder on takes of the world as it is, of clips it was trained on."""
    clips = [folders.clips / path.name.replace("latents", "clips") for path in split_shards(recipe, folders)[0]]
    if not finish.takes.exists():
        export(recipe, folders.autoencoder, model, finish.world_before_tuning)
        make_takes(recipe.decoder, open_astra(finish.world_before_tuning, "cpu"), clips, finish.takes)
    journal = Journal(finish.decoder_log)
    codec = read_autoencoder(folders.autoencoder)
    tuned = tune_decoder(recipe.decoder, codec, finish.takes, clips[: recipe.autoencoder_shards], journal.add)
    with whole_folder(finish.autoencoder) as part:
        tuned.save_pretrained(part)
    journal.close()


def read_autoencoder(folder: Path) -> GroupAutoencoder:
    """The autoencoder of a stage; not by from_pretrained, which would note the run's folder in its config."""
    codec = GroupAutoencoder.from_config(GroupAutoencoder.load_config(folder))
    codec.load_state_dict(load_file(folder / SAFETENSORS_WEIGHTS_NAME))
    return codec


def read_transformer(folder: Path) -> AstraTransformer3DModel:
    """The transformer of a stage, in float32; not by from_pretrained for the same reason."""
    model = AstraTransformer3DModel.from_config(AstraTransformer3DModel.load_config(folder))
    model.load_state_dict(load_file(folder / SAFETENSORS_WEIGHTS_NAME))
    return model


def adopt_world(world: Path, folders: Folders) -> None:
    """Let a run begin with a finished world: its autoencoder and transformer stand for the stages up to the long
    training. What the run has already stays."""
    if not folders.autoencoder.exists():
        with whole_folder(folders.autoencoder) as part:
            read_autoencoder(world / "vae").save_pretrained(part)
    if not (folders.refined / NETWORK).exists():
        folders.refined.mkdir(parents=True, exist_ok=True)
        with whole_folder(folders.refined / NETWORK) as part:
            read_transformer(world / "transformer").save_pretrained(part)


def adopt_checkpoint(file: Path, folders: Folders) -> None:
    """Let the long training go on from a checkpoint that was kept elsewhere, unless the run has one of its own."""
    destination = folders.long / CHECKPOINT_NAME
    if not destination.exists():
        folders.long.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, destination)


def keep_checkpoint(recipe: Recipe, folders: Folders, file: Path) -> None:
    """Write where the long training stands to a file of half the size, for `adopt_checkpoint`."""
    identity = long_identity(recipe)
    state = load_checkpoint(folders.long, identity)
    if state is None:
        raise ValueError(f"{folders.long} holds no checkpoint of the long training; run it first")
    file.parent.mkdir(parents=True, exist_ok=True)
    write_checkpoint(file, shrunk(state), identity)


def split_shards(recipe: Recipe, folders: Folders, num_sets: int | None = None) -> tuple[list[Path], list[Path]]:
    """Shards to train on, of the first `num_sets` kinds of clip or all, and the first shard of each, held out."""
    train, held_out, first = [], [], 0
    for count, _ in recipe.clip_sets[:num_sets]:
        shards = [folders.latents / f"latents_{number:05d}.safetensors" for number in range(first, first + count)]
        held_out.append(shards[0])
        train += shards[1:]
        first += count
    return train, held_out


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
        "detail": "auto",
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
    parser.add_argument("--long-steps", type=int, help="steps of the long training, in place of the recipe's")
    parser.add_argument(
        "--from-world", type=Path, help="finished world whose weights stand for the stages before the long training"
    )
    parser.add_argument("--from-checkpoint", type=Path, help="checkpoint from which the long training goes on")
    parser.add_argument(
        "--keep-checkpoint", type=Path, help="file to write the long training's state to, small enough to keep"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    recipe, folders = Recipe(), Folders(options.runs)
    if options.long_steps is not None:
        recipe = replace(recipe, long_loop=replace(recipe.long_loop, num_steps=options.long_steps))
    if options.from_world is not None:
        adopt_world(options.from_world, folders)
    if options.from_checkpoint is not None:
        adopt_checkpoint(options.from_checkpoint, folders)
    finished = run(recipe, folders, options.pictures, lambda text: print(text, flush=True))  # noqa: T201
    if options.keep_checkpoint is not None:
        keep_checkpoint(recipe, folders, options.keep_checkpoint)
    if options.out is not None:
        export(finished.recipe, finished.autoencoder, finished.model, options.out)


if __name__ == "__main__":
    main()
