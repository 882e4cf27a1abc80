"""Lane of the camera: the keys of the take's path over time."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QMenu

from engine.trajectories.key_edits import angles_of
from engine.trajectories.path import CameraPath
from ui.timeline import key_drags
from ui.timeline.diamonds import HALF_PX, paint_diamond
from ui.timeline.lane import Lane, Press
from ui.timeline.menus import fill_key_menu
from ui.timeline.scene import CAMERA, KeyId, Scene
from ui.timeline.translation import tr
from ui.widgets.drag import Drag

CAMERA_PX = 30
_REACH_PX = 8


class CameraLane(Lane):
    """Diamonds where the keys are."""

    height = CAMERA_PX
    icon = "video-camera"

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene)
        self.name = tr("Camera")

    def paint(self, painter: QPainter, dirty: QRectF) -> None:
        scene, theme = self.scene, self.scene.theme
        xs = [scene.axis.x(frame) for frame in scene.camera_frames()]
        middle = round(self.middle)
        if not xs:
            painter.setPen(theme.color("text3"))
            painter.setFont(theme.font(11))
            has_rows = bool(len(scene.take.actions))
            text = tr("Ticks without keys: double-click to make them") if has_rows else tr("No path yet")
            painter.drawText(self.body.adjusted(20, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, text)
            return
        painter.fillRect(QRectF(xs[0], middle - 1, xs[-1] - xs[0], 2), theme.color("line2"))
        kept = scene.kept
        assert kept is not None
        for number, x in enumerate(xs):
            if dirty.left() - 12 <= x <= dirty.right() + 12:
                key: KeyId = (CAMERA, number)
                paint_diamond(
                    painter,
                    theme,
                    QPointF(round(x) + 0.5, middle),
                    is_chosen=key in scene.chosen,
                    is_hovered=key == scene.hovered,
                    is_held=kept.keys[number].easing == "hold" and number + 1 < len(xs),
                )

    # ------------------------------------------------------------------ mouse

    def key_at(self, where: QPointF) -> KeyId | None:
        xs = [self.scene.axis.x(frame) for frame in self.scene.camera_frames()]
        near = min(range(len(xs)), key=lambda number: abs(xs[number] - where.x()), default=-1)
        is_near = near >= 0 and abs(xs[near] - where.x()) <= _REACH_PX and abs(where.y() - self.middle) <= HALF_PX + 5
        return (CAMERA, near) if is_near else None

    def keys_in(self, band: QRectF) -> list[KeyId]:
        """The keys in a band over the lanes."""
        if not band.top() <= self.middle <= band.bottom():
            return []
        frames = self.scene.camera_frames()
        return [
            (CAMERA, number)
            for number, frame in enumerate(frames)
            if band.left() <= self.scene.axis.x(frame) <= band.right()
        ]

    def press(self, press: Press) -> Drag | None:
        key = self.key_at(press.where)
        return None if key is None else key_drags.press_key(self.scene, press, key)

    def double_click(self, press: Press) -> None:
        key = self.key_at(press.where)
        if key is not None:
            # Its numbers are the inspector's: what can be done here is to look there.
            self.scene.studio.player.seek(round(self.scene.camera_frames()[key[1]]))
            return
        if self.scene.kept is None:
            key_drags.make_camera_keys(self.scene)
            return
        frame = self.scene.snapped_frame(self.scene.axis.frame(press.where.x()), press.modifiers, is_pose=True)
        key_drags.add_camera_key_at_frame(self.scene, frame)

    def fill_menu(self, menu: QMenu, press: Press) -> None:
        key = self.key_at(press.where)
        fill_key_menu(menu, self.scene, key, lambda: self.double_click(press), self.all_keys())

    def all_keys(self) -> list[KeyId]:
        return [(CAMERA, number) for number in range(len(self.scene.camera_frames()))]

    def cursor(self, where: QPointF) -> Qt.CursorShape | None:
        return Qt.CursorShape.SizeHorCursor if self.key_at(where) is not None else None

    def tip(self, where: QPointF) -> str:
        key, kept = self.key_at(where), self.scene.kept
        return "" if key is None or kept is None else "\n".join(self._facts(kept, key[1]))

    def _facts(self, path: CameraPath, number: int) -> list[str]:
        key = path.keys[number]
        x, y, z = key.position
        yaw, pitch, roll = angles_of(key)
        facts = [
            tr("Key {0} of {1} at {2:.2f} s, then {3}").format(number + 1, len(path.keys), key.time_s, tr(key.easing)),
            tr("x {0:.2f}  y {1:.2f}  z {2:.2f}").format(x, y, z),
        ]
        if key.look_at is not None:
            return [*facts, tr("faces a point")]
        return [*facts, tr("yaw {0:.1f}°  pitch {1:.1f}°  roll {2:.1f}°").format(yaw, pitch, roll)]

    # ------------------------------------------------------------------ keyboard

    def stops(self) -> list[tuple[float, KeyId | None]]:
        return [(frame, (CAMERA, number)) for number, frame in enumerate(self.scene.camera_frames())]

    def described(self) -> str:
        count = len(self.scene.camera_frames())
        return tr("{0}: {1} keys").format(self.name, count)
