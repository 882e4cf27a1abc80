"""Errors of loading weights. Each message says what was expected, what came and what to do."""

from __future__ import annotations


class WeightsError(ValueError):
    """Weights that cannot be used."""


class WeightsMissing(WeightsError):
    """A file or folder that a world needs is not there."""


class WeightsUnreadable(WeightsError):
    """A file that is not what its suffix says, is cut short, or may hold code."""


class WeightsMismatch(WeightsError):
    """Tensors whose names, shapes or values do not fit the network."""
