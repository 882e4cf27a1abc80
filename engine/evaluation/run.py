"""Evaluation of an opened world: every start of both sets, every measure, one value with all results."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.clock import Clock
from engine.evaluation.beyond_figures import beyond_figures, control_likeness_figures
from engine.evaluation.figures import (
    Figure,
    control_figures,
    following_figures,
    likeness_figures,
    long_figures,
    network_figures,
    speed_figures,
)
from engine.evaluation.following import FollowingSamples, OnStart, Searches, follow, true_pictures
from engine.evaluation.network import measure_network, why_not
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.speed import time_chunks
from engine.evaluation.starts import Start, photograph_starts, procedural_starts, spread
from engine.evaluation.strip import StripRow, draw_strip
from engine.evaluation.walks import compare_with_truth, walk_far
from engine.messages import Picture, WorldInfo
from engine.settings import usable_changes
from engine.worlds.protocol import WorldModel

SCENES, PHOTOGRAPHS = "scenes", "photographs"
SHOWN_SCENES, SHOWN_PHOTOGRAPHS = 3, 5
"""Rows of the strip; scenes have a second row each, of the truth."""

FEW_STARTS = 12
"""Below, a report says not to trust it far."""

OnProgress = Callable[[str, int, int], None]
"""Told what is being measured, how many of its parts are done and how many there are."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evaluation:
    """How good a world is."""

    info: WorldInfo
    settings: EvaluationSettings
    starts: Mapping[str, tuple[str, ...]]
    """Names of the starts of each set."""
    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    """What was not measured, and why."""
    seconds: float
    """That the evaluation took."""
    strip: Picture = field(repr=False)


def evaluate(
    world: WorldModel,
    photographs: Path,
    settings: EvaluationSettings,
    *,
    place: Path | None = None,
    on_progress: OnProgress = lambda _what, _done, _total: None,
) -> Evaluation:
    """Measure an opened world.

    Args:
        world: that takes camera actions.
        photographs: folder of photographs that it was not trained on.
        place: the folder or file that the world was opened from, for the measures that need its network; None for a
            world without files.

    Raises ValueError for a world without camera actions or a folder without photographs, PictureError for one that
    cannot be read, and what the world raises.
    """
    started = time.perf_counter()
    info = world.info
    if "camera" not in info.modalities:
        raise ValueError(
            f"an evaluation drives a world by camera actions; {info.name} knows {', '.join(info.modalities)} only"
        )
    # Photographs first: what is wrong with the folder is told at once.
    sets = {
        PHOTOGRAPHS: photograph_starts(photographs, settings.num_starts, info, settings.seed),
        SCENES: procedural_starts(settings.num_starts, info, settings.seed),
    }
    searches = Searches(info)

    def counter(what: str, total: int) -> OnStart:
        on_progress(what, 0, total)
        return lambda done: on_progress(what, done, total)

    following = {
        name: follow(world, sets[name], settings, searches, counter(f"following, {name}", len(sets[name])))
        for name in (SCENES, PHOTOGRAPHS)
    }
    likeness = compare_with_truth(
        world, sets[SCENES], settings, counter("likeness to the truth, scenes", len(sets[SCENES]))
    )
    long = walk_far(
        world, sets[PHOTOGRAPHS], settings, searches, counter("long takes, photographs", len(sets[PHOTOGRAPHS]))
    )
    done = counter("network and speed", 1)
    reason = why_not(place, info)
    network = None if place is None or reason else measure_network(place, info, sets[SCENES], settings)
    wanted = {"num_steps": settings.fast_steps, "guidance": settings.fast_guidance}
    fast = info.settings_with(usable_changes(info.settings, wanted))
    timings = {
        name: time_chunks(world, sets[SCENES][0], settings, sampling)
        for name, sampling in (("default", info.defaults), ("fast", fast))
    }
    done(1)
    figures = [
        *(figure for name in following for figure in following_figures(name, following[name])),
        *likeness_figures(likeness, info.clock, network),
        *(figure for name in following for figure in beyond_figures(name, following[name])),
        *control_likeness_figures(likeness, info.clock),
        *long_figures(PHOTOGRAPHS, long),
        *([] if network is None else network_figures(network)),
        *speed_figures(timings, info.clock),
        *(figure for name in following for figure in control_figures(name, following[name])),
    ]
    return Evaluation(
        info=info,
        settings=settings,
        starts={name: tuple(start.name for start in starts) for name, starts in sets.items()},
        figures=tuple(figures),
        notes=_notes(settings, len(sets[PHOTOGRAPHS]), reason),
        seconds=time.perf_counter() - started,
        strip=draw_strip(_strip_rows(sets, following, settings.pace, info.clock)),
    )


def _notes(settings: EvaluationSettings, num_photographs: int, no_network: str) -> tuple[str, ...]:
    notes = []
    if settings.num_starts < FEW_STARTS:
        notes.append("Few starts: the intervals are wide, and targets are met or missed by chance.")
    if num_photographs < settings.num_starts:
        notes.append(f"The folder holds {num_photographs} photographs; {settings.num_starts} were asked for.")
    if no_network:
        notes.append(f"The errors of the network and the loss of the codec were not measured: {no_network}.")
    return tuple(notes)


def _strip_rows(
    sets: Mapping[str, Sequence[Start]], following: Mapping[str, FollowingSamples], pace: float, clock: Clock
) -> list[StripRow]:
    rows = []
    for start, shown in list(zip(sets[SCENES], following[SCENES].shown, strict=True))[:SHOWN_SCENES]:
        rows.append(StripRow(label=(start.name, "world"), pictures=shown))
        truth = (start.picture, *true_pictures(start, clock.latents_per_chunk, pace, clock))
        rows.append(StripRow(label=(start.name, "truth"), pictures=truth))
    photographs = list(zip(sets[PHOTOGRAPHS], following[PHOTOGRAPHS].shown, strict=True))
    for start, shown in spread(photographs, SHOWN_PHOTOGRAPHS):
        rows.append(StripRow(label=(start.name.replace("_", " "), "world"), pictures=shown))
    return rows
