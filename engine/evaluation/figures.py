"""Named figures made from samples, with their targets: the result of an evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.analysis.following import AXES, Axis, goes_right, stands_still
from engine.clock import Clock
from engine.evaluation.commands import RANDOM
from engine.evaluation.controls import CONTROLS
from engine.evaluation.following import FollowingSamples, Gains, directions_of, gains_by_axis
from engine.evaluation.network import NetworkSamples
from engine.evaluation.speed import Timing
from engine.evaluation.statistics import Measure, correlation, mean, measure, median, ratio
from engine.evaluation.walks import LikenessSamples, LongSamples


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a figure should be, for a world trained on a CPU for hours and for one trained on a GPU."""

    cpu: float | None
    gpu: float | None
    is_least: bool = True
    """Whether more is better; else less is."""

    def is_met(self, value: float, target: float) -> bool:
        return value >= target if self.is_least else value <= target


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number under its name."""

    key: str
    """Its name in `evaluation.json`, parts joined by dots."""
    section: str
    title: str
    measure: Measure
    unit: str = ""
    target: Target | None = None


def following_figures(name: str, samples: FollowingSamples) -> list[Figure]:
    """Of one set of starts: directions, gains, random commands, rest."""
    section = f"Following, {name}"
    figures = []
    for axis in AXES:
        key, target = f"following.{name}.{axis}", _RIGHT[axis]
        gains = samples.world[..., directions_of(axis)]
        figures += [
            Figure(
                key=f"{key}.right",
                section=section,
                title=f"{axis}: right direction",
                measure=measure(_flat(goes_right(gains)), mean),
                target=target,
            ),
            Figure(
                key=f"{key}.gain", section=section, title=f"{axis}: median gain", measure=measure(_flat(gains), median)
            ),
            Figure(
                key=f"{key}.correlation",
                section=section,
                title=f"{axis}: correlation with commands",
                measure=measure(_with_commands(samples.world, samples.commanded, axis), correlation),
            ),
        ]
    for number, command in enumerate(RANDOM):
        figures.append(
            Figure(
                key=f"following.{name}.{command.axis}.random_correlation",
                section=section,
                title=f"{command.axis}: correlation with random commands",
                measure=measure(samples.random[:, :, number], correlation),
                target=_RANDOM[command.axis],
            )
        )
    still = stands_still(gains_by_axis(samples.resting))
    figures.append(
        Figure(
            key=f"following.{name}.still",
            section=section,
            title="no command: stays still",
            measure=measure(still, mean),
            target=Target(cpu=0.9, gpu=0.95),
        )
    )
    return figures


def control_figures(name: str, samples: FollowingSamples) -> list[Figure]:
    """Of one set of starts: the same score on what is no answer of the world, and on the truth."""
    controls = {
        "truth": ("ground truth (ceiling of the score)", samples.truth),
        "copy": ("copy of the start", samples.copied),
        "soft": ("start gone soft", samples.softened),
        "shuffled": ("shuffled actions", samples.shuffled),
        "none": ("no actions", samples.resting),
        **{control.name: (control.title, samples.controls[control.name]) for control in CONTROLS},
    }
    figures = []
    for control, (title, gains) in controls.items():
        for axis in AXES:
            figures.append(
                Figure(
                    key=f"controls.{control}.{name}.{axis}.right",
                    section=f"Controls, {name}",
                    title=f"{title}, {axis}: right direction",
                    measure=measure(_flat(goes_right(gains[..., directions_of(axis)])), mean),
                )
            )
    figures.append(
        Figure(
            key=f"controls.soft.{name}.still",
            section=f"Controls, {name}",
            title="start gone soft: stays still",
            measure=measure(stands_still(gains_by_axis(samples.softened)), mean),
        )
    )
    for axis in AXES:
        figures.append(
            Figure(
                key=f"controls.truth.{name}.{axis}.correlation",
                section=f"Controls, {name}",
                title=f"ground truth, {axis}: correlation with commands",
                measure=measure(_with_commands(samples.truth, samples.commanded, axis), correlation),
            )
        )
    return figures


def likeness_figures(samples: LikenessSamples, clock: Clock, codec: NetworkSamples | None) -> list[Figure]:
    """PSNR above copying the start, at the end of each chunk."""
    figures = []
    for chunk, target in enumerate(_LIKENESS):
        frame = clock.frames_per_latent * clock.latents_per_chunk * (chunk + 1)
        copied = samples.copied[..., chunk]
        rows = [
            ("above_copy", "PSNR above copying the start", samples.world[..., chunk] - copied, target),
            ("world", "PSNR of the world", samples.world[..., chunk], None),
            ("copy", "PSNR of a copy of the start", copied, None),
        ]
        if codec is not None:
            rows.append(("codec", "PSNR of the truth through the codec", codec.codec[..., chunk], None))
        figures += [
            Figure(
                key=f"likeness.scenes.frame_{frame}.{key}",
                section="Likeness to the truth, scenes",
                title=f"frame {frame}: {title}",
                measure=measure(values, mean),
                unit="dB",
                target=aim,
            )
            for key, title, values, aim in rows
        ]
    return figures


def long_figures(name: str, samples: LongSamples) -> list[Figure]:
    """Direction and sharpness in chunks 1, 2, 4 and 8 of the long takes."""
    figures = []
    for chunk in (1, 2, 4, 8):
        if chunk > samples.gains.shape[-1]:
            continue
        key, section = f"long.{name}.chunk_{chunk}", f"Long takes at half speed, {name}"
        figures += [
            Figure(
                key=f"{key}.right",
                section=section,
                title=f"chunk {chunk}: right direction",
                measure=measure(_flat(goes_right(samples.gains[..., chunk - 1])), mean),
                target=_LONG_RIGHT.get(chunk),
            ),
            Figure(
                key=f"{key}.sharpness",
                section=section,
                title=f"chunk {chunk}: median sharpness kept",
                measure=measure(_flat(samples.sharpness[..., chunk - 1]), median),
                target=_LONG_SHARPNESS.get(chunk),
            ),
            Figure(
                key=f"{key}.blockiness",
                section=section,
                title=f"chunk {chunk}: median blockiness (1 is none)",
                measure=measure(_flat(samples.blockiness[..., chunk - 1]), median),
            ),
        ]
    return figures


def network_figures(samples: NetworkSamples) -> list[Figure]:
    """Errors of clean latents, and their ratio."""
    section = "Network: error of clean latents predicted from noise"
    figures = [
        Figure(
            key="network.error.shuffled_over_right",
            section=section,
            title="another window's over right actions",
            measure=measure(samples.errors[..., :2], ratio),
            target=Target(cpu=2.0, gpu=2.5),
        )
    ]
    titles = {"right": "right actions", "shuffled": "another window's actions", "none": "no actions"}
    for column, (name, title) in enumerate(titles.items()):
        figures.append(
            Figure(
                key=f"network.error.{name}",
                section=section,
                title=title,
                measure=measure(samples.errors[..., column], mean),
            )
        )
    for modality, errors in samples.others.items():
        figures.append(
            Figure(
                key=f"network.error.{modality}.shuffled_over_right",
                section=section,
                title=f"{modality}: another window's over right actions",
                measure=measure(errors[..., :2], ratio),
                target=_OTHERS.get(modality),
            )
        )
    return figures


def speed_figures(timings: Mapping[str, Sequence[Timing]], clock: Clock) -> list[Figure]:
    """Seconds per first chunk, by setting ("default", "fast")."""
    section = f"Speed, first chunk of {clock.num_frames(1 + clock.latents_per_chunk)} frames"
    figures = []
    for name, found in timings.items():
        # Each timing is a group of its own.
        wall = np.array([[timing.wall] for timing in found])
        processor = np.array([[timing.processor] for timing in found])
        figures += [
            Figure(
                key=f"speed.{name}.seconds",
                section=section,
                title=f"{name} setting",
                measure=measure(wall, median),
                unit="s",
                target=_SPEED[name],
            ),
            Figure(
                key=f"speed.{name}.processor_seconds",
                section=section,
                title=f"{name} setting, processor time",
                measure=measure(processor, median),
                unit="s",
            ),
        ]
    return figures


_RIGHT: dict[Axis, Target] = {
    "yaw": Target(cpu=0.98, gpu=0.99),
    "strafe": Target(cpu=0.95, gpu=0.99),
    "forward": Target(cpu=0.95, gpu=0.99),
    "pitch": Target(cpu=0.95, gpu=0.99),
}
_RANDOM: dict[Axis, Target] = {"yaw": Target(cpu=0.97, gpu=0.98), "forward": Target(cpu=0.85, gpu=0.92)}
_OTHERS = {"robot": Target(cpu=2.0, gpu=2.0)}
_LIKENESS = (Target(cpu=3.5, gpu=5.5), Target(cpu=3.5, gpu=5.0))
"""Of each chunk."""
_LONG_RIGHT = {4: Target(cpu=0.95, gpu=0.98), 8: Target(cpu=None, gpu=0.95)}
_LONG_SHARPNESS = {4: Target(cpu=0.55, gpu=0.65), 8: Target(cpu=None, gpu=0.5)}
_SPEED = {"default": Target(cpu=2.0, gpu=4.0, is_least=False), "fast": Target(cpu=0.5, gpu=1.5, is_least=False)}


def _flat(values: np.ndarray) -> Gains:
    """(G, samples) of (G, ...)."""
    return np.asarray(values, np.float64).reshape(len(values), -1)


def _with_commands(gains: Gains, commanded: Gains, axis: Axis) -> Gains:
    """(G, samples, 2): commanded and estimated motion of the directions of an axis."""
    chosen = directions_of(axis)
    asked = np.broadcast_to(commanded[chosen], gains[..., chosen].shape)
    pairs = np.stack([asked, gains[..., chosen] * asked], axis=-1)
    return pairs.reshape(len(pairs), -1, 2)
