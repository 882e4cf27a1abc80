"""Owns writing a file of a trajectory so that it is there whole or not at all."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file that appears whole or not at all; text as UTF-8. Raises OSError, which names that file."""
    partial = path.with_name(f".{path.name}.part")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        partial.replace(path)
    except OSError as error:
        error.filename, error.filename2 = str(path), None
        raise
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
