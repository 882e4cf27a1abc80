"""What the next chunk is made with, and what the world is."""

from ui.inspector.pane import InspectorPane

__all__ = ["InspectorPane"]
