"""The look: colours, fonts, icons, the style sheet. Everything that paints asks here."""

from ui.theme.theme import Theme
from ui.theme.tokens import R2, R4, R6, R8, R10, S4, S8, S12, S16, S24

__all__ = ["R2", "R4", "R6", "R8", "R10", "S4", "S8", "S12", "S16", "S24", "Theme"]
