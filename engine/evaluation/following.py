"""Following of commands by a world: the eight directions, random amounts and rest, with the score's controls.

Shape letters of arrays: G starts, S noise seeds, D directions (those of `DIRECTIONS`, in their order).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.analysis.following import AXES, REACH, Axis, MotionSearch, StartViews, blurred, luminance
from engine.analysis.warp import Luminance
from engine.clock import Clock
from engine.evaluation.beyond import Answer, BeyondMeasures, answer_of, true_answer
from engine.evaluation.commands import (
    DIRECTIONS,
    RANDOM,
    RANDOM_REACH,
    SHOWN,
    Command,
    glimpse_ticks,
    path_of,
    rest,
    trained_on,
)
from engine.evaluation.controls import CONTROLS
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import Start
from engine.evaluation.takes import Glimpses, make_take, noise_seed
from engine.messages import Picture, WorldInfo
from engine.worlds.protocol import WorldModel

Gains = NDArray[np.float64]
"""Estimated over commanded motion."""
SOFT = 2.0
"""Blur of the control that goes soft, in pixels of the width that is compared."""
OnStart = Callable[[int], None]
"""Told the number of starts done."""


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowingSamples:
    """Gains measured on one set of starts."""

    commanded: Gains
    """(D,) radians or scene units over a chunk."""
    world: Gains
    """(G, S, D)."""
    resting: Gains
    """(G, S, D): the take without a command, held against each direction. No actions: still, and a control."""
    shuffled: Gains
    """(G, S, D): the take made for another direction, held against each."""
    copied: Gains
    """(G, 1, D): the start itself in place of every frame."""
    softened: Gains
    """(G, 1, D): the start, blurred, in place of every frame: what going soft alone looks like."""
    truth: Gains
    """(G, 1, D): the start's scene seen from the commanded poses, the most that the score can give."""
    controls: dict[str, Gains]
    """(G, 1, D) of each of `CONTROLS`, by name."""
    beyond: dict[str, list[list[Answer]]] = field(repr=False)
    """Of "world", "truth" and each control, by start and seed: what no warp of the start gives."""
    random: Gains
    """(G, S, axes, 2): commanded and estimated motion of the random commands, axes as in `RANDOM`."""
    shown: list[tuple[Picture, ...]] = field(repr=False)
    """Of each start with the first seed: the start as the world shows it, and the last frames of `SHOWN`."""


class Searches:
    """The motion searches of an evaluation, made when first needed, by axis and pace."""

    def __init__(self, info: WorldInfo) -> None:
        blank = luminance(np.zeros((info.height, info.width, 3), np.uint8))
        self._size = (blank.shape[1], blank.shape[0])
        self.clock = info.clock
        self.num_ticks = info.clock.latents_per_chunk
        self._fractions = [tick / self.num_ticks for tick in glimpse_ticks(self.num_ticks)]
        self._made: dict[tuple[Axis, float], MotionSearch] = {}
        self._views: dict[tuple[Axis, float], tuple[Luminance, StartViews]] = {}

    def estimate(self, chunk: Glimpses, axis: Axis, pace: float) -> float:
        """Motion of a chunk along an axis, searched for among those that `pace` calls for."""
        key = (axis, pace)
        if key not in self._made:
            reach = REACH * pace * trained_on(axis, self.clock) * self.num_ticks
            self._made[key] = MotionSearch(axis, reach, self._size, self._fractions)
        # One start is compared with dozens of chunks in a row.
        if key not in self._views or not np.array_equal(self._views[key][0], chunk.before):
            self._views[key] = (chunk.before, self._made[key].views(chunk.before))
        return self._views[key][1].estimate(chunk.after).amount

    def gain(self, chunk: Glimpses, command: Command, pace: float) -> float:
        """Estimated over commanded motion of a chunk."""
        return self.estimate(chunk, command.axis, pace) / command.amount(self.num_ticks, pace, self.clock)


def follow(
    world: WorldModel, starts: Sequence[Start], settings: EvaluationSettings, searches: Searches, on_start: OnStart
) -> FollowingSamples:
    """Make the takes of one set of starts and measure them."""
    clock, pace = world.info.clock, settings.pace
    num_ticks = clock.latents_per_chunk
    measures = BeyondMeasures(world.info, pace)
    follower = _Follower(world, settings, searches, measures)
    random_paces = _random_paces(len(starts), settings)
    tried: list[list[_Tried]] = []
    copied: list[Gains] = []
    softened: list[Gains] = []
    truth: list[Gains] = []
    controls: dict[str, list[Gains]] = {control.name: [] for control in CONTROLS}
    beyond: dict[str, list[list[Answer]]] = {name: [] for name in ("world", "truth", *controls)}
    for g, start in enumerate(starts):
        seeds = range(settings.num_seeds)
        true_chunks = true_answer(start, pace, clock)
        tried.append([follower.try_start(start, true_chunks, noise_seed(g, s), random_paces[g, s]) for s in seeds])
        beyond["world"].append([one.beyond for one in tried[-1]])
        beyond["truth"].append([measures.measure(true_chunks, true_chunks)])
        copied.append(follower.gains([_still_copy(start, num_ticks)] * len(DIRECTIONS)))
        softened.append(follower.gains([_still_copy(start, num_ticks, SOFT)] * len(DIRECTIONS)))
        truth.append(follower.gains(true_chunks))
        for control in CONTROLS:
            chunks = answer_of(control, start, pace, clock)
            controls[control.name].append(follower.gains(chunks))
            beyond[control.name].append([measures.measure(chunks, true_chunks)])
        on_start(g + 1)
    return FollowingSamples(
        commanded=np.array([command.amount(num_ticks, pace, clock) for command in DIRECTIONS]),
        world=np.array([[one.world for one in seeds] for seeds in tried]),
        resting=np.array([[one.resting for one in seeds] for seeds in tried]),
        shuffled=np.array([[one.shuffled for one in seeds] for seeds in tried]),
        random=np.array([[one.random for one in seeds] for seeds in tried]),
        copied=np.array(copied)[:, None],
        softened=np.array(softened)[:, None],
        truth=np.array(truth)[:, None],
        controls={name: np.array(gains)[:, None] for name, gains in controls.items()},
        beyond=beyond,
        shown=[seeds[0].shown for seeds in tried],
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class _Tried:
    """What one start did with one noise seed; see `FollowingSamples`."""

    world: Gains
    resting: Gains
    shuffled: Gains
    random: Gains
    beyond: Answer
    shown: tuple[Picture, ...]


class _Follower:
    """Drives a world from one start after the other. Its random order of commands is that of the settings' seed."""

    def __init__(
        self, world: WorldModel, settings: EvaluationSettings, searches: Searches, measures: BeyondMeasures
    ) -> None:
        self._world = world
        self._searches = searches
        self._measures = measures
        self._clock, self._pace = world.info.clock, settings.pace
        self._num_ticks = world.info.clock.latents_per_chunk
        self._rng = np.random.default_rng((settings.seed, 1))

    def try_start(
        self, start: Start, truth: Sequence[Glimpses], seed: int, random_paces: NDArray[np.float64]
    ) -> _Tried:
        """Make every take from a start with one noise seed."""
        tracks = [command.track(self._num_ticks, self._pace, self._clock) for command in DIRECTIONS]
        chunks = [make_take(self._world, start, [track], seed)[0] for track in tracks]
        still = make_take(self._world, start, [rest(self._num_ticks)], seed)[0]
        pairs = zip(RANDOM, random_paces, strict=True)
        return _Tried(
            world=self.gains(chunks),
            resting=self.gains([still] * len(DIRECTIONS)),
            shuffled=self.gains([chunks[other] for other in _derangement(self._rng, len(DIRECTIONS))]),
            random=np.array([self._follow_random(start, command, seed, float(drawn)) for command, drawn in pairs]),
            beyond=self._measures.measure(chunks, truth),
            shown=(still.start, *(chunks[DIRECTIONS.index(command)].last for command in SHOWN)),
        )

    def gains(self, chunks: Sequence[Glimpses]) -> Gains:
        """(D,) gains of one chunk per direction."""
        pairs = zip(chunks, DIRECTIONS, strict=True)
        return np.array([self._searches.gain(chunk, command, self._pace) for chunk, command in pairs])

    def _follow_random(self, start: Start, command: Command, seed: int, drawn: float) -> tuple[float, float]:
        """Commanded and estimated motion of a chunk at the drawn pace."""
        chunk = make_take(self._world, start, [command.track(self._num_ticks, drawn, self._clock)], seed)[0]
        estimated = self._searches.estimate(chunk, command.axis, RANDOM_REACH * self._pace)
        return command.amount(self._num_ticks, drawn, self._clock), estimated


def directions_of(axis: Axis) -> list[int]:
    """Numbers of the two directions of an axis, the positive one first."""
    return [number for number, command in enumerate(DIRECTIONS) if command.axis == axis]


def gains_by_axis(gains: Gains) -> Gains:
    """(..., axes) of (..., D): the gain against the positive direction of every axis."""
    return gains[..., [directions_of(axis)[0] for axis in AXES]]


def true_pictures(start: Start, num_ticks: int, pace: float, clock: Clock) -> tuple[Picture, ...]:
    """What the last frames of `SHOWN` should show."""
    return tuple(start.shown_from(path_of(command.track(num_ticks, pace, clock))[-1:])[0] for command in SHOWN)


def _random_paces(num_starts: int, settings: EvaluationSettings) -> NDArray[np.float64]:
    """(G, S, axes) paces of the random commands, spread evenly: each lies in a stretch of its own."""
    rng = np.random.default_rng((settings.seed, 3))
    count = num_starts * settings.num_seeds
    stretches = np.stack([rng.permutation(count) for _ in RANDOM], axis=-1)
    places = (stretches + rng.random((count, len(RANDOM)))) / count
    paces = (2 * places - 1) * RANDOM_REACH * settings.pace
    return paces.reshape(num_starts, settings.num_seeds, len(RANDOM))


def _still_copy(start: Start, num_ticks: int, blur: float = 0.0) -> Glimpses:
    """A chunk that shows the start all the time, blurred by so many pixels of the width that is compared."""
    shown = luminance(start.picture)
    after = tuple(blurred(shown, blur) for _ in glimpse_ticks(num_ticks))
    return Glimpses(before=shown, after=after, start=start.picture, last=start.picture)


def _derangement(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """A random order in which nothing stays at its place."""
    while True:
        order = rng.permutation(count)
        if np.all(order != np.arange(count)):
            return order
