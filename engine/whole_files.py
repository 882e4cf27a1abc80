"""Files that appear under their name whole or not at all; every writer of the program uses it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PART_END = re.compile(r"[0-9a-f]{12}\.part$")


class PartFile:
    """A hidden file beside `target` that takes its name on `commit`, or goes on `discard`."""

    def __init__(self, target: Path) -> None:
        """Create it. Raises OSError with the system's errno where `target` cannot be."""
        self.target = target.absolute()
        self.path = self.target.with_name(f"{_part_stem(self.target)}{secrets.token_hex(6)}.part")
        if self.target.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(self.target))
        with self.guarded():
            self.path.open("xb").close()

    def commit(self) -> None:
        """Put it under the target's name, in place of any older file. Raises OSError and discards if that fails."""
        with self.guarded():
            self.path.replace(self.target)

    def discard(self) -> None:
        """Remove it. Does nothing where it cannot be there, such as below a file."""
        with suppress(FileNotFoundError, NotADirectoryError):
            self.path.unlink()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """`reporting`, and discard on any error."""
        try:
            with self.reporting():
                yield
        except BaseException:
            self.discard()
            raise

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Turn errors of the system and of FFmpeg into an OSError that names the target and keeps the errno."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.target)) from error
        except Exception as error:
            code = getattr(error, "errno", None)
            if not isinstance(code, int):
                raise
            # FFmpeg's errors are no OSErrors, and it numbers its own failures outside the system's range.
            known = code if code in errno.errorcode else errno.EIO
            raise OSError(known, getattr(error, "strerror", str(error)), str(self.target)) from error


def write_whole(path: Path, content: bytes | str) -> None:
    """Write a file; text as UTF-8. Raises OSError, which names `path`."""
    with whole_path(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)


@contextmanager
def whole_path(target: Path) -> Iterator[Path]:
    """A path to write to, for libraries that take one: its file becomes `target` when the block ends without an error.

    Raises OSError, which names `target`.
    """
    part = PartFile(target)
    with part.guarded():
        yield part.path
    part.commit()


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of `target` when the block ends without an error.

    A kill leaves `target` as it was, or, between two renames, its former content beside it under a hidden name.
    """
    part, former = (target.with_name(f"{_part_stem(target)}{secrets.token_hex(6)}.part") for _ in range(2))
    part.mkdir(parents=True)
    try:
        yield part
        if target.exists():
            target.replace(former)
        part.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        shutil.rmtree(former, ignore_errors=True)


def remove_leftovers(targets: Iterable[Path]) -> None:
    """Remove the hidden files of writers of `targets` that were killed: where nobody else can be writing them."""
    stems: dict[Path, set[str]] = {}
    for target in targets:
        stems.setdefault(target.absolute().parent, set()).add(_part_stem(target))
    for folder, known in stems.items():  # read once, however many targets lie in it
        with suppress(OSError):
            for path in folder.iterdir():
                end = _PART_END.search(path.name)
                if end is not None and path.name[: end.start()] in known:
                    path.unlink()


def _part_stem(target: Path) -> str:
    # Cut, so that a name of the longest allowed length still leaves room for the rest.
    return f".{target.name[:48]}."
