"""What a user can do: one table, from which menus, keys, the palette and the docs come."""

from ui.commands.commands import Commands
from ui.commands.table import COMMANDS, MENUS, Command

__all__ = ["COMMANDS", "MENUS", "Command", "Commands"]
