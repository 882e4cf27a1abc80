"""What every action modality must be: an entry in MODALITIES passes this as it is."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.actions.camera import CAMERA
from engine.actions.modality import MODALITIES, ActionTrack, Modality, modality, rest_rows
from engine.actions.moves import camera_row
from engine.actions.steering import Stand, Steering
from engine.clock import ASTRA_CLOCK
from engine.messages import ChunkRequest
from engine.trajectories.astra_json import read_astra_json, write_astra_json
from engine.worlds.fake import FakeWorld
from tests.settings_builders import astra_settings

every = pytest.mark.parametrize("kind", MODALITIES.values(), ids=MODALITIES)


@every
def test_it_goes_by_its_own_name(kind: Modality):
    assert MODALITIES[kind.name] is kind
    assert modality(kind.name) is kind
    assert modality(kind.released_name) is kind


def test_no_two_go_by_one_name():
    names = [name for kind in MODALITIES.values() for name in {kind.name, kind.released_name}]
    assert len(set(names)) == len(names)


@every
def test_every_number_of_a_row_has_a_column_and_a_value_at_rest(kind: Modality):
    assert kind.width == len(kind.columns) == len(kind.rest)
    assert len(set(kind.columns)) == kind.width


@every
def test_it_says_what_its_numbers_mean(kind: Modality):
    assert kind.label
    assert any(word in kind.meaning for word in ("units", "metres", "pose"))


@every
def test_rest_encodes_to_no_motion(kind: Modality):
    """Its translation is zero and its rotation, matrix or quaternion, turns nothing; or every number is zero."""
    values = dict(zip(kind.columns, kind.rest, strict=True))
    if "tx" not in values:
        assert not any(kind.rest)
        return
    assert [values[name] for name in ("tx", "ty", "tz")] == [0, 0, 0]
    if "qw" in values:
        rotation = poses.quaternion_to_matrix([values[name] for name in ("qx", "qy", "qz", "qw")])
    else:
        rotation = np.array([values[f"r{i}{j}"] for i in range(3) for j in range(3)]).reshape(3, 3)
    assert np.array_equal(rotation, np.eye(3))


@every
def test_resting_leaves_the_fake_worlds_camera_where_it_was(kind: Modality):
    world = FakeWorld(width=16, height=8)
    opened = world.open(np.full((1, 8, 16, 3), 90, np.uint8), kind.name)
    actions = ActionTrack(kind, rest_rows(kind, 3))
    request = ChunkRequest(index=0, actions=actions, seed=0, settings=astra_settings(num_steps=1))
    state, result = world.step(opened.state, request)
    assert np.array_equal(state.pose, np.eye(4))
    assert all(np.array_equal(frame, result.frames[0]) for frame in result.frames)


@every
@pytest.mark.parametrize("num_ticks", [0, 1, 5])
def test_resting_rows_are_a_valid_track(kind: Modality, num_ticks: int):
    track = ActionTrack(kind, rest_rows(kind, num_ticks))
    assert track.rows.shape == (num_ticks, kind.width)
    assert track.rows.dtype == np.float32
    assert np.array_equal(track.rows, np.broadcast_to(np.float32(kind.rest), (num_ticks, kind.width)))


@every
def test_rows_of_another_width_are_refused_with_its_name_and_columns(kind: Modality):
    for width in (kind.width - 1, kind.width + 1):
        with pytest.raises(ValueError, match=f"{kind.name} actions need rows of {kind.width} numbers") as caught:
            ActionTrack(kind, np.zeros((2, width), np.float32))
        assert " ".join(kind.columns) in str(caught.value)


@every
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_tracks_come_back_from_a_file(tmp_path_factory, kind: Modality, data: st.DataObject):
    moves = data.draw(st.lists(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3), min_size=1, max_size=5))
    rows = rest_rows(kind, len(moves))
    names = ("tx", "ty", "tz") if "tx" in kind.columns else kind.columns[:3]
    rows[:, [kind.columns.index(name) for name in names]] = moves
    path = tmp_path_factory.getbasetemp() / f"{kind.name}.json"
    write_astra_json(path, ActionTrack(kind, rows), tick_s=0.2)
    again = read_astra_json(path).track
    assert again.modality is kind
    assert np.array_equal(again.rows, rows)


# ---------------------------------------------------------------------- behaviour

CLOCK = replace(ASTRA_CLOCK, trained_speed=0.1, trained_turn=0.02)
START = Stand()
INPUTS = {
    "nothing": Steering(),
    "forward": Steering(forward=1, keys=frozenset({"KeyW"})),
    "a curve": Steering(forward=1, yaw=-0.6, keys=frozenset({"KeyW", "ArrowLeft"})),
    "the mouse": Steering(turned=(0.1, 0.05), mouse=(30.0, -12.0)),
}


def rows_of(kind: Modality, held: Steering, num_ticks: int = 3, stand: Stand = START) -> np.ndarray:
    return kind.from_input(held, num_ticks, stand, CLOCK)[0]


def a_walk(kind: Modality) -> np.ndarray:
    """Rows that all differ a little."""
    parts, stand = [], Stand()
    for share in (1.0, 0.6, 0.75):
        rows, stand = kind.from_input(Steering(forward=share, yaw=share - 0.7), 2, stand, CLOCK)
        parts.append(rows)
    return np.concatenate(parts)


@every
@pytest.mark.parametrize("held", INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize("num_ticks", [1, 4])
def test_held_input_becomes_rows(kind: Modality, held: Steering, num_ticks: int):
    """As many as there are ticks, valid, the same every time, wherever the drive stands."""
    for stand in (Stand(), kind.stand_after(a_walk(kind))):
        rows, _ = kind.from_input(held, num_ticks, stand, CLOCK)
        assert ActionTrack(kind, rows).rows.shape == (num_ticks, kind.width)
        assert rows.dtype == np.float32
        assert np.array_equal(rows, kind.from_input(held, num_ticks, stand, CLOCK)[0])


@every
def test_input_in_two_parts_is_the_same_as_in_one(kind: Modality):
    """A drive goes on where it stands: told by `from_input`, or by the rows themselves."""
    held = Steering(forward=1, yaw=0.5, pitch=0.3)
    whole = rows_of(kind, held, 6)
    first, stand = kind.from_input(held, 3, Stand(), CLOCK)
    for place in (stand, kind.stand_after(first)):
        assert np.allclose(np.concatenate([first, rows_of(kind, held, 3, place)]), whole, atol=1e-5)


@every
def test_nothing_held_is_rest_and_after_a_walk_it_stands_still(kind: Modality):
    assert np.array_equal(rows_of(kind, Steering()), kind.resting(3))
    walk = a_walk(kind)
    still = rows_of(kind, Steering(), 3, kind.stand_after(walk))
    assert np.allclose(still, kind.holding(walk[-1], 3), atol=1e-6)


@every
def test_forward_goes_forward_at_the_trained_speed(kind: Modality):
    rows = rows_of(kind, INPUTS["forward"])
    c2w = kind.to_poses(rows)
    if c2w is None:
        assert np.linalg.norm(kind.moved(np.eye(4), rows[0], CLOCK)[:3, 3]) == pytest.approx(0.1, rel=1e-6)
    else:
        assert np.linalg.norm(np.diff(c2w[:3, :3, 3], axis=0), axis=1) == pytest.approx(0.1, rel=1e-5)


@every
def test_rows_come_back_from_their_poses(kind: Modality):
    rows = a_walk(kind)
    c2w = kind.to_poses(rows)
    again = kind.from_poses(np.tile(np.eye(4), (4, 1, 1)) if c2w is None else c2w)
    assert (c2w is None) == (again is None)
    if c2w is None or again is None:
        return
    assert c2w.shape == (len(rows) + 1, 4, 4)
    assert again.shape == rows.shape
    # Places are told from the first one; what moves is the same.
    found = kind.to_poses(again)
    steps = [poses.inverse(path[:-1]) @ path[1:] for path in (c2w, found)]
    assert np.allclose(steps[0], steps[1], atol=1e-5)


@every
def test_holding_and_going_on_follow_a_row(kind: Modality):
    last = a_walk(kind)[-1]
    assert kind.holding(last, 3).shape == kind.going_on(last, 3).shape == (3, kind.width)
    assert kind.holding(last, 0).shape == (0, kind.width)
    assert np.array_equal(kind.going_on(last, 3), np.tile(last, (3, 1)))
    found = kind.to_poses(np.concatenate([a_walk(kind), kind.holding(last, 3)]))
    if found is not None:
        assert np.allclose(found[-1], found[-2], atol=1e-6), "it stands still"


@every
@pytest.mark.parametrize("count", [1, 3, 12])
def test_the_same_way_in_another_number_of_ticks_ends_where_it_did(kind: Modality, count: int):
    rows = a_walk(kind)
    changed = kind.retimed(rows, count)
    assert changed.shape == (count, kind.width)
    assert changed.dtype == np.float32
    before, after = kind.to_poses(rows), kind.to_poses(changed)
    if before is not None and after is not None and count > 1:
        assert np.allclose(after[-1], before[-1], atol=1e-5)


@every
def test_a_row_is_told_in_labels_and_values(kind: Modality):
    for row in a_walk(kind):
        told = kind.shown(row, CLOCK)
        assert told
        assert all(label and value for label, value in told)
    assert kind.shown(a_walk(kind)[0], CLOCK) != kind.shown(kind.resting(1)[0], CLOCK)


@every
def test_what_it_does_tick_by_tick_is_told_or_it_is_places(kind: Modality):
    rows = a_walk(kind)
    found = kind.motions(rows, CLOCK)
    if found is None:
        assert not np.array_equal(kind.holding(rows[-1], 1), kind.resting(1))
        return
    assert found.speed.shape == found.left_turn.shape == (len(rows),)
    assert kind.motions(kind.resting(2), CLOCK).speed == pytest.approx([0, 0])


@every
def test_poses_beside_rows_have_the_width_that_is_told(kind: Modality):
    rows = a_walk(kind)
    seen = kind.with_poses(rows, 1)
    assert seen.shape == (len(rows), kind.width_with_poses())
    assert seen.dtype == np.float32


# ---------------------------------------------------------------------- input, in numbers


@pytest.mark.parametrize(
    ("move", "axes"),
    [
        ("w", {"forward": 1}),
        ("a", {"right": -1}),
        ("e", {"up": 1}),
        ("left", {"yaw": -1}),
        ("up", {"pitch": 1}),
        ("w+right", {"forward": 1, "yaw": 1}),
    ],
)
def test_a_held_axis_of_a_camera_is_the_move_of_a_pose_line(move: str, axes: dict[str, float]):
    row = rows_of(CAMERA, Steering(**axes), 1)[0]
    assert np.allclose(row, camera_row(move.split("+"), clock=CLOCK), atol=1e-7)


def test_a_diagonal_is_as_fast_as_a_straight_line():
    rows = rows_of(CAMERA, Steering(forward=1, right=1, up=-1))
    assert CAMERA.motions(rows, CLOCK).speed == pytest.approx([0.1] * 3)


def test_keys_are_bits_and_the_mouse_two_numbers_per_tick():
    kind = MODALITIES["keys"]
    rows = rows_of(kind, Steering(keys=frozenset({"KeyW", "ArrowLeft"}), mouse=(8.0, -4.0)), 4)
    row = dict(zip(kind.columns, rows[0].tolist(), strict=True))
    assert {name for name, value in row.items() if value} == {"KeyW", "ArrowLeft", "mouse_x", "mouse_y"}
    assert (row["KeyW"], row["mouse_x"], row["mouse_y"]) == (1, 2, -1)
    assert dict(kind.shown(rows[0], CLOCK)) == {"Keys": "W ArrowLeft", "Mouse": "+2, -1 px"}
    pad = rows_of(kind, Steering(forward=0.8, right=0.3))
    assert np.array_equal(pad, rows_of(kind, Steering(keys=frozenset({"KeyW"}))))


def test_a_car_turns_only_while_it_rolls():
    kind = MODALITIES["driving"]
    assert np.array_equal(rows_of(kind, Steering(yaw=1)), kind.resting(3))
    rows = rows_of(kind, Steering(forward=1, yaw=-1), 5)
    assert rows[-1, 6] > 0, "to the left"
    assert (np.diff(rows[:, 0]) > 0).all()


def test_input_beyond_its_range_is_refused():
    with pytest.raises(ValueError, match="the axis yaw of held input lies in -1 to 1, got 2"):
        Steering(yaw=2)


# ---------------------------------------------------------------------- nothing else knows one modality from another

ROOT = Path(__file__).parents[2]
BRANCH = re.compile(
    r"is_absolute\b(?!\()|modality(\.name)? (==|!=) \"|kind(\.name)? (==|!=) \"(camera|driving|robot|keys)\"|"
    r"\b(is|is not|==|!=) (CAMERA|DRIVING|ROBOT|KEYS_MODALITY)\b(?!\))"
)
OWN = ("engine/actions/", "engine/training/", "ui/timeline/")
"""Where modalities live; data sets, which are of one modality each; and a lane that is called "camera"."""


def test_no_branch_on_a_modality_outside_its_own_module():
    found = []
    for folder in ("astra_studio", "engine", "ui"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(OWN):
                found += [
                    f"{name}: {line.strip()}"
                    for line in path.read_text(encoding="utf-8").splitlines()
                    if BRANCH.search(line)
                ]
    assert found == []


@pytest.mark.parametrize(
    "line", ['if actions.modality == "driving":', "if kind.is_absolute:", "keyed = c2w if kind is CAMERA else w2c"]
)
def test_a_branch_would_be_found(line: str):
    assert BRANCH.search(line)
