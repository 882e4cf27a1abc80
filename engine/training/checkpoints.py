"""Checkpoint files of a run: written whole, the one before kept, read without running code."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from engine.whole_files import whole_path

NAME, PREVIOUS = "checkpoint.pt", "checkpoint-previous.pt"


class CheckpointError(ValueError):
    """A checkpoint that cannot be gone on from."""


def save_checkpoint(folder: Path, state: dict[str, Any], config: str) -> None:
    """Write a state; the last checkpoint becomes the previous one. A kill at any moment leaves at least one whole."""
    with whole_path(folder / NAME) as part:
        with part.open("wb") as file:  # torch cannot open every path that Python can
            torch.save(state | {"config": config}, file)
        if (folder / NAME).exists():
            (folder / NAME).replace(folder / PREVIOUS)


def load_checkpoint(folder: Path, config: str) -> dict[str, Any] | None:
    """The newest whole checkpoint in a folder, None where there is none. Raises CheckpointError if it is of another
    config."""
    reasons = []
    for name in (NAME, PREVIOUS):
        path = folder / name
        if not path.exists():
            continue
        try:
            state: dict[str, Any] = torch.load(path, weights_only=True, map_location="cpu")
        except (RuntimeError, EOFError, ValueError, OSError, pickle.UnpicklingError) as error:
            reasons.append(f"{path} is damaged ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
            continue
        if state.get("config") != config:
            raise CheckpointError(
                f"{path} belongs to a run with another config; go on with that config, or give another output folder"
            )
        return state
    if reasons:
        raise CheckpointError("; ".join(reasons) + ". Start anew in another folder")
    return None
