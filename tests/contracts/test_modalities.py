"""What every action modality must be: an entry in MODALITIES passes this as it is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import poses
from engine.actions.modality import MODALITIES, ActionTrack, Modality, modality, rest_rows
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
    assert any(word in kind.meaning for word in ("units", "metres", "pose"))


@every
def test_rest_encodes_to_no_motion(kind: Modality):
    """Its translation is zero and its rotation, matrix or quaternion, turns nothing."""
    values = dict(zip(kind.columns, kind.rest, strict=True))
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
    rows[:, [kind.columns.index(name) for name in ("tx", "ty", "tz")]] = moves
    path = tmp_path_factory.getbasetemp() / f"{kind.name}.json"
    write_astra_json(path, ActionTrack(kind, rows), tick_s=0.2)
    again = read_astra_json(path).track
    assert again.modality is kind
    assert np.array_equal(again.rows, rows)
