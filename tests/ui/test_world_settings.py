"""A world of another package with settings of its own: the window shows and uses them without a line about them."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPointF
from PySide6.QtWidgets import QComboBox, QLabel

from astra_studio.document import edits
from astra_studio.document.derived import slots
from tests.ui.conftest import Driver
from tests.ui.timeline.conftest import Hand
from ui.timeline.curves.channels import number_channel, with_number_values
from ui.timeline.redo_dialog import RedoDialog


@pytest.fixture
def windy(driver: Driver, installed_world_folder: Path) -> Driver:
    """A project of that world, with a planned take."""
    studio = driver.studio
    driver.start_from()
    driver.wait(lambda: studio.generation.status.world_stage == "open")
    studio.apply(edits.set_world(str(installed_world_folder)))
    studio.generation.open_world()
    driver.wait(lambda: studio.project.world.info is not None and studio.project.world.info.name == "grey pebble")
    return driver


def generated(driver: Driver, num_chunks: int) -> None:
    driver.studio.generation.generate(driver.studio.take.id, num_chunks)
    driver.wait(lambda: len(driver.studio.take.chunks) >= num_chunks and not driver.studio.generation.status.is_busy)
    driver.studio.player.pause()


def test_the_inspector_has_a_row_for_each(windy: Driver) -> None:
    tab = windy.window.inspector.take_tab
    wind = tab.numbers.slider("wind")
    assert (wind.track.minimum, wind.track.maximum) == (-1, 1)
    assert "How strongly it blows" in wind.toolTip()
    with pytest.raises(KeyError):
        tab.numbers.slider("guidance")
    weather = tab.others.editor("weather")
    assert isinstance(weather, QComboBox)
    assert [weather.itemText(number) for number in range(weather.count())] == ["sun", "rain", "snow"]
    wind.changed.emit(0.5, True)
    weather.setCurrentText("snow")
    weather.activated.emit(2)
    assert dict(windy.studio.take.recipe.changes) == {"weather": "snow", "wind": 0.5}
    wind.reset.emit()
    assert dict(windy.studio.take.recipe.changes)["wind"] == 0.0
    tab.use_preset("Storm")
    assert dict(windy.studio.take.recipe.changes) == {"weather": "rain", "wind": 1.0}
    assert wind.field.value == 1.0


def test_the_timeline_has_a_lane_and_a_curve_of_what_can_have_keys(windy: Driver) -> None:
    hand = Hand(windy)
    names = [lane.name for lane in hand.canvas.lanes()]
    assert "Wind" in names
    assert "Weather" not in names, "it has no keys in that world"
    assert "Guidance" not in names
    generated(windy, 2)
    lane = hand.canvas.parameter_lanes["wind"]
    hand.double_click(QPointF(hand.scene.x_of_tick(8) + 1, lane.middle))
    hand.canvas.fields.edit_key(("wind", 8))
    hand.type("0.75")
    assert hand.keys("wind") == [(8, 0.75)]
    assert [slot.differing for slot in slots(windy.studio.project, windy.studio.take)][1] == ("wind",)
    hand.canvas.fields.edit_key(("wind", 8))
    hand.type("5")
    assert hand.keys("wind") == [(8, 0.75)], "5 is more than there is"
    channel = number_channel(hand.scene, "wind")
    assert (channel.label, channel.unit) == ("Wind", "m/s")
    keys = with_number_values(hand.take.keys, {("wind", 8): 9.0}, hand.scene.limits)
    assert keys[0].value == 1.0, "a drag on the curve ends where the setting does"
    windy.window.timeline.canvas.grab()


def test_a_redo_asks_for_them_and_the_chunk_says_what_it_was_made_with(windy: Driver) -> None:
    generated(windy, 1)
    dialog = RedoDialog(windy.studio, 0, windy.window)
    assert set(dialog.changes()) >= {"wind", "weather", "passes"}
    dialog.form.slider("wind").field.set_value(-0.5)
    editor = dialog.form.editor("weather")
    assert isinstance(editor, QComboBox)
    editor.setCurrentText("rain")
    windy.studio.generation.redo_from(windy.studio.take.id, 0, dialog.changes(), dialog.seed())
    dialog.deleteLater()
    windy.wait(lambda: len(windy.studio.take.chunks) == 1 and not windy.studio.generation.status.is_busy)
    made = windy.studio.take.chunks[0].request.settings
    assert made.items() >= {"passes": 4, "weather": "rain", "wind": -0.5}.items()
    windy.studio.player.seek(3)
    words = [label.text() for label in windy.window.inspector.findChildren(QLabel)]
    assert words[len(words) - words[::-1].index("Wind")] == "-0.5 m/s", "the last one is of the facts of the chunk"
    assert "rain" in words


def test_commands_for_settings_of_other_worlds_are_off(windy: Driver) -> None:
    assert not windy.studio.commands.action("take.key_guidance").isEnabled()
