"""Stamp of a world by the content of its files, without loading it: finished videos of it are skipped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

_SAMPLE_BYTES = 1 << 20
"""Read at the beginning and at the end of each file: gigabytes of weights differ there, too."""


def world_stamp(spec: str, catalogue: Mapping[str, Path]) -> str:
    """A hash of the files behind a world's name or path; of the name alone where there are none. Raises OSError."""
    place = catalogue.get(spec, Path(spec))
    with suppress(RuntimeError):  # ~ of somebody who is not known here
        place = place.expanduser()
    digest = hashlib.sha256()
    if place.is_dir():
        files = sorted(path for path in place.rglob("*") if path.is_file())
        for path in files:
            digest.update(path.relative_to(place).as_posix().encode() + b"\0")
            _add(digest, path)
    elif place.is_file():
        _add(digest, place)
    else:
        digest.update(spec.encode())
    return digest.hexdigest()


def _add(digest: hashlib._Hash, path: Path) -> None:
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "little"))
    with path.open("rb") as file:
        digest.update(file.read(_SAMPLE_BYTES))
        if size > _SAMPLE_BYTES:
            file.seek(max(_SAMPLE_BYTES, size - _SAMPLE_BYTES))
            digest.update(file.read(_SAMPLE_BYTES))
