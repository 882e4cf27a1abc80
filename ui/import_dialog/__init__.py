"""Camera files of other programs: the dialog in which one becomes what a take asks for."""

from ui.import_dialog.dialog import ImportDialog

__all__ = ["ImportDialog"]
