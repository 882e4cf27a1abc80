"""Run of every comparison that a folder of golden files allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.parity.checks import Check, GoldenFile, GoldenFileError, read_golden_file
from engine.parity.codecs import check_text, check_vae
from engine.parity.network import check_dit, check_rollout
from engine.parity.tables import check_cameras, check_packing, check_scheduler

FAMILIES: dict[str, Callable[[GoldenFile], Iterator[Check]]] = {
    "cameras": check_cameras,
    "dit": check_dit,
    "packing": check_packing,
    "rollout": check_rollout,
    "scheduler": check_scheduler,
    "text": check_text,
    "vae": check_vae,
}
"""By the first part of a golden file's name: `dit_a.json` is of the family `dit`."""


def run_parity(folder: Path) -> Iterator[Check]:
    """Compare with every golden file in a folder, in order. Raises GoldenFileError if there is none, or one is
    broken."""
    if not folder.is_dir():
        raise GoldenFileError(f"there is no folder {folder} with golden files")
    files = [path for path in sorted(folder.glob("*.json")) if path.stem.split("_")[0] in FAMILIES]
    if not files:
        raise GoldenFileError(
            f"{folder} holds no golden files: expected names such as dit_a.json ({', '.join(FAMILIES)})"
        )
    for path in files:
        golden = read_golden_file(path)
        try:
            yield from FAMILIES[path.stem.split("_")[0]](golden)
        except KeyError as error:
            raise GoldenFileError(f"{path.name} lacks {error}, which files of its kind have") from error


def summary(checks: list[Check]) -> str:
    """The last line of a report: how many passed, and the difference closest to its limit, or farthest past it."""
    passed = sum(check.passed for check in checks)
    worst = max(checks, key=_closeness)
    return (
        f"parity: {passed} of {len(checks)} cases within limits, worst {worst.difference:.2e} "
        f"({worst.case}, {worst.what}, limit {worst.limit:.0e})"
    )


def _closeness(check: Check) -> float:
    if math.isnan(check.difference):
        return math.inf
    if check.limit == 0:
        return 0.0 if check.difference == 0 else math.inf
    return check.difference / check.limit
