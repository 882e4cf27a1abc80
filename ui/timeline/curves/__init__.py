"""The graph editor: values of the path and of parameters over time."""

from ui.timeline.curves.graph_lane import GraphLane

__all__ = ["GraphLane"]
