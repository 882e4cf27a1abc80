"""Errors of loading a data set. Each message says what was expected, what came and what to do."""

from __future__ import annotations


class DataSetError(ValueError):
    """A data set, or a part of one, that cannot be used."""


class LayoutError(DataSetError):
    """A folder that is in none of the layouts we read, or not in the one that was asked for."""


class ClipError(DataSetError):
    """One clip that cannot be used; the clips beside it may well be."""


class OutputMismatch(DataSetError):
    """A folder for shards that holds something else than the shards of this very request."""
