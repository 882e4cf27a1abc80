"""Takes under another clock: the same path at the same seconds, in the ticks of another world."""

from __future__ import annotations

from dataclasses import replace

from astra_studio.document.actions import Actions, actions_of
from astra_studio.document.model import Authored, Project, Take
from astra_studio.document.parameters import ordered
from astra_studio.document.paths import Drawn, actions_of_path, drawn_of
from engine.clock import Clock
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.sampling import resampled_rows


def worlds_clock(project: Project, otherwise: Clock) -> Clock:
    """The clock of the project's world; another while none is open."""
    return otherwise if project.world.info is None else project.world.info.clock


def with_worlds_clock(project: Project) -> Project:
    """The project with every take that has no chunk under the clock of its world; the same where none is open."""
    info = project.world.info
    if info is None:
        return project
    takes = tuple(take if take.chunks else with_clock(take, info.clock) for take in project.takes)
    return replace(project, takes=takes)


def with_clock(take: Take, clock: Clock) -> Take:
    """A take under another clock. What it asks for happens at the same seconds, to the nearest tick of that clock.

    Raises ValueError for a take with chunks, whose frames are what they are, unless both count alike.
    """
    if take.clock.counts_like(clock):
        return replace(take, clock=clock)
    if take.chunks:
        raise ValueError(f"{take.name} has chunks, and keeps the clock that they were made with; start a new take")
    ratio = take.clock.seconds_per_tick / clock.seconds_per_tick
    return replace(
        take,
        clock=clock,
        actions=resampled(take.actions, take.path, take.clock, clock),
        keys=ordered(replace(key, tick=round(key.tick * ratio)) for key in take.keys),
    )


def resampled(actions: Actions, path: Authored | None, before: Clock, after: Clock) -> Actions:
    """Actions by the ticks of one clock, by those of another: of their keys where all of them came from keys."""
    if before.counts_like(after) or not len(actions):
        return actions
    drawn = _drawn(path)
    if drawn is not None and len(actions_of_path(drawn, clock=before)) >= len(actions):
        return actions_of_path(drawn, clock=after)
    return actions_of(resampled_rows(actions.track, before, after))


def _drawn(path: Authored | None) -> Drawn | None:
    try:
        return None if path is None else drawn_of(path)
    except TrajectoryError:
        return None
