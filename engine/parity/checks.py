"""What a comparison is, and the reading of golden files."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor


class GoldenFileError(ValueError):
    """A golden file that cannot be read or does not hold what its list says."""


@dataclass(frozen=True)
class Check:
    """One comparison: the largest difference found, and how large it may be."""

    case: str
    what: str
    difference: float
    limit: float

    @property
    def passed(self) -> bool:
        return self.difference <= self.limit  # NaN never passes

    def line(self) -> str:
        verdict = "ok  " if self.passed else "FAIL"
        return f"{verdict} {self.case:<42} {self.what:<34} {self.difference:9.2e}  limit {self.limit:.0e}"


@dataclass(frozen=True)
class GoldenFile:
    """A json case list with its tensors."""

    name: str
    folder: Path
    content: dict[str, Any]
    tensors: dict[str, Tensor]

    def weights(self) -> Path:
        return self.folder / str(self.content["weights"])

    def of_case(self, case: str) -> dict[str, Tensor]:
        """Tensors of one case, under their short names."""
        found = {name.removeprefix(f"{case}."): t for name, t in self.tensors.items() if name.startswith(f"{case}.")}
        if not found:
            raise GoldenFileError(f"{self.name} lists the case {case} but holds no tensors of it")
        return found


def read_golden_file(path: Path) -> GoldenFile:
    """Read a json and the tensors it names. Raises GoldenFileError."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        tensors = load_file(path.parent / content["tensors"])
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise GoldenFileError(f"{path.name} and its tensors cannot be read: {error}") from error
    return GoldenFile(path.stem, path.parent, content, tensors)


def largest(pairs: Iterable[tuple[Tensor, Tensor]]) -> float:
    """Largest absolute difference over pairs of tensors; infinity where shapes differ."""
    worst = 0.0
    for ours, theirs in pairs:
        if ours.shape != theirs.shape:
            return float("inf")
        difference = (ours.to(torch.float64) - theirs.to(torch.float64)).abs()
        if not bool(difference.isfinite().all()):
            return float("nan")
        worst = max(worst, float(difference.max()) if difference.numel() else 0.0)
    return worst


def relative_rms(ours: Tensor, theirs: Tensor) -> float:
    """Root mean square of the difference over that of the expected tensor."""
    return float((ours.float() - theirs).square().mean().sqrt() / theirs.square().mean().sqrt())
