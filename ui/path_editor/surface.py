"""Protocol of the view that drags and handles work in, so that they need not know the view itself."""

from __future__ import annotations

from typing import Protocol

from ui.path_editor.editing import PathEditing
from ui.path_editor.flying import Flying
from ui.path_editor.projection import Projection
from ui.path_editor.scene import PathScene
from ui.theme.theme import Theme


class DragSurface(Protocol):
    """One view of the path."""

    editing: PathEditing
    flying: Flying
    theme: Theme
    scene: PathScene
    projection: Projection

    def current_projection(self) -> Projection:
        """What is painted with: `projection`, or the camera that is looked through."""
        ...

    def set_projection(self, projection: Projection) -> None:
        """Look from elsewhere."""
        ...

    def repaint_soon(self) -> None:
        """Paint the view at the next occasion."""
        ...

    def tr(self, text: str) -> str:
        """The text in the user's language."""
        ...
