"""Retiming of actions: the same path in more or fewer ticks."""

from __future__ import annotations

from astra_studio.document.actions import Actions, actions_of
from engine.actions.modality import ActionTrack


def retimed(actions: Actions, num_ticks: int) -> Actions:
    """The way that `actions` go, evenly in `num_ticks` ticks; where they end stays where it was.

    Raises ValueError for no ticks on either side.
    """
    if num_ticks < 1 or not len(actions):
        raise ValueError(f"retiming needs at least 1 tick before and after, got {len(actions)} and {num_ticks}")
    if num_ticks == len(actions):
        return actions
    kind = actions.kind
    return actions_of(ActionTrack(kind, kind.retimed(actions.rows, num_ticks)))
