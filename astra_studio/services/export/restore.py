"""Settings read back from an exported video or its JSON file, as one edit of a project."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np

from astra_studio.document import action_edits, edits, key_edits, older
from astra_studio.document.actions import actions_of
from astra_studio.document.declared import defaults_of, spec_of_parameter, specs_of
from astra_studio.document.edits import Edit
from astra_studio.document.model import ParameterKey, Project
from astra_studio.document.parameters import Keys, checked
from astra_studio.services.export.record import MARK, MAX_METADATA, METADATA_KEY, VERSION
from engine.actions.modality import ActionTrack, modality
from engine.settings import Settings, SettingValue, is_valid, usable_changes
from engine.video.decode import read_metadata

SETTINGS_SUFFIXES = frozenset({".json", ".mp4", ".mkv"})


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What an export brings back.

    Attributes:
        edit: gives the current take its seed, settings, prompt, keys and actions.
        missing: what one would need besides to make the same again, as sentences.
    """

    edit: Edit
    missing: tuple[str, ...] = ()


def read_record(path: Path) -> dict[str, Any] | None:
    """What made an exported file; None where the file says nothing of that.

    Raises ValueError for a record of a newer program, OSError.
    """
    text = _text(path)
    if text is None:
        return None
    try:
        content = json.loads(text)
    except ValueError:
        return None
    if not isinstance(content, dict) or MARK not in content:
        return None
    if content[MARK] not in range(1, VERSION + 1):
        raise ValueError(
            f"{path.name} was exported by a newer Astra Studio ({content.get('program', 'unknown')}); update it to "
            "restore these settings"
        )
    return content


def restored(path: Path, project: Project) -> Restored | None:
    """The edit that restores an exported take; None where the file is no export of ours.

    Raises ValueError for one that is damaged or newer, OSError.
    """
    record = read_record(path)
    if record is None:
        return None
    try:
        return _restored(path.name, record, project)
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise ValueError(f"{path.name} is an export of Astra Studio, but a part of it is missing: {error}") from error


def _restored(name: str, record: dict[str, Any], project: Project) -> Restored:
    chunks = record["chunks"]
    first, take = chunks[0], project.selection.take
    rows = np.array([row for chunk in chunks for row in chunk["rows"]], np.float32)
    defaults = defaults_of(project.world)
    usable = usable_changes(specs_of(project.world), _settings(record, first))
    changes = {key: value for key, value in usable.items() if value != defaults[key]}
    steps = [
        action_edits.set_actions(take, actions_of(ActionTrack(modality(record["modality"]), rows))),
        edits.reset_settings(take),
        *([edits.set_settings(take, changes)] if changes else []),
        edits.set_seed(take, int(first["seed"]), is_locked=True),
        edits.set_prompt(take, str(first["prompt"]), str(first["negative_prompt"])),
        key_edits.set_keys(take, tuple(key for key in _keys(record) if _is_usable(project, key)), "Set keys"),
    ]
    edit = Edit(
        label=f"Restore settings of {name}",
        change=lambda before: reduce(lambda value, step: step.change(value), steps, before),
    )
    return Restored(edit=edit, missing=tuple(_missing(record, project)))


def _missing(record: dict[str, Any], project: Project) -> list[str]:
    chunks = record["chunks"]
    first, found = chunks[0], []
    info = project.world.info
    if info is not None and first["world"] != info.fingerprint:
        found.append("It was made by another world")
    if project.start is None or project.start.artifact != record["start"]["artifact"]:
        found.append(f"Its start was {record['start']['name'] or 'another picture'}")
    specs = specs_of(project.world)
    unusable = sorted(set(_settings(record, first)) - set(usable_changes(specs, _settings(record, first))))
    if unusable:
        found.append(f"The world has no setting {', '.join(unusable)}, or not with that value")
    keyed = {key.parameter for key in _keys(record)}
    others = [chunk["index"] + 1 for chunk in chunks if _recipe(chunk, keyed) != _recipe(first, keyed)]
    if others:
        found.append(f"Chunks with other settings or seeds: {', '.join(map(str, others))}")
    return found


def _settings(record: dict[str, Any], chunk: dict[str, Any]) -> dict[str, SettingValue]:
    """What a chunk was made with, as this version calls it."""
    found: dict[str, SettingValue] = dict(Settings(chunk["settings"]))
    return older.raised(found) if record[MARK] < VERSION else found


def _keys(record: dict[str, Any]) -> Keys:
    entries = [[key["parameter"], key["tick"], key["value"], key["easing"]] for key in record.get("keys", [])]
    entries = older.raised_keys(entries) if record[MARK] < VERSION else entries
    return checked(
        ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing)
        for parameter, tick, value, easing in entries
    )


def _is_usable(project: Project, key: ParameterKey) -> bool:
    spec = spec_of_parameter(project.world, key.parameter)
    return spec is not None and is_valid(spec, key.value)


def _recipe(chunk: dict[str, Any], keyed: Collection[str]) -> dict[str, Any]:
    """What decided a chunk besides its actions and the keys."""
    values = {name: chunk[name] for name in ("seed", "prompt", "negative_prompt", "world")} | chunk["settings"]
    return {name: value for name, value in values.items() if name not in keyed}


def _text(path: Path) -> str | None:
    if path.suffix.lower() == ".json":
        if path.stat().st_size > 4 * MAX_METADATA:  # indented, it takes more room than inside a video
            return None
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            return None
    metadata = read_metadata(path) or {}
    return {key.lower(): value for key, value in metadata.items()}.get(METADATA_KEY)
