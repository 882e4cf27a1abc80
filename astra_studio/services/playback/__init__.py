"""The playhead, and the frames it shows."""
