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
        _write(part, state, config)
        if (folder / NAME).exists():
            (folder / NAME).replace(folder / PREVIOUS)


def write_checkpoint(file: Path, state: dict[str, Any], config: str) -> None:
    """Write a state to a file of any name, whole or not at all."""
    with whole_path(file) as part:
        _write(part, state, config)


def _write(path: Path, state: dict[str, Any], config: str) -> None:
    with path.open("wb") as file:  # torch cannot open every path that Python can
        torch.save(state | {"config": config}, file)


def shrunk(state: dict[str, Any]) -> dict[str, Any]:
    """A trainer's state at half the size: weights in float16, what optimisers hold in bfloat16.

    Training goes on from it as well as from the whole one, but not with the same losses to the last digit. What
    optimisers hold may be too small for float16. Small tensors stay as they are.
    """
    return {
        name: _cast(value, torch.bfloat16 if name == "optimisers" else torch.float16) for name, value in state.items()
    }


def _cast(value: Any, dtype: torch.dtype) -> Any:
    if isinstance(value, torch.Tensor):
        return value.to(dtype) if value.dtype == torch.float32 and value.ndim > 1 else value
    if isinstance(value, dict):
        return {name: _cast(part, dtype) for name, part in value.items()}
    if isinstance(value, list):
        return [_cast(part, dtype) for part in value]
    return value


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
