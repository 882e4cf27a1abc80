"""Finished chunks of an unfinished render, so that a killed one resumes where it stopped.

They lie in a folder of their own, one file a chunk, each of which appears whole, until the video is whole.
"""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.actions.modality import ActionTrack
from engine.messages import Frames, Latents, StoredArrays
from engine.whole_files import PartFile

_REQUEST = "request.json"
_ARRAYS = "array-"


@dataclass(frozen=True, kw_only=True, eq=False)
class KeptChunk:
    """A finished chunk: its latents (C, T, h, w), shown frames (N, H, W, 3), what the world wants back, and what the
    report says of it."""

    latents: Latents
    frames: Frames
    told: dict[str, Any]
    arrays: StoredArrays = field(default_factory=dict)


class KeptChunks:
    """The chunks in one folder that belong to one request."""

    def __init__(self, folder: Path, key: str) -> None:
        """`key` is the hash of the request: what was kept of another one is thrown away."""
        self._folder, self._key = folder, key

    def load(self, tracks: list[ActionTrack]) -> list[KeptChunk]:
        """Those from the first one on that are there and whole; `tracks` are the actions of all chunks."""
        try:
            asked = json.loads((self._folder / _REQUEST).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            asked = None
        if not isinstance(asked, dict) or asked.get("key") != self._key:
            self.clear()
            return []
        found: list[KeptChunk] = []
        for track in tracks:
            chunk = self._read(len(found))
            if chunk is None or chunk.latents.shape[1] != len(track):
                break
            found.append(chunk)
        return found

    def add(self, index: int, chunk: KeptChunk) -> None:
        """Keep a chunk. Raises OSError."""
        if not (self._folder / _REQUEST).is_file():
            self._folder.mkdir(parents=True, exist_ok=True)
            self._write(self._folder / _REQUEST, json.dumps({"key": self._key}).encode())
        buffer = io.BytesIO()
        told = np.frombuffer(json.dumps(chunk.told).encode(), np.uint8)
        arrays: dict[str, Any] = {f"{_ARRAYS}{name}": array for name, array in chunk.arrays.items()}
        np.savez(buffer, latents=chunk.latents, frames=chunk.frames, told=told, **arrays)
        self._write(self._place(index), buffer.getvalue())

    def clear(self) -> None:
        """Forget all of them. Files that cannot be removed stay, and are not taken for another request's."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _read(self, index: int) -> KeptChunk | None:
        """A chunk, or None where it is not there or damaged: it is made again then."""
        try:
            with np.load(io.BytesIO(self._place(index).read_bytes()), allow_pickle=False) as held:
                told = json.loads(held["told"].tobytes())
                arrays = {name.removeprefix(_ARRAYS): held[name] for name in held if name.startswith(_ARRAYS)}
                return KeptChunk(latents=held["latents"], frames=held["frames"], told=told, arrays=arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None

    def _place(self, index: int) -> Path:
        return self._folder / f"chunk-{index:05d}.npz"

    @staticmethod
    def _write(path: Path, content: bytes) -> None:
        part = PartFile(path)
        with part.guarded():
            part.path.write_bytes(content)
        part.commit()
