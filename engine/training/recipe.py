"""The recipe of the bundled world: every number that decides it, and where a run of it keeps its stages."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from engine.training.autoencoder import AutoencoderConfig
from engine.training.decoder import DecoderConfig
from engine.training.loop import LoopConfig
from engine.training.noise_as_mask import NoiseAsMask
from engine.training.objective import Objective
from engine.training.own_takes import OwnTakesConfig
from engine.training.synthetic.clips import ClipConfig
from engine.training.windows import WindowConfig

MORE_ROBOT = {"camera": 0.62, "driving": 0.16, "robot": 0.22}
"""Shares of the later trainings: the first ones learnt least of the robot's actions."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the bundled world, together with the seeds in the parts."""

    clip_sets: tuple[tuple[int, ClipConfig], ...] = (
        (48, ClipConfig()),
        (10, ClipConfig(modality="driving", seed=2)),
        (6, ClipConfig(modality="robot", seed=3)),
        (40, ClipConfig(standing_share=0.6, hilly_share=0.3, seed=11)),
        (8, ClipConfig(modality="driving", standing_share=0.5, seed=12)),
        (16, ClipConfig(modality="robot", close_share=0.6, seed=13)),
    )
    """How many shards to render of each kind of clip; shards are numbered through."""
    first_clip_sets: int = 3
    """The first and the second training see so many of the sets, the long one all."""
    autoencoder_shards: int = 24
    """The autoencoder learns from the first so many shards."""
    autoencoder: AutoencoderConfig = field(
        default_factory=lambda: AutoencoderConfig(num_steps=1500, latent_noise=0.05, shift_weight=0.5, is_even=True)
    )
    windows: WindowConfig = field(default_factory=lambda: WindowConfig(rest_share=0.0625))
    loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            num_steps=5000, objective=Objective(late_pure_noise_share=0.4, late_start=0.6)
        )
    )
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
            seed=7,
        )
    )
    refine_weight_power: float = 1.0
    """Loss weights after the first training are the first's to this power; below 1, faint channels get a larger say."""
    long_windows: WindowConfig = field(
        default_factory=lambda: WindowConfig(rest_share=0.0625, modality_shares=dict(MORE_ROBOT))
    )
    long_loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            num_steps=10_000,
            matrix_learning_rate=0.012,
            learning_rate=1.2e-3,
            warmup_steps=100,
            constant_share=1.0,
            objective=Objective(pure_noise_share=0.55, late_pure_noise_share=0.55),
            slope_weight=0.5,
            noise_as_mask=NoiseAsMask(high=0.5, start=0.0),
            seed=8,
        )
    )
    """At one rate all along, so that it can end anywhere and go on from there; the cooling makes it a world."""
    own_takes: OwnTakesConfig = field(default_factory=lambda: OwnTakesConfig(guidance=1.8))
    """Made with what the long training left, for the histories of the cooling (`cool_windows.own_share`)."""
    cool_windows: WindowConfig = field(
        default_factory=lambda: WindowConfig(
            rest_share=0.125, own_share=0.15, aside_weight=4.0, modality_shares=dict(MORE_ROBOT)
        )
    )
    cool_loop: LoopConfig = field(
        default_factory=lambda: LoopConfig(
            num_steps=2000,
            matrix_learning_rate=0.012,
            learning_rate=1.2e-3,
            warmup_steps=20,
            constant_share=0.0,
            final_share=0.01,
            objective=Objective(pure_noise_share=0.45, late_pure_noise_share=0.45),
            slope_weight=0.7,
            noise_as_mask=NoiseAsMask(probability=0.6, high=0.6, start=0.0),
            seed=9,
        )
    )
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
        (
            count,
            ClipConfig(
                height=32,
                width=48,
                num_ticks=10,
                long_ticks=16,
                clips_per_shard=4,
                modality=kind,
                standing_share=0.5,
                hilly_share=0.5,
                close_share=0.5,
            ),
        )
        for count, kind in ((4, "camera"), (2, "driving"), (2, "robot"), (2, "camera"))
    ),
    autoencoder=AutoencoderConfig(latent_channels=8, width=8, num_blocks=1, num_steps=4, batch_size=4),
    windows=WindowConfig(oversampling=1),
    loop=LoopConfig(num_steps=4, batch_size=2, warmup_steps=2),
    refine_windows=WindowConfig(oversampling=1, rest_share=0.5),
    refine_loop=LoopConfig(num_steps=3, batch_size=2, warmup_steps=1),
    long_windows=WindowConfig(oversampling=1),
    long_loop=LoopConfig(num_steps=3, batch_size=2, warmup_steps=1, constant_share=1.0),
    own_takes=OwnTakesConfig(num_shards=8, num_steps=1),
    cool_windows=WindowConfig(oversampling=1, own_share=0.5),
    cool_loop=LoopConfig(num_steps=3, batch_size=2, warmup_steps=1, constant_share=0.0),
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
    def refined(self) -> Path:
        return self.root / "refined"

    @property
    def long(self) -> Path:
        return self.root / "long"

    def finish(self, long_step: int) -> Finish:
        """Where what follows the long training is kept, which can be done anew whenever that has gone on."""
        return Finish(self.root / f"finish-{long_step}")


@dataclass(frozen=True)
class Finish:
    """Stages after so many steps of the long training."""

    root: Path

    @property
    def own_takes(self) -> Path:
        return self.root / "own-takes"

    @property
    def cooled(self) -> Path:
        return self.root / "cooled"

    @property
    def world_before_tuning(self) -> Path:
        return self.root / "world-before-tuning"

    @property
    def takes(self) -> Path:
        return self.root / "takes.safetensors"

    @property
    def autoencoder(self) -> Path:
        return self.root / "autoencoder-tuned"

    @property
    def decoder_log(self) -> Path:
        return self.root / "decoder-log"
