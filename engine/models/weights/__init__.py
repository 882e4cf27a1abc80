"""Weights: reading checkpoint files safely, explicit name maps between layouts, and the way back."""
