"""The timeline: ruler, chunks, branches, what is asked for, the playhead over all of it."""

from ui.timeline.pane import TimelinePane

__all__ = ["TimelinePane"]
