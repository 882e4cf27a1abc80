"""Context menu of the keys on the lanes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMenu

from engine.trajectories.path import EASINGS
from ui.timeline import key_drags
from ui.timeline.scene import CAMERA, KeyId, Scene
from ui.timeline.translation import tr

EASING_WORDS = {
    "smooth": "Smooth: a curve through the keys",
    "ease": "Ease: from rest to rest",
    "linear": "Linear: straight and even",
    "arc": "Arc: on a circle",
    "hold": "Hold: stays until the next key",
}


def fill_key_menu(
    menu: QMenu, scene: Scene, key: KeyId | None, add: Callable[[], object], all_keys: Sequence[KeyId]
) -> None:
    """What can be done with a key and those chosen with it; with none under the mouse, with the lane."""
    if key is None:
        menu.addAction(tr("Add Key Here")).triggered.connect(lambda: add())
        every = menu.addAction(tr("Select All Keys"))
        every.triggered.connect(lambda: scene.choose(all_keys))
        every.setEnabled(bool(all_keys))
        return
    if key not in scene.chosen:
        scene.choose({key})
    if key[0] != CAMERA:
        menu.addAction(tr("Edit Value...")).triggered.connect(lambda: scene.edit_asked.emit(key))
    menu.addAction(tr("Playhead to Key")).triggered.connect(
        lambda: scene.studio.player.seek(round(key_drags.frame_of(scene, key)))
    )
    if key[0] == CAMERA or scene.spec(key[0]).is_numeric:
        menu.addSeparator()
        fill_easings(menu, scene)
    menu.addSeparator()
    text = tr("Delete Keys") if len(scene.chosen) > 1 else tr("Delete Key")
    menu.addAction(text).triggered.connect(lambda: key_drags.delete_chosen(scene))


def fill_easings(menu: QMenu, scene: Scene) -> None:
    """How the chosen keys go on to the next ones; the easing that all of them have is checked."""
    cameras, kept = scene.chosen_cameras(), scene.kept
    known: set[str] = set() if kept is None else {kept.keys[number].easing for number in cameras}
    places = scene.chosen_parameters()
    known |= {key.easing for key in scene.take.keys if (key.parameter, key.tick) in places}
    for easing in EASINGS if cameras else ("linear", "hold"):
        action = menu.addAction(tr(EASING_WORDS[easing]))
        action.setCheckable(True)
        action.setChecked(known == {easing})
        action.triggered.connect(lambda _on=False, easing=easing: key_drags.ease_chosen(scene, easing))
