"""Files of an evaluation: `evaluation.json` with every number, `evaluation.md` to read, `strip.png` to look at."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from PIL import Image

from engine.analysis.following import AXES
from engine.evaluation.beyond_figures import beyond_table, control_likeness_table
from engine.evaluation.controls import CONTROLS
from engine.evaluation.figures import Figure, Target
from engine.evaluation.run import Evaluation
from engine.evaluation.settings import HELD_OUT_SEED
from engine.evaluation.speed import num_threads
from engine.messages import WorldInfo
from engine.settings import summary
from engine.whole_files import PartFile

FORMAT = "astra-evaluation-1"
JSON_NAME, TEXT_NAME, STRIP_NAME = "evaluation.json", "evaluation.md", "strip.png"
_PACKAGES = ("astra-studio", "torch", "diffusers", "numpy", "pillow")
_CONTROL_TITLES = {
    "truth": "ground truth (ceiling of the score)",
    "copy": "copy of the start",
    "soft": "start gone soft",
    "shuffled": "shuffled actions",
    "none": "no actions",
    **{control.name: control.title for control in CONTROLS},
}


def write_evaluation(evaluation: Evaluation, folder: Path) -> None:
    """Write the three files into a folder, which is made if need be. Raises OSError where that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    content = json.dumps(as_json(evaluation), indent=1, allow_nan=False) + "\n"
    _write(folder / JSON_NAME, content.encode())
    _write(folder / TEXT_NAME, as_text(evaluation).encode())
    part = PartFile(folder / STRIP_NAME)
    with part.guarded():
        Image.fromarray(evaluation.strip).save(part.path, format="PNG")
    part.commit()


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Every number, setting and version, as plain values."""
    return {
        "format": FORMAT,
        "world": asdict(evaluation.info),
        "settings": asdict(evaluation.settings),
        "starts": {name: list(starts) for name, starts in evaluation.starts.items()},
        "versions": versions(),
        "threads": num_threads(),
        "seconds": round(evaluation.seconds, 1),
        "notes": list(evaluation.notes),
        "figures": {figure.key: _figure_as_json(figure) for figure in evaluation.figures},
    }


def as_text(evaluation: Evaluation) -> str:
    """The report in Markdown."""
    info, settings = evaluation.info, evaluation.settings
    shown = [figure for figure in evaluation.figures if not figure.key.startswith(("controls.", "beyond."))]
    parts = [
        f"# How good is {info.name}",
        _about(evaluation),
        *evaluation.notes,
        "A value is followed by its 95 % interval (bootstrap over starts). A target is followed by whether it is met; "
        "the first column is for a world trained on a CPU, the second for one trained on a GPU.",
    ]
    for section, figures in groupby(shown, key=lambda figure: figure.section):
        parts += [f"## {section}", _table(list(figures))]
    parts += [
        "## Where no warp of the start helps",
        "Right directions are won by a warp of the start, and by a pan of a fifth of the motion. These are not. The "
        "gain error is against the gain of the truth. A turn in a step aside is the share of the motion found that "
        "turns (radians over radians plus scene units). Parallax is how much further near things go than far ones. "
        "What comes into view is what a turn shows and the start does not. Frames are the world's own, without detail "
        "fetched from the start.",
        beyond_table(evaluation.figures, sorted(evaluation.starts, reverse=True)),
        "The controls' likeness to the truth, scenes, PSNR above copying the start:",
        control_likeness_table(evaluation.figures),
        "## Controls: right direction",
        "The score on the truth is the most that any world can have; on the others it shows what chance gives. "
        "Shuffled actions are not always wrong: a step aside looks much like a turn. The start warped, and panned at "
        "any strength, passes: read this table with the one above.",
        _controls_table(evaluation.figures),
        _still_ceiling(evaluation.figures),
        "## What was measured",
        _explanation(info, settings.pace),
    ]
    return "\n\n".join(parts) + "\n"


def versions() -> dict[str, str]:
    """Of Python and of the packages that numbers depend on; those that are not known are left out."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _write(path: Path, content: bytes) -> None:
    part = PartFile(path)
    with part.guarded():
        part.path.write_bytes(content)
    part.commit()


def _figure_as_json(figure: Figure) -> dict[str, Any]:
    target, measured = figure.target, figure.measure
    content: dict[str, Any] = {
        "title": f"{figure.section}: {figure.title}",
        "value": measured.value,
        "interval_95": [measured.low, measured.high],
        "num_samples": measured.num_samples,
        "num_groups": measured.num_groups,
        "unit": figure.unit,
    }
    if target is not None:
        content["target"] = {
            "cpu_trained": target.cpu,
            "gpu_trained": target.gpu,
            "is_least": target.is_least,
            "cpu_met": None if target.cpu is None else target.is_met(measured.value, target.cpu),
            "gpu_met": None if target.gpu is None else target.is_met(measured.value, target.gpu),
        }
    return content


def _about(evaluation: Evaluation) -> str:
    info, settings, defaults = evaluation.info, evaluation.settings, evaluation.info.defaults
    told = summary(info.settings, defaults, has_text=info.has_text)
    counts = ", ".join(f"{len(starts)} {name}" for name, starts in sorted(evaluation.starts.items(), reverse=True))
    seeds = "1 noise seed" if settings.num_seeds == 1 else f"{settings.num_seeds} noise seeds"
    installed = ", ".join(f"{name} {version}" for name, version in versions().items())
    held_out = "" if settings.seed == HELD_OUT_SEED else f" (seed {settings.seed}, not the usual one)"
    return (
        f"World `{info.name}`, {info.width} x {info.height}, fingerprint `{info.fingerprint[:16]}`, on {info.device} "
        f"with {num_threads()} threads. Default setting: {told}; "
        f"fast setting: {settings.fast_steps} steps, guidance {settings.fast_guidance:g}. Starts: {counts}, each with "
        f"{seeds}{held_out}. The evaluation took {evaluation.seconds:.0f} s. Versions: {installed}."
    )


def _table(figures: Sequence[Figure]) -> str:
    lines = ["| measure | value | 95 % interval | samples | target, CPU | target, GPU |", "|---|---|---|---|---|---|"]
    for figure in figures:
        measured, unit = figure.measure, f" {figure.unit}" if figure.unit else ""
        cpu = None if figure.target is None else figure.target.cpu
        gpu = None if figure.target is None else figure.target.gpu
        lines.append(
            f"| {figure.title} | **{_number(measured.value)}**{unit} | {_number(measured.low)} to "
            f"{_number(measured.high)} | {measured.num_samples} in {measured.num_groups} | "
            f"{_verdict(figure, cpu)} | {_verdict(figure, gpu)} |"
        )
    return "\n".join(lines)


def _verdict(figure: Figure, wanted: float | None) -> str:
    target: Target | None = figure.target
    if target is None or wanted is None:
        return ""
    bound = "at least" if target.is_least else "at most"
    return f"{bound} {wanted:g}: {'met' if target.is_met(figure.measure.value, wanted) else '**missed**'}"


def _controls_table(figures: Sequence[Figure]) -> str:
    values = {figure.key: figure.measure.value for figure in figures}
    names = sorted({key.split(".")[2] for key in values if key.startswith("controls.")}, reverse=True)
    lines = [f"| control | starts | {' | '.join(AXES)} |", "|---|---|" + "---|" * len(AXES)]
    for control, title in _CONTROL_TITLES.items():
        for name in names:
            cells = [_number(values[f"controls.{control}.{name}.{axis}.right"]) for axis in AXES]
            lines.append(f"| {title} | {name} | {' | '.join(cells)} |")
    for name in names:
        cells = [_number(values[f"controls.truth.{name}.{axis}.correlation"]) for axis in AXES]
        lines.append(f"| ground truth, correlation with commands | {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _still_ceiling(figures: Sequence[Figure]) -> str:
    shares = [figure for figure in figures if figure.key.startswith("controls.soft.") and figure.key.endswith("still")]
    told = ", ".join(f"{_number(figure.measure.value)} ({figure.key.split('.')[2]})" for figure in shares)
    return f"Stays still, of starts that only go soft: {told}. A world that goes soft cannot be sure of more."


def _explanation(info: WorldInfo, pace: float) -> str:
    ticks = info.clock.latents_per_chunk
    return (
        f"One chunk of {ticks} ticks at {pace * info.clock.trained_speed:g} scene units or "
        f"{pace * info.clock.trained_turn:g} radians per tick in each of eight directions. The "
        "start, as the world shows it, is warped by many amounts of the commanded motion; the amount whose views "
        "correlate best with the chunk's frames, over the commanded one, is the gain. A direction is right if the gain "
        "is above 0.1; a take without a command stays still if no axis has a gain above 0.1 either way. Likeness: two "
        "chunks of random held keys through scenes whose truth is rendered. Sharpness kept: gradient energy of a "
        "chunk's last frame over that of the start as the world shows it, steps over the borders of 8-pixel blocks "
        "left out; blockiness: the energy of those steps over that of the others. Shuffled actions: the take made for "
        "another direction. Photographs have no truth; the ceiling of their score is that of the photographs put on a "
        "plain and a round wall. `evaluation.json` has every number."
    )


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
