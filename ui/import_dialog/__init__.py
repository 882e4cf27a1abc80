"""Camera files of other programs: the dialog that makes one the actions of a take."""

from ui.import_dialog.dialog import ImportDialog

__all__ = ["ImportDialog"]
