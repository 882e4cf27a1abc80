"""Action tracks of a steered camera, tool or car: the input held over the ticks of a chunk."""

from __future__ import annotations

from engine.actions.modality import ActionTrack, Modality
from engine.actions.steering import STEEPEST, TRAINED, DriveSpeeds, Stand, Steering
from engine.clock import Clock

__all__ = ["STEEPEST", "DriveSpeeds", "Stand", "Steering", "stand_after", "steered"]


def stand_after(track: ActionTrack) -> Stand:
    """Where a drive goes on from after a track."""
    return track.modality.stand_after(track.rows) if len(track) else Stand()


def steered(
    held: Steering,
    num_ticks: int,
    stand: Stand,
    kind: Modality,
    *,
    clock: Clock,
    speeds: DriveSpeeds = TRAINED,
) -> tuple[ActionTrack, Stand]:
    """The rows of so many ticks, and where the drive stands after them."""
    rows, after = kind.from_input(held, num_ticks, stand, clock, speeds)
    return ActionTrack(kind, rows), after
