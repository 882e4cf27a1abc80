"""Figures of what no warp of the start gives, for a world, the truth and the controls, and their table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from engine.analysis.following import AXES
from engine.clock import Clock
from engine.evaluation.beyond import Answer, Values
from engine.evaluation.controls import CONTROLS
from engine.evaluation.figures import Figure, Target
from engine.evaluation.following import FollowingSamples, Gains, directions_of
from engine.evaluation.statistics import Samples, mean, measure, median
from engine.evaluation.walks import LikenessSamples

_TITLES = {
    "gain_error": "gain error, median over axes",
    "cross_talk": "turn in a step aside",
    "parallax": "parallax over the true one",
    "revealed": "PSNR of what comes into view",
}
_UNITS = {"revealed": "dB"}
_TARGETS = {
    "gain_error": Target(cpu=0.08, gpu=0.08, is_least=False),
    "cross_talk": Target(cpu=0.10, gpu=0.10, is_least=False),
}
ANSWERS = {
    "world": "this world",
    "truth": "ground truth",
    **{control.name: control.title for control in CONTROLS},
}
"""Rows of the table, by the name in keys."""


def beyond_figures(name: str, samples: FollowingSamples) -> list[Figure]:
    """Of one set of starts: a figure for each measure and answer. Only those of the world have targets."""
    gains: Mapping[str, Gains] = {"world": samples.world, "truth": samples.truth, **samples.controls}
    figures = []
    for answer, title in ANSWERS.items():
        found = samples.beyond[answer]
        measured = {
            "gain_error": measure(np.abs(gains[answer] - samples.truth), _median_over_axes),
            "cross_talk": measure(_gathered(found, "cross_talk"), median),
            "parallax": measure(_gathered(found, "parallax", 2), _slope),
            "revealed": measure(_gathered(found, "revealed"), mean),
        }
        figures += [
            Figure(
                key=f"beyond.{name}.{answer}.{what}",
                section=f"Beyond a warp, {name}",
                title=f"{title}: {_TITLES[what]}",
                measure=value,
                unit=_UNITS.get(what, ""),
                target=_TARGETS.get(what) if answer == "world" else None,
            )
            for what, value in measured.items()
        ]
    return figures


def control_likeness_figures(samples: LikenessSamples, clock: Clock) -> list[Figure]:
    """PSNR above copying the start of the controls, at the end of each chunk."""
    figures = []
    for control in CONTROLS:
        above = samples.controls[control.name] - samples.copied
        for chunk in range(above.shape[-1]):
            frame = clock.frames_per_latent * clock.latents_per_chunk * (chunk + 1)
            figures.append(
                Figure(
                    key=f"beyond.likeness.{control.name}.frame_{frame}",
                    section="Likeness to the truth, controls",
                    title=f"{control.title}, frame {frame}: PSNR above copying the start",
                    measure=measure(above[..., chunk], mean),
                    unit="dB",
                )
            )
    return figures


def beyond_table(figures: Sequence[Figure], names: Sequence[str]) -> str:
    """The measures in Markdown: a row for each answer and set of starts, then the targets."""
    values = {figure.key: figure.measure.value for figure in figures}
    lines = [f"| answer | starts | {' | '.join(_TITLES.values())} |", "|---|---|" + "---|" * len(_TITLES)]
    for answer, title in ANSWERS.items():
        for name in names:
            cells = [f"{values[f'beyond.{name}.{answer}.{what}']:.3g}" for what in _TITLES]
            lines.append(f"| {title} | {name} | {' | '.join(cells)} |")
    wanted = [_TARGETS.get(what) for what in _TITLES]
    cells = ["" if target is None else f"at most {target.cpu:g}" for target in wanted]
    return "\n".join([*lines, f"| target | | {' | '.join(cells)} |"])


def control_likeness_table(figures: Sequence[Figure]) -> str:
    """PSNR above copying the start of the controls, in Markdown."""
    held = {figure.key: figure.measure.value for figure in figures if figure.key.startswith("beyond.likeness.")}
    frames = list(dict.fromkeys(key.rsplit("_", 1)[1] for key in held))
    lines = [f"| control | {' | '.join(f'frame {frame}' for frame in frames)} |", "|---|" + "---|" * len(frames)]
    for control in CONTROLS:
        cells = [f"{held[f'beyond.likeness.{control.name}.frame_{frame}']:+.1f} dB" for frame in frames]
        lines.append(f"| {control.title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _gathered(found: Sequence[Sequence[Answer]], what: str, columns: int = 0) -> Values:
    """(G, samples) or (G, samples, columns) of one measure of answers by start and seed."""
    values = np.array([[getattr(answer, what) for answer in seeds] for seeds in found], np.float64)
    return values.reshape(len(values), -1, columns) if columns else values.reshape(len(values), -1)


def _median_over_axes(errors: Samples) -> float:
    """Of errors (samples, D): the median over axes of the median of each."""
    return float(np.median([np.median(errors[:, directions_of(axis)]) for axis in AXES]))


def _slope(pairs: Samples) -> float:
    """Least-squares slope through nothing of found over true values (samples, 2); 0 where nothing is true."""
    true, found = pairs[:, 0], pairs[:, 1]
    weight = float((true * true).sum())
    return float((true * found).sum()) / weight if weight > 0 else 0.0
