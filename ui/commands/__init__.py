"""Commands of the user: one table, from which menus, shortcuts, the palette and the docs come."""

from ui.commands.commands import Commands
from ui.commands.table import COMMANDS, MENUS, Command

__all__ = ["COMMANDS", "MENUS", "Command", "Commands"]
