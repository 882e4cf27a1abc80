"""Measures where no warp of the start helps: gain error, cross-talk, parallax, and what comes into view.

Each is measured on a world, on the truth and on the controls of `engine.evaluation.controls`, in the same way.

Shape letters of arrays: G starts, S noise seeds, D directions (those of `DIRECTIONS`, in their order).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.analysis.following import luminance
from engine.analysis.parallax import StepTurnSearch, near_over_far
from engine.analysis.quality import psnr
from engine.analysis.warp import look_up
from engine.clock import Clock
from engine.evaluation.commands import DIRECTIONS, glimpse_ticks, path_of
from engine.evaluation.controls import Control
from engine.evaluation.starts import Start
from engine.evaluation.takes import Glimpses
from engine.messages import Frames, Picture, WorldInfo

Values = NDArray[np.float64]

STEPS = tuple(number for number, command in enumerate(DIRECTIONS) if command.axis == "strafe")
"""Numbers of the directions that step aside."""
TURNS = tuple(number for number, command in enumerate(DIRECTIONS) if command.axis in ("yaw", "pitch"))
"""Numbers of the directions that bring into view what no depth can tell."""
_EARLY = 0
"""Glimpse at which parallax is measured: later, ground of regular pattern has moved by more than half a period."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """What was measured on one answer to the eight directions."""

    cross_talk: Values = field(repr=False)
    """(steps,): how much of a step aside is a turn, 0 to 1."""
    parallax: Values = field(repr=False)
    """(steps, 2): pixels by which near things went further than far ones, true and found."""
    revealed: Values = field(repr=False)
    """(turns,): PSNR in decibels of the part of the last frame that the start cannot show."""


class BeyondMeasures:
    """What is needed to measure answers to the commands at one pace: a multiple of the trained speeds."""

    def __init__(self, info: WorldInfo, pace: float) -> None:
        self._num_ticks, self._pace, clock = info.clock.latents_per_chunk, pace, info.clock
        blank = luminance(np.zeros((info.height, info.width, 3), np.uint8))
        size = (blank.shape[1], blank.shape[0])
        parts = [tick / self._num_ticks for tick in glimpse_ticks(self._num_ticks)]
        amounts = {number: DIRECTIONS[number].amount(self._num_ticks, pace, clock) for number in STEPS}
        self._searches = {number: StepTurnSearch(amount, size, parts) for number, amount in amounts.items()}
        self._unseen = {number: self._hidden_from_start(number, info) for number in TURNS}

    def measure(self, chunks: Sequence[Glimpses], truth: Sequence[Glimpses]) -> Answer:
        """One answer, a chunk per direction, held against the true chunks."""
        shares = [self._searches[n].share_of_turn(chunks[n].before, chunks[n].after) for n in STEPS]
        return Answer(
            cross_talk=np.array(shares),
            parallax=np.array([(self._parallax(truth[n]), self._parallax(chunks[n])) for n in STEPS]),
            revealed=np.array([self._likeness(n, chunks[n].last, truth[n].last) for n in TURNS]),
        )

    def _parallax(self, chunk: Glimpses) -> float:
        return near_over_far(chunk.before, chunk.after[_EARLY])

    def _likeness(self, number: int, picture: Picture, truth: Picture) -> float:
        unseen = self._unseen[number]
        return psnr(picture[unseen][None], truth[unseen][None])

    def _hidden_from_start(self, number: int, info: WorldInfo) -> NDArray[np.bool_]:
        """(H, W): pixels of the last frame of a turn that the start does not show, however deep the scene is."""
        pose = path_of(DIRECTIONS[number].track(self._num_ticks, self._pace, info.clock))[-1:]
        return look_up(pose, info.width, info.height).is_seen.reshape(info.height, info.width) == 0


def chunk_of(frames: Frames) -> Glimpses:
    """Glimpses of an answer: its start, then its frames at `glimpse_ticks`."""
    return Glimpses(
        before=luminance(frames[0]),
        after=tuple(luminance(frame) for frame in frames[1:]),
        start=frames[0],
        last=frames[-1],
    )


def answer_of(control: Control, start: Start, pace: float, clock: Clock) -> list[Glimpses]:
    """What a control shows for each direction."""
    num_ticks = clock.latents_per_chunk
    ticks = [0, *glimpse_ticks(num_ticks)]
    paths = [path_of(command.track(num_ticks, pace, clock))[ticks] for command in DIRECTIONS]
    return [chunk_of(control.show(start.picture, path)) for path in paths]


def true_answer(start: Start, pace: float, clock: Clock) -> list[Glimpses]:
    """What a start's scene shows for each direction."""
    num_ticks = clock.latents_per_chunk
    ticks = [0, *glimpse_ticks(num_ticks)]
    paths = [path_of(command.track(num_ticks, pace, clock))[ticks] for command in DIRECTIONS]
    return [chunk_of(start.shown_from(path)) for path in paths]
