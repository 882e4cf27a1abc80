"""One training run from a config: start or resume, train, report, and leave a world that opens."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from engine.models.codec import VideoCodec
from engine.models.devices import resolve_device
from engine.models.transformer import AstraTransformer3DModel
from engine.models.weights.load import load_codec, load_transformer
from engine.sampling.denoise import denoise
from engine.sampling.guidance import Branch, NoGuidance
from engine.sampling.schedule import flow_schedule
from engine.sampling.solvers import EulerSolver
from engine.training.checkpoints import load_checkpoint, save_checkpoint
from engine.training.config import ConfigError, Start, TrainConfig
from engine.training.journal import Journal
from engine.training.loop import Trainer, action_errors, make_accelerator
from engine.training.shards import find_shards
from engine.training.trainable import astra_from_wan
from engine.training.windows import Batch, WindowSource
from engine.whole_files import whole_folder
from engine.worlds.config import FILE_NAME
from engine.worlds.layout import WorldFiles, find_world_files

STRIP_STEPS = 4
STRIP_WINDOWS = 3


def train(
    config: TrainConfig,
    *,
    resume: bool,
    device: str = "auto",
    say: Callable[[str], None] = lambda _text: None,
) -> Path:
    """Run a config to its end; returns the folder of the finished transformer.

    Raises ConfigError, ShardError, WeightsError, CheckpointError, or TrainingDiverged with the last checkpoint still
    good.
    """
    output = Path(config.output)
    identity = json.dumps(asdict(config), sort_keys=True)
    state = load_checkpoint(output, identity) if resume else None
    if not resume and (output / "checkpoint.pt").exists():
        raise ConfigError(f"{output} holds a run already; add --resume to go on with it, or give another output")
    try:
        accelerator = make_accelerator(resolve_device(device))
    except ValueError as error:
        raise ConfigError(str(error)) from error
    source = WindowSource(config.windows, _folders(config.shards), Generator().manual_seed(config.shard_seed))
    validation = None
    if config.validation:
        validation = WindowSource(config.windows, _folders(config.validation), Generator().manual_seed(1))
    trainer = Trainer(config.loop, start_network(config.start), source, accelerator)
    if state is not None:
        trainer.restore(state)
    if not accelerator.is_main_process:
        trainer.run(lambda _step, _figures: None, config.report_every)
        return output / "transformer"
    journal = Journal(output)
    journal.forget_after(trainer.step)
    say(f"{len(source)} clips, {_count(trainer.model)} of parameters train, from step {trainer.step}")
    telling = _Telling(config, trainer, journal, validation, identity, say)
    try:
        trainer.run(telling.report, config.report_every)
    finally:
        journal.close()
    return _finish(config, trainer)


def start_network(start: Start) -> AstraTransformer3DModel:
    """The network that a run starts from."""
    if start.new is not None:
        torch.manual_seed(0)
        try:
            return AstraTransformer3DModel(**start.new)
        except TypeError as error:
            raise ConfigError(f"[start.new]: {error}") from error
    if start.wan is not None:
        return astra_from_wan(Path(start.wan), num_heads=start.num_heads, **start.changes)
    files = _world_files(start)
    assert files is not None
    model = load_transformer(files.transformer, base=files.base, num_heads=start.num_heads)
    return model.requires_grad_(True)


class _Telling:
    """Reports a run: figures, checkpoints, validation errors, strips."""

    def __init__(
        self,
        config: TrainConfig,
        trainer: Trainer,
        journal: Journal,
        validation: WindowSource | None,
        identity: str,
        say: Callable[[str], None],
    ) -> None:
        self._config, self._trainer, self._journal = config, trainer, journal
        self._validation, self._identity, self._say = validation, identity, say
        files = _world_files(config.start)
        self._codec: VideoCodec | None = None if files is None else load_codec(files.vae)[0]

    def report(self, step: int, figures: dict[str, float]) -> None:
        config = self._config
        last = step == config.loop.num_steps
        if self._validation is not None and (step % config.validate_every == 0 or last):
            self._validation.restore(Generator().manual_seed(1).get_state())
            averaged = self._trainer.averaged()
            for name in config.windows.modality_shares:
                if self._validation.has(name):
                    errors = action_errors(averaged, self._validation, name)
                    figures = figures | {f"{name}_{what}": value for what, value in errors.items()}
            if self._codec is not None:
                batch = self._validation.draw(STRIP_WINDOWS, num_history=1)
                self._journal.draw_strip(sample_strip(averaged, self._codec, batch), step)
        self._journal.add(step, figures)
        self._say(f"step {step} of {config.loop.num_steps}: " + ", ".join(f"{n} {v:.4g}" for n, v in figures.items()))
        if step % config.checkpoint_every == 0 or last:
            save_checkpoint(Path(config.output), self._trainer.state(), self._identity)
            self._journal.draw_curves()


@torch.no_grad()
def sample_strip(model: AstraTransformer3DModel, codec: VideoCodec, batch: Batch) -> list[list[NDArray[np.uint8]]]:
    """Rows of frames, a made and a true one for each window: the start, then the end of every second target latent."""
    history = model.encode_history(batch.history)
    actions = model.encode_actions(batch.rows_BRA, batch.modality, history.window)
    text = model.encode_text(batch.text_BLD)

    def evaluate(sample: Tensor, timestep: Tensor, branch: Branch) -> Tensor:
        return model.velocity(sample, timestep.expand(len(sample)), history, actions, text)

    schedule = flow_schedule(STRIP_STEPS)
    noise = torch.randn(batch.target_BCTHW.shape, generator=Generator().manual_seed(5))
    made = denoise(evaluate, noise, schedule, EulerSolver(schedule), NoGuidance())
    start = batch.history.full_BCTHW[:, :, -1:]
    rows = []
    for i in range(len(made)):
        for targets in (made[i : i + 1], batch.target_BCTHW[i : i + 1]):
            frames, _ = codec.decode(torch.cat([start[i : i + 1], targets], dim=2))
            levels = ((frames[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 3, 0).numpy()
            rows.append([levels[f] for f in range(0, len(levels), 8)])
    return rows


def _finish(config: TrainConfig, trainer: Trainer) -> Path:
    """Save the averaged transformer beside what else a world needs, so that the output opens with --world."""
    output = Path(config.output)
    folder = output / "transformer"
    with whole_folder(folder) as part:
        trainer.averaged().save_pretrained(part)
    files = _world_files(config.start)
    if files is not None and files.vae.is_dir() and not (output / "vae").exists():
        shutil.copytree(files.vae, output / "vae")
    if files is not None and (files.config_folder / FILE_NAME).exists():
        shutil.copy(files.config_folder / FILE_NAME, output)
    return folder


def _world_files(start: Start) -> WorldFiles | None:
    return None if start.world is None else find_world_files(Path(start.world))


def _folders(names: list[str]) -> list[Path]:
    return find_shards([Path(name) for name in names])


def _count(model: AstraTransformer3DModel) -> str:
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    return f"{trained / 1e6:.2f} of {sum(p.numel() for p in model.parameters()) / 1e6:.2f} million"
