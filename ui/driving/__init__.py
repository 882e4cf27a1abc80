"""Live driving in the window: the loop's timer and input, the HUD over the picture, the ribbon of chunks."""

from ui.driving.controller import DriveController
from ui.driving.pane import DrivePane

__all__ = ["DriveController", "DrivePane"]
