"""The inspector: settings of the next chunk, and facts of the world."""

from ui.inspector.pane import InspectorPane

__all__ = ["InspectorPane"]
