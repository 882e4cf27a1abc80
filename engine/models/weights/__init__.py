"""Weights: safe reading of checkpoint files, and explicit name maps between layouts."""
