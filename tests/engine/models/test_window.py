"""The window of a chunk: equal to the released code where that is right, and right where it is not (B1, B2, B4)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from engine.models.window import ANCHOR_REACH, EMPTY, HISTORY_MODES, NUM_SLOTS, HistoryWindow, plan_window

GOLDENS = Path(__file__).parents[2] / "data" / "goldens"
PACKED = load_file(GOLDENS / "packing_a.safetensors")
PACKING = json.loads((GOLDENS / "packing_a.json").read_text())["cases"]
NETWORK = json.loads((GOLDENS / "dit_a.json").read_text())["cases"]
few = settings(deadline=None, max_examples=40)
histories = st.integers(1, 3000)
targets = st.integers(1, 12)
repaired = st.sampled_from(["aligned", "anchored"])


def index_vectors(window: HistoryWindow) -> dict[str, list[int]]:
    return {
        "clean_latent_indices": list(window.start_and_newest),
        "clean_latent_2x_indices": list(window.medium),
        "clean_latent_4x_indices": list(window.coarse),
        "latent_indices": list(window.target),
    }


def golden_vectors(tensors: dict[str, np.ndarray], case: str, names: dict[str, list[int]]) -> dict[str, list[int]]:
    return {name: tensors[f"{case}.{name}"].tolist() for name in names}


def target_rows(num_history: int, num_targets: int, mode: str) -> list[int]:
    """The absolute latents whose action rows steer the targets."""
    plan = plan_window(num_history, num_targets, mode)
    return [plan.first_row + row for row in plan.window.action_rows[-num_targets:]]


@pytest.mark.parametrize("case", PACKING)
def test_the_released_packing_is_repeated(case):
    plan = plan_window(PACKING[case]["history"], PACKING[case]["target"], "upstream")
    ours = index_vectors(plan.window)
    assert ours == golden_vectors(PACKED, case, ours)
    assert list(plan.window.time_positions) == PACKED[f"{case}.time_positions"].tolist()
    assert list(plan.window.action_rows) == PACKED[f"{case}.camera_rows"].tolist()
    assert list(plan.window.group_frames) == PACKED[f"{case}.group_sizes"].tolist()


@pytest.mark.parametrize("case", PACKING)
def test_the_released_rows_mask_and_slots_are_repeated(case):
    """The json's rules: camera row f begins with f and ends with the mask, latent t begins with 100 (t + 1)."""
    plan = plan_window(PACKING[case]["history"], PACKING[case]["target"], "upstream")
    camera = PACKED[f"{case}.camera"]
    assert camera[:, 0].tolist() == list(range(plan.first_row, plan.first_row + plan.num_rows))
    assert camera[:, -1].tolist() == [1] * plan.num_condition_rows + [0] * PACKING[case]["target"]

    def corners(latents: tuple[int, ...]) -> list[float]:
        return [0.0 if t == EMPTY else 100.0 * (t + 1) for t in latents]

    assert corners((plan.start, plan.slots[19])) == PACKED[f"{case}.clean_latents"][0, :, 0, 0].tolist()
    assert corners(plan.slots[17:19]) == PACKED[f"{case}.clean_latents_2x"][0, :, 0, 0].tolist()
    assert corners(plan.slots[1:17]) == PACKED[f"{case}.clean_latents_4x"][0, :, 0, 0].tolist()


@pytest.mark.parametrize("case", NETWORK)
def test_every_mode_gives_the_index_vectors_of_the_network_goldens(case):
    facts = NETWORK[case]
    plan = plan_window(facts["history"], facts["target"], facts["camera_window"])
    ours = index_vectors(plan.window)
    golden = load_file(GOLDENS / "dit_a_cases.safetensors")
    assert ours == golden_vectors(golden, case, ours)
    mask = golden[f"{case}.camera"][:, -1].tolist()
    assert mask == [1] * plan.num_condition_rows + [0] * facts["target"]


def test_the_network_goldens_hold_every_mode_past_the_window():
    assert {case["camera_window"] for case in NETWORK.values() if case["history"] > NUM_SLOTS} == set(HISTORY_MODES)


@pytest.mark.parametrize("num_history", range(1, NUM_SLOTS + 1))
def test_the_modes_agree_while_the_window_fills(num_history):
    upstream, aligned, anchored = (plan_window(num_history, 8, mode) for mode in HISTORY_MODES)
    assert upstream == aligned == anchored


@pytest.mark.parametrize("num_history", [NUM_SLOTS + 1, ANCHOR_REACH, 100])
def test_the_modes_differ_past_the_window(num_history):
    upstream, aligned, anchored = (plan_window(num_history, 8, mode) for mode in HISTORY_MODES)
    assert upstream != aligned
    assert aligned != anchored
    assert anchored != upstream


@pytest.mark.parametrize("mode", ["aligned", "anchored"])
@pytest.mark.parametrize("num_history", [1, 20, 21, 30, 31, 33, 2000])
def test_a_target_is_steered_by_its_own_row(num_history, mode):
    assert target_rows(num_history, 8, mode) == list(range(num_history, num_history + 8))


@few
@given(histories, targets, repaired)
def test_a_target_is_steered_by_its_own_row_wherever_it_is(num_history, num_targets, mode):
    plan = plan_window(num_history, num_targets, mode)
    assert target_rows(num_history, num_targets, mode) == list(range(num_history, num_history + num_targets))
    assert plan.num_condition_rows == plan.num_rows - num_targets
    assert plan.first_row + plan.num_condition_rows == num_history


@few
@given(histories, targets, repaired)
def test_every_history_frame_is_steered_by_the_row_of_its_own_index(num_history, num_targets, mode):
    """All but the newest, which takes the first target's row (K4), and the start, which has row 0."""
    plan = plan_window(num_history, num_targets, mode)
    window = plan.window
    first_target = window.target[0]
    coarse, medium, _, _ = window.group_frames
    rows, times = window.action_rows, window.time_positions
    assert rows[coarse + medium] == 0
    assert plan.first_row + rows[coarse + medium + 1] == num_history
    for row, time in zip(rows[: coarse + medium], times[: coarse + medium], strict=True):
        if row != EMPTY:
            assert num_history - (plan.first_row + row) == first_target - time


@few
@given(st.integers(NUM_SLOTS + 1, 3000), targets)
def test_the_released_rows_go_dead_past_the_window(num_history, num_targets):
    """B1: whatever is asked of the targets, the same old rows steer them."""
    rows = target_rows(num_history, num_targets, "upstream")
    assert rows == list(range(NUM_SLOTS, NUM_SLOTS + num_targets))
    assert rows != list(range(num_history, num_history + num_targets))


@pytest.mark.parametrize("num_history", [28, 29, 2000])
def test_the_released_rows_never_reach_the_chunk_once_they_are_dead(num_history):
    assert max(target_rows(num_history, 8, "upstream")) < num_history


@few
@given(histories, targets)
def test_anchored_indices_stay_within_those_of_training(num_history, num_targets):
    """B4: nothing grows with the take."""
    plan = plan_window(num_history, num_targets, "anchored")
    indices = [i for vector in index_vectors(plan.window).values() for i in vector]
    assert min(indices) >= EMPTY
    assert max(indices) < ANCHOR_REACH + num_targets
    assert max(plan.window.action_rows) < plan.num_rows <= ANCHOR_REACH + num_targets


@few
@given(histories, targets, repaired)
def test_a_window_reaches_back_no_further_than_a_state_holds(num_history, num_targets, mode):
    plan = plan_window(num_history, num_targets, mode)
    held = [latent for latent in (plan.start, plan.first_row, *plan.slots) if latent != EMPTY]
    assert min(held) >= max(0, num_history - ANCHOR_REACH)
    assert max(held) == num_history - 1


@few
@given(st.integers(ANCHOR_REACH, 3000), targets, repaired)
def test_a_long_window_moves_with_the_take(num_history, num_targets, mode):
    """Only differences of indices matter, and those are the same everywhere."""

    def seen(num: int) -> tuple[list[int], tuple[int, ...], list[int]]:
        plan = plan_window(num, num_targets, mode)
        times = [time - plan.window.target[0] for time in plan.window.time_positions]
        return times, plan.window.action_rows, [latent - num for latent in (plan.start, plan.first_row, *plan.slots)]

    assert seen(num_history) == seen(ANCHOR_REACH)


@few
@given(histories, targets, st.sampled_from(HISTORY_MODES))
def test_the_newest_latents_lie_in_order_in_the_last_slots(num_history, num_targets, mode):
    plan = plan_window(num_history, num_targets, mode)
    slots = plan.slots
    held = min(num_history, NUM_SLOTS)
    assert len(slots) == NUM_SLOTS
    assert slots[0] in (EMPTY, plan.start)
    assert list(slots[: NUM_SLOTS - held]) == [EMPTY] * (NUM_SLOTS - held)
    assert list(slots[1:])[-(held - 1) or NUM_SLOTS :] == list(range(num_history - held + 1, num_history))


@pytest.mark.parametrize(("num_history", "num_targets"), [(0, 8), (-1, 8), (1, 0), (5, -2)])
def test_a_window_without_history_or_targets_is_refused(num_history, num_targets):
    with pytest.raises(ValueError, match=f"got {num_history} and {num_targets}"):
        plan_window(num_history, num_targets)


def test_an_unknown_mode_is_answered_with_those_that_exist():
    with pytest.raises(ValueError, match="'newest' is not one of upstream, aligned, anchored"):
        plan_window(5, 8, "newest")


@pytest.mark.parametrize("max_history", [12, 20, 49, 100])
@pytest.mark.parametrize("chunk", [1, 3, 8])
def test_upstream_keeps_the_first_latent_and_the_last_ones_as_the_released_loop_does(max_history, chunk):
    """Reference 8, rule 4: the loop cuts its list of latents after every chunk, and then counts what is left (B3)."""
    kept = [0]
    made = 1
    for _ in range(2 * max_history // chunk + 3):
        ours = plan_window(made, chunk, "upstream", max_history)
        theirs = plan_window(len(kept), chunk, "upstream", 10**6)
        assert ours.window == theirs.window
        assert ours.slots == tuple(EMPTY if f == EMPTY else kept[f] for f in theirs.slots)
        assert ours.start == kept[theirs.start]
        assert (ours.first_row, ours.num_rows, ours.num_condition_rows) == (0, len(kept) + chunk, len(kept))
        kept += range(made, made + chunk)
        made += chunk
        if len(kept) > max_history:
            kept = [kept[0], *kept[1 - max_history :]]
    assert made > max_history
