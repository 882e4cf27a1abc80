"""Record of how an exported file was made: every setting, seed, fingerprint and action row, as JSON.

It lies beside every export, and inside MP4 and Matroska files; `services.restore` reads it back.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from astra_studio import __version__
from astra_studio.document.model import Chunk, Take
from astra_studio.document.parameters import keys_that_made
from engine.whole_files import PartFile
from engine.worlds.detail_settings import in_words

SIDECAR_SUFFIX = ".astra.json"
METADATA_KEY = "comment"
MARK = "astra-studio-take"
"""Key by which a record is known; its value is the version of its form."""
VERSION = 2
"""In version 1 a guidance scale below 1 meant 1."""
MAX_METADATA = 4_000_000
"""Characters: a longer record, of some hours, stays out of the video and in the file beside it."""


def record_of(
    take: Take,
    parts: Sequence[tuple[int, int]],
    *,
    has_hud: bool = False,
    beside: Take | None = None,
    scale: int = 1,
) -> dict[str, Any]:
    """Everything that made these frames: `parts` are the first and past-the-last frames that were exported."""
    return {
        MARK: VERSION,
        "program": f"Astra Studio {__version__}",
        "take": take.name,
        "parts": [list(part) for part in parts],
        "fps": take.clock.fps,
        "clock": take.clock.as_record(),
        "scale": scale,
        "hud": has_hud,
        "beside": None if beside is None else {"take": beside.name, "chunks": _chunks(beside)},
        "start": asdict(take.chunks[0].request.start),
        "modality": take.chunks[0].request.actions.modality,
        "keys": [asdict(key) for key in keys_that_made(take)],
        "chunks": _chunks(take),
    }


def record_of_chunk(chunk: Chunk) -> dict[str, Any]:
    """Everything that made one chunk, given the one before it."""
    asked = chunk.request
    return {
        "index": asked.index,
        "id": chunk.id,
        "world": asked.world,
        "seed": asked.seed,
        "prompt": asked.prompt,
        "negative_prompt": asked.negative_prompt,
        "settings": dict(asked.settings),
        "num_frames": chunk.num_frames,
        "detail": None if chunk.soft_frames is None else in_words(asked.settings),
        "latents_sha256": chunk.latents_sha256,
        "rows": [[float(f"{value:.9g}") for value in row] for row in asked.actions.rows.tolist()],
    }


def as_metadata(record: dict[str, Any]) -> dict[str, str]:
    """The record for the inside of a video file."""
    text = json.dumps(record, separators=(",", ":"))
    return {METADATA_KEY: text} if len(text) <= MAX_METADATA else {}


def sidecar_of(out: Path) -> Path:
    """Where the record of an export lies."""
    return out.with_name(out.name + SIDECAR_SUFFIX)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """A JSON file that appears whole. Raises OSError."""
    part = PartFile(path)
    with part.guarded():
        part.path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    part.commit()


def _chunks(take: Take) -> list[dict[str, Any]]:
    return [record_of_chunk(chunk) for chunk in take.chunks]
