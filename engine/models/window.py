"""Which history latents, at which times, with which action rows, a chunk sees (reference sections 4 and 5.3).

Pure arithmetic on integers: no tensor is touched here. Latents are counted absolutely, 0 being the start picture's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

NUM_SLOTS = 20
"""History slots of the packed window: start, 16 at 4x, 2 at 2x, 1 at 1x."""
ANCHOR_REACH = 30
"""Longest history of the released training; an anchored window starts at most this many latents back."""
UPSTREAM_HISTORY = 100
"""Latents that the released loop keeps on its command line: the first one and the last 99 (reference 8, rule 4)."""
EMPTY = -1
"""Index of a history slot that holds nothing."""

HistoryMode = Literal["upstream", "aligned", "anchored"]
HISTORY_MODES: tuple[HistoryMode, ...] = get_args(HistoryMode)


@dataclass(frozen=True, kw_only=True)
class HistoryWindow:
    """The four index vectors of a packed chunk, as the network gets them.

    Indices count latents from a base that differs by mode; only differences matter to the network. `EMPTY` marks a
    slot without a latent.
    """

    start_and_newest: tuple[int, int]
    """The 1x group: start frame, newest frame."""
    medium: tuple[int, ...]
    """The 2x group, oldest first."""
    coarse: tuple[int, ...]
    """The 4x group, oldest first."""
    target: tuple[int, ...]

    @property
    def valid_medium(self) -> tuple[int, ...]:
        return tuple(i for i in self.medium if i >= 0)

    @property
    def valid_coarse(self) -> tuple[int, ...]:
        return tuple(i for i in self.coarse if i >= 0)

    @property
    def group_frames(self) -> tuple[int, int, int, int]:
        """Token frames of each group in sequence order: 4x, 2x, 1x, target. An absent group has none."""
        return (
            len(self.coarse) // 4 if self.valid_coarse else 0,
            len(self.medium) // 2 if self.valid_medium else 0,
            len(self.start_and_newest),
            len(self.target),
        )

    @property
    def time_positions(self) -> tuple[int, ...]:
        """Rotary time of every token frame in sequence order. Coarse frame j takes the j-th valid index (K2)."""
        num_coarse, num_medium, _, _ = self.group_frames
        return (
            *_first_valid(self.valid_coarse, num_coarse),
            *_first_valid(self.valid_medium, num_medium),
            *self.start_and_newest,
            *self.target,
        )

    @property
    def action_rows(self) -> tuple[int, ...]:
        """Row of the action matrix that every token frame sees, `EMPTY` meaning a zero vector (K3, K4)."""
        start = self.start_and_newest[0]
        num_coarse, num_medium, _, _ = self.group_frames

        def rows_of(valid: tuple[int, ...], count: int) -> list[int]:
            return [valid[j] - start if j < len(valid) else EMPTY for j in range(count)]

        return (
            *rows_of(self.valid_coarse, num_coarse),
            *rows_of(self.valid_medium, num_medium),
            0,
            max(self.start_and_newest) + 1 - start,
            *(index - start for index in self.target),
        )


@dataclass(frozen=True, kw_only=True)
class WindowPlan:
    """A window together with where its latents and action rows come from, in absolute latent numbers."""

    window: HistoryWindow
    slots: tuple[int, ...]
    """Latent held by each of the 20 slots, `EMPTY` for none."""
    start: int
    """Latent used as the start frame (slot 0 once the window is full)."""
    first_row: int
    """Latent whose action row is row 0 of the matrix given to the network."""
    num_rows: int
    num_condition_rows: int
    """Rows from row 0 on whose mask is 1 (history); the rest are targets."""


def plan_window(
    num_history: int, num_targets: int, mode: HistoryMode = "anchored", max_history: int = UPSTREAM_HISTORY
) -> WindowPlan:
    """Plan the window of a chunk of `num_targets` latents after `num_history` >= 1 latents.

    Up to 20 latents the three modes agree with the released training. Past 20:
    `upstream` repeats the released inference code, whose action rows go dead (B1), and which past `max_history` latents
    keeps the first and the last of them, and then counts only those it keeps (B3); `aligned` slices the rows from the
    window start; `anchored` also keeps the start frame up to 30 latents back, as training did (B1 and B2).

    Source: reference section 4 and section 14. Raises ValueError for counts below 1 or an unknown mode.
    """
    if num_history < 1 or num_targets < 1:
        raise ValueError(f"a window needs at least 1 history and 1 target latent, got {num_history} and {num_targets}")
    if mode not in HISTORY_MODES:
        raise ValueError(f"history mode {mode!r} is not one of {', '.join(HISTORY_MODES)}")
    # Latents that are counted, of which the last so many are those of the end of the take.
    counted = min(num_history, max_history) if mode == "upstream" else num_history
    num_cut = num_history - counted
    num_history = counted
    held = min(num_history, NUM_SLOTS)
    empty = NUM_SLOTS - held
    first_held = num_history - held
    slots = (EMPTY,) * empty + tuple(range(first_held, num_history))
    start, first_row = first_held, 0
    if num_history > NUM_SLOTS:
        if mode == "anchored":
            start = first_row = max(0, num_history - ANCHOR_REACH)
            slots = (start, *slots[1:])
        elif mode == "aligned":
            first_row = first_held
    # Index of latent f: its own number, shifted by the empty slots, or counted from the anchor.
    shift = empty - (start if mode == "anchored" else 0)
    indices = tuple(EMPTY if f == EMPTY else f + shift for f in slots)
    return WindowPlan(
        window=HistoryWindow(
            start_and_newest=(start + shift, indices[19]),
            medium=indices[17:19],
            coarse=indices[1:17],
            target=tuple(num_history + j + shift for j in range(num_targets)),
        ),
        slots=tuple(f + num_cut if f > 0 else f for f in slots),
        start=start + num_cut if start > 0 else start,
        first_row=first_row,
        num_rows=num_history + num_targets - first_row,
        num_condition_rows=num_history - first_row,
    )


def _first_valid(valid: tuple[int, ...], count: int) -> list[int]:
    return [valid[min(j, len(valid) - 1)] for j in range(count)]
