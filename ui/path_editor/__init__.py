"""Camera paths drawn and shaped: the pane beside the viewer."""

from ui.path_editor.commands import attach_path_commands
from ui.path_editor.editing import PathEditing
from ui.path_editor.pane import PathPane

__all__ = ["PathEditing", "PathPane", "attach_path_commands"]
