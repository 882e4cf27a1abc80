"""Camera paths drawn and shaped: the pane beside the viewer."""

from ui.path_editor.editing import PathEditing
from ui.path_editor.pane import PathPane

__all__ = ["PathEditing", "PathPane"]
