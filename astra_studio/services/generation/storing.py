"""Finished chunks on their way to the project file, in order: one is being written, the others wait in memory."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from astra_studio.document.writer import ArtifactWriter, Finished, Stored


class Storing:
    """The way into one project file. May be used from any thread; its callbacks are called on the writer's.

    A chunk that cannot be written stays, and those behind it, which may follow from it, wait until `retry`.
    """

    def __init__(
        self, path: Path, on_stored: Callable[[Stored], None], on_failed: Callable[[Finished, Exception], None]
    ) -> None:
        self._path, self._on_stored, self._on_failed = path, on_stored, on_failed
        self._changed = threading.Condition()
        self._waiting: deque[Finished] = deque()
        self._is_writing = self._has_failed = self._is_closed = False
        self._writer = self.new_writer()

    def new_writer(self) -> ArtifactWriter:
        """A writer whose results come here."""
        return ArtifactWriter(self._path, on_stored=self._stored, on_failed=self._failed)

    @property
    def has_failed(self) -> bool:
        """Whether the first chunk could not be written."""
        with self._changed:
            return self._has_failed

    def add(self, finished: Finished) -> bool:
        """Take a chunk; False where this is closed."""
        with self._changed:
            if self._is_closed:
                return False
            self._waiting.append(finished)
            self._write_next()
            return True

    def retry(self) -> None:
        """Write what could not be written again, and then what waits behind it."""
        with self._changed:
            self._has_failed = False
            self._write_next()

    def take_back(self) -> tuple[Finished, ...]:
        """Give up the chunks that are in memory alone because one of them could not be written."""
        with self._changed:
            if not self._has_failed:
                return ()
            taken = tuple(self._waiting)
            self._waiting.clear()
            self._has_failed = False
            return taken

    def close(self) -> None:
        """Write what waits, as far as that can be, and let the file go."""
        with self._changed:
            self._is_closed = True
            self._changed.wait_for(lambda: not self._is_writing)
        self._writer.close()

    def _write_next(self) -> None:
        if self._waiting and not self._is_writing and not self._has_failed:
            self._is_writing = True
            self._writer.submit(self._waiting[0])

    def _stored(self, stored: Stored) -> None:
        with self._changed:
            self._waiting.popleft()
            self._is_writing = False
            self._write_next()
            self._changed.notify_all()
        self._on_stored(stored)

    def _failed(self, finished: Finished, error: Exception) -> None:
        with self._changed:
            self._is_writing, self._has_failed = False, True
            self._changed.notify_all()
        self._on_failed(finished, error)
