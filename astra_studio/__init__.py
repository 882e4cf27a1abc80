"""Astra Studio: the application around the engine."""

__version__ = "0.1.0"
