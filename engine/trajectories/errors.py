"""Owns TrajectoryError, what is wrong with a trajectory that somebody brought."""

from __future__ import annotations


class TrajectoryError(ValueError):
    """A trajectory that cannot be read; names the place in the file and the remedy."""
