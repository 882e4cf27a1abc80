"""The timeline: ruler, chunks, branches, action lanes, and the playhead over all of them."""

from ui.timeline.pane import TimelinePane

__all__ = ["TimelinePane"]
