"""Trajectory files of other programs: one module per format, one registry, one way to read and to write them."""
