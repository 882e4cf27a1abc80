"""Arms: the chosen key's curves are bent by hand, in every view, as one step of undo."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from engine.trajectories.handles import arms
from tests.ui.path_editor.conftest import Hand
from ui.path_editor.arms import Arm, arms_in
from ui.path_editor.drags import SNAP_UNITS
from ui.path_editor.view import PathView


@pytest.fixture
def chosen(walk: Hand) -> Hand:
    """A walk whose second key is chosen with the tool that shows arms."""
    walk.driver.key(Qt.Key.Key_1)
    walk.choose(1)
    return walk


def arm(view: PathView, *, is_after: bool) -> Arm:
    found = [one for one in arms_in(view) if one.is_after is is_after]
    assert len(found) == 1
    return found[0]


def knob(one: Arm) -> QPoint:
    return QPoint(*(round(float(part)) for part in one.end_px))


def test_one_chosen_key_has_arms_while_keys_are_chosen_and_not_moved(chosen: Hand) -> None:
    assert [one.is_after for one in arms_in(chosen.top)] == [False, True]
    chosen.choose(0)
    assert [one.is_after for one in arms_in(chosen.top)] == [True]
    chosen.choose(0, 1)
    assert arms_in(chosen.top) == []
    chosen.choose(1)
    chosen.driver.key(Qt.Key.Key_2)
    assert arms_in(chosen.top) == []


@pytest.mark.parametrize("name", ["top", "space"])
@pytest.mark.parametrize("is_after", [False, True])
def test_a_dragged_arm_bends_the_curve_towards_the_mouse_as_one_step(chosen: Hand, name: str, is_after: bool) -> None:
    view = getattr(chosen.pane, name)
    before, one = chosen.path, arm(view, is_after=is_after)
    shift = QPoint(18, 7)
    chosen.drag(knob(one), knob(one) + shift, view=view)
    after = chosen.path
    assert [key.position for key in after.keys] == [key.position for key in before.keys]
    moved = arm(view, is_after=is_after).end_px - one.end_px
    assert np.allclose(moved, (shift.x(), shift.y()), atol=1.5)
    first, second = arms(after, 1)
    assert np.dot(first, second) == pytest.approx(-np.linalg.norm(first) * np.linalg.norm(second))
    chosen.undo()
    assert chosen.path == before


def test_a_dragged_arm_snaps_as_keys_do(chosen: Hand) -> None:
    one = arm(chosen.top, is_after=True)
    chosen.drag(knob(one), knob(one) + QPoint(25, 9), modifiers=Qt.KeyboardModifier.ControlModifier)
    end = arm(chosen.top, is_after=True).end[[0, 2]]
    assert np.allclose(end / SNAP_UNITS, np.round(end / SNAP_UNITS), atol=1e-6)


def test_escape_puts_a_dragged_arm_back(chosen: Hand) -> None:
    before, label, one = chosen.path, chosen.label, arm(chosen.top, is_after=True)
    chosen.press(knob(one))
    chosen.move(knob(one) + QPoint(30, 0))
    assert chosen.path != before
    QTest.keyClick(chosen.top, Qt.Key.Key_Escape)
    chosen.release(knob(one))
    assert chosen.path == before
    assert chosen.label == label


def test_automatic_handles_unbend_the_chosen_key(chosen: Hand) -> None:
    before, one = chosen.path, arm(chosen.top, is_after=True)
    action = chosen.studio.commands.action("path.automatic")
    chosen.studio.commands.refresh()
    assert not action.isEnabled()
    chosen.drag(knob(one), knob(one) + QPoint(20, 5))
    assert chosen.path != before
    chosen.studio.commands.refresh()
    assert action.isEnabled()
    action.trigger()
    assert chosen.path == before
