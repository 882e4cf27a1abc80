"""Whole numbers of any size: digit for digit, and what is too large is said and not cut."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from astra_studio.document import edits
from astra_studio.document.model import MAX_SEED
from tests.ui.conftest import Driver
from ui.timeline.redo_dialog import RedoDialog
from ui.widgets import IntegerField


def typed(field: IntegerField, text: str) -> None:
    QTest.mouseClick(field, Qt.MouseButton.LeftButton)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


@pytest.fixture
def field(driver: Driver) -> IntegerField:
    return driver.window.inspector.take_tab.seed.field


@pytest.mark.parametrize("seed", [0, 7, 2**53 + 1, 2**63 - 2, MAX_SEED])
def test_a_seed_is_kept_digit_for_digit(driver: Driver, field: IntegerField, seed: int) -> None:
    typed(field, str(seed))
    assert driver.studio.take.recipe.seed == seed
    assert field.text() == str(seed)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("99999999999999999999", f"the largest is {MAX_SEED}"),
        (str(MAX_SEED + 1), f"the largest is {MAX_SEED}"),
        ("-1", "the smallest is 0"),
        ("1.5", f"type a whole number from 0 to {MAX_SEED}"),
        ("seven", f"type a whole number from 0 to {MAX_SEED}"),
    ],
)
def test_what_no_seed_is_stays_as_typed_and_says_why(
    driver: Driver, field: IntegerField, text: str, reason: str
) -> None:
    typed(field, "12")
    typed(field, text)
    assert field.toolTip() == reason
    assert field.text() == text, "no digit is cut off"
    assert driver.studio.take.recipe.seed == 12
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert field.text() == "12"


def test_arrows_and_drags_step_by_one_whatever_the_size(driver: Driver, field: IntegerField) -> None:
    typed(field, str(2**53 + 1))
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert driver.studio.take.recipe.seed == 2**53 + 2
    driver.drag(field, QPoint(10, 10), QPoint(22, 10))
    assert driver.studio.take.recipe.seed == 2**53 + 5
    typed(field, str(MAX_SEED))
    QTest.keyClick(field, Qt.Key.Key_Up)
    assert driver.studio.take.recipe.seed == MAX_SEED


def test_a_redo_keeps_a_large_locked_seed(filled: Driver) -> None:
    take = filled.studio.take
    filled.studio.apply(edits.set_seed(take.id, MAX_SEED - 1, is_locked=True))
    dialog = RedoDialog(filled.studio, 1, filled.window)
    assert dialog.seed() == MAX_SEED - 1
    dialog.deleteLater()
    filled.studio.apply(edits.set_seed(take.id, 5, is_locked=False))
    dialog = RedoDialog(filled.studio, 1, filled.window)
    assert dialog.seed() != 5
    dialog.deleteLater()
