"""Edits of a take's actions: set them as a whole, paint some.

Neither touches a chunk: those that were made of other actions are stale, which `derived` works out. Painting drops the
path that the actions were made from, which they no longer follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from astra_studio.document.actions import Actions, joined
from astra_studio.document.edits import Edit, changed_take
from astra_studio.document.model import MAX_TICKS, Authored, Take, TakeId


def set_actions(take: TakeId, actions: Actions, path: Authored | None = None, merge_key: str = "") -> Edit:
    """Ask for these actions from tick 0 on, and keep what they were made from; `merge_key` where a key is dragged.

    Raises ValueError for another modality than the take's chunks have, and for more than `MAX_TICKS`.
    """

    def change(known: Take) -> Take:
        if known.chunks and actions.modality != known.actions.modality:
            raise ValueError(
                f"{known.name} is driven by {known.actions.modality} actions; start a new take for "
                f"{actions.modality} ones"
            )
        return replace(known, actions=_checked(actions), path=path)

    return Edit(
        label="Change path",
        change=lambda project: changed_take(project, take, change),
        merge_key=merge_key,
    )


def paint(take: TakeId, tick: int, actions: Actions) -> Edit:
    """Put `actions` in place of what is asked for from `tick` on; a gap before it stands still.

    Raises ValueError for a tick below 0, another modality, or a track too long.
    """

    def change(known: Actions) -> Actions:
        if tick < 0:
            raise ValueError(f"the take has ticks 0 to {len(known) - 1}; cannot change {tick}")
        return joined([known.part(0, tick), actions, known.part(*_from(known, tick + len(actions)))])

    return _edit("Paint actions", take, change, merge_key=f"paint/{take}")


def _edit(label: str, take: TakeId, change: Callable[[Actions], Actions], merge_key: str = "") -> Edit:
    def changed(known: Take) -> Take:
        return replace(known, actions=_checked(change(known.actions)), path=None)

    return Edit(label=label, change=lambda project: changed_take(project, take, changed), merge_key=merge_key)


def _checked(actions: Actions) -> Actions:
    if len(actions) > MAX_TICKS:
        raise ValueError(f"a take has at most {MAX_TICKS} ticks, this would be {len(actions)}")
    return actions


def _from(actions: Actions, tick: int) -> tuple[int, int]:
    return min(tick, len(actions)), len(actions)
