"""Output of pretokenization: shards, and the index that lists what they contain.

The index names a shard before the shard is there. One that is named and missing is made again, so a run that was
stopped at any point goes on without a clip twice. Shape letters: N clips, T latents, L text rows, D text width.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.actions.modality import CAMERA, Modality, Rows
from engine.training.datasets.errors import OutputMismatch
from engine.training.shards import Shard, write_shard
from engine.whole_files import write_whole

FILE_NAME, FORMAT = "pretokenize.json", "astra-pretokenize-1"


@dataclass(frozen=True, kw_only=True, eq=False)
class Piece:
    """One clip of a shard."""

    entry: str
    """Name of the data set's own clip that it was cut from."""
    number: int
    """Of that clip's pieces, from 0."""
    modality: Modality
    latents: Tensor
    """(T, C, h, w) float16, as the stills."""
    stills: Tensor | None
    rows: Rows
    text: Tensor | None
    """(L, D) float16."""


@dataclass(kw_only=True)
class Summary:
    """What a run has done."""

    layout: str
    num_clips: int = 0
    """Written now."""
    num_present: int = 0
    """That lay there from an earlier run."""
    seconds: float = 0.0
    """Of video in the clips written now, at the rate they are shown at."""
    num_bytes: int = 0
    """Of the shards written now."""
    num_shards: int = 0
    skipped: dict[str, str] = field(default_factory=dict)
    """Why clips of the data set, or what follows the damage in them, were left out, by name."""
    num_camera: int = 0
    num_forward: int = 0
    """Camera clips written now, and those of them that move forward on the whole: nearly all of them where people walk,
    fly or drive. Few tell of poses that are read the wrong way round."""


class Index:
    """Which clips lie in which shard of a folder, and what they were made for."""

    def __init__(self, folder: Path, terms: Mapping[str, Any]) -> None:
        """Open the folder's index, or begin one. Raises OutputMismatch for a folder that holds something else."""
        self.folder = folder
        self._path = folder / FILE_NAME
        self._terms = dict(terms)
        self._shards: list[dict[str, Any]] = []
        self._pieces: dict[str, set[int]] = defaultdict(set)
        self._expected: dict[str, int] = {}
        folder.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            self._take_over(_read(self._path))
        elif any(folder.glob("*.safetensors")):
            raise OutputMismatch(
                f"{folder} holds shards without a {FILE_NAME}; give a folder that is empty or not there"
            )

    def _take_over(self, content: dict[str, Any]) -> None:
        there = content["terms"]
        differing = [name for name in self._terms if self._terms[name] != there.get(name)]
        if differing:
            changes = ", ".join(f"{name} {there.get(name)} (now {self._terms[name]})" for name in differing)
            raise OutputMismatch(f"{self.folder} holds shards made for another request: {changes}. Give another folder")
        self._expected = dict(content["expected"])
        for shard in content["shards"]:
            if (self.folder / shard["file"]).exists():
                self._note(shard)

    def _note(self, shard: dict[str, Any]) -> None:
        self._shards.append(shard)
        for entry, number in shard["clips"]:
            self._pieces[entry].add(number)

    def present(self, entry: str) -> frozenset[int]:
        """Numbers of the pieces of a clip that lie in shards."""
        return frozenset(self._pieces.get(entry, ()))

    def is_complete(self, entry: str) -> bool:
        """Whether all pieces of a clip lie in shards."""
        return entry in self._expected and len(self.present(entry)) == self._expected[entry]

    def expect(self, entry: str, num_pieces: int) -> None:
        """Note how many pieces a clip has."""
        self._expected[entry] = num_pieces

    def add(self, pieces: list[Piece]) -> Path:
        """Note a new shard of these pieces; returns where it is to be written."""
        number = len(self._shards)
        while (path := self.folder / f"{self._terms['layout']}-{number:05d}.safetensors").exists():
            number += 1
        self._note({"file": path.name, "clips": [[piece.entry, piece.number] for piece in pieces]})
        self.save({})
        return path

    def save(self, skipped: Mapping[str, str]) -> None:
        """Write the index; it appears whole or not at all."""
        content = {
            "format": FORMAT,
            "terms": self._terms,
            "expected": self._expected,
            "shards": self._shards,
            "skipped": dict(skipped),
        }
        write_whole(self._path, json.dumps(content, indent=1))


class ShardWriter:
    """Gathers pieces that fit one shard, and writes them when they are enough."""

    def __init__(
        self, index: Index, clips_per_shard: int, words: str, summary: Summary, say: Callable[[str], None]
    ) -> None:
        """`words` becomes the source of every shard."""
        self._index, self._clips_per_shard, self._words = index, clips_per_shard, words
        self._summary, self._say = summary, say
        self._waiting: dict[tuple[Any, ...], list[Piece]] = defaultdict(list)

    def add(self, piece: Piece) -> None:
        """Take a piece. Raises OSError where a shard that is full cannot be written."""
        width = None if piece.text is None else piece.text.shape[1]
        key = (piece.modality.name, tuple(piece.latents.shape), piece.stills is None, width)
        self._waiting[key].append(piece)
        if len(self._waiting[key]) >= self._clips_per_shard:
            self._write(self._waiting.pop(key))

    def flush(self) -> None:
        """Write what is waiting."""
        for key in list(self._waiting):
            self._write(self._waiting.pop(key))

    def _write(self, pieces: list[Piece]) -> None:
        path = self._index.add(pieces)
        write_shard(path, _shard(pieces, self._words))
        size = path.stat().st_size
        self._summary.num_shards += 1
        self._summary.num_bytes += size
        what = f"{pieces[0].modality.name} clips of {len(pieces[0].latents)} latents"
        self._say(f"{path.name}: {len(pieces)} {what}, {size / 1e6:.1f} MB")


def count(summary: Summary, piece: Piece, seconds: float) -> None:
    """Add a piece of so many seconds to a summary."""
    summary.num_clips += 1
    summary.seconds += seconds
    if piece.modality is CAMERA:
        summary.num_camera += 1
        summary.num_forward += bool(piece.rows[:, CAMERA.columns.index("tz")].sum() < 0)


def _shard(pieces: list[Piece], words: str) -> Shard:
    stills = [piece.stills for piece in pieces if piece.stills is not None]
    text, lengths = _stacked_text([piece.text for piece in pieces if piece.text is not None])
    return Shard(
        modality=pieces[0].modality,
        latents=torch.stack([piece.latents for piece in pieces]),
        rows=torch.from_numpy(np.stack([piece.rows for piece in pieces])),
        stills=torch.stack(stills) if stills else None,
        text=text,
        text_length=lengths,
        source=words,
    )


def _stacked_text(texts: list[Tensor]) -> tuple[Tensor | None, Tensor | None]:
    """Text rows (N, L, D) of the longest text's length, zeros after each, and the lengths (N,)."""
    if not texts:
        return None, None
    stacked = torch.zeros(len(texts), max(map(len, texts)), texts[0].shape[1], dtype=torch.float16)
    for number, text in enumerate(texts):
        stacked[number, : len(text)] = text
    return stacked, torch.tensor([len(text) for text in texts])


def _read(path: Path) -> dict[str, Any]:
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        is_ours = content["format"] == FORMAT and {"terms", "expected", "shards"} <= content.keys()
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise OutputMismatch(f"{path} is not readable: {error!r}. Remove it and the shards beside it") from error
    if not is_ours:
        raise OutputMismatch(f"{path} is no index of this program's; give another folder")
    found: dict[str, Any] = content
    return found
