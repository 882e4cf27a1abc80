"""The window: PySide6 widgets that show state and call actions."""
