"""Contents of the project: start picture, scenes, moves, takes, jobs."""

from ui.project_panel.pane import ProjectPane

__all__ = ["ProjectPane"]
