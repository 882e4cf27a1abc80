"""Reads back what an exported video or its JSON file says of how it was made, as edits of a project."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.error import FFmpegError

from astra_studio.document import action_edits, edits, key_edits
from astra_studio.document.actions import actions_of
from astra_studio.document.edits import Edit
from astra_studio.document.model import ParameterKey, Project
from astra_studio.document.parameters import checked
from astra_studio.services.export import MARK, METADATA_KEY
from engine.actions.modality import ActionTrack, modality
from engine.messages import SamplingSettings

SETTINGS_SUFFIXES = frozenset({".json", ".mp4", ".mkv"})
_MAX_BYTES = 50_000_000


def read_description(path: Path) -> dict[str, Any] | None:
    """What made an exported file; None where the file says nothing of that. Raises OSError."""
    text = _text(path)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.get(MARK) == 1 else None


def restored_edits(path: Path, project: Project) -> list[Edit] | None:
    """Edits that give the current take the seed, settings, prompt, keys and actions of an exported one.

    None where the file is no export of ours. Raises ValueError for one that is damaged, OSError.
    """
    content = read_description(path)
    if content is None:
        return None
    try:
        first = content["chunks"][0]
        rows = np.array([row for chunk in content["chunks"] for row in chunk["rows"]], np.float32)
        actions = actions_of(ActionTrack(modality(content["modality"]), rows))
        settings = SamplingSettings(**first["settings"])
        defaults = project.world.info.defaults if project.world.info else SamplingSettings()
        changes = {name: value for name, value in first["settings"].items() if value != getattr(defaults, name)}
        keys = checked(ParameterKey(**key) for key in content.get("keys", []))
        take = project.selection.take
        found = [
            action_edits.set_actions(take, actions),
            edits.reset_settings(take),
            edits.set_seed(take, int(first["seed"]), is_locked=True),
            edits.set_prompt(take, str(first["prompt"]), str(first["negative_prompt"])),
            key_edits.set_keys(take, keys, "Set keys"),
        ]
        if changes:
            assert settings is not None
            found.insert(2, edits.set_settings(take, changes))
    except (KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path.name} is an export of Astra Studio, but a part of it is missing: {error}") from error
    return found


def _text(path: Path) -> str | None:
    if path.suffix.lower() == ".json":
        if path.stat().st_size > _MAX_BYTES:
            return None
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None
    try:
        with av.open(str(path)) as container:
            metadata = {key.lower(): value for key, value in container.metadata.items()}
            return metadata.get(METADATA_KEY)
    except FFmpegError:
        return None
