"""Text form of a project and of a chunk: JSON objects, in the version that `schema` gives.

A take is written with the id of its last chunk alone: chunks know what they follow, and are written once, apart.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any, TypeVar

from astra_studio.document.actions import Actions
from astra_studio.document.checking import check
from astra_studio.document.model import (
    Authored,
    Changes,
    Chunk,
    ChunkId,
    Marker,
    NamedPath,
    ParameterKey,
    Preset,
    Project,
    Recipe,
    Request,
    Selection,
    Start,
    StartSource,
    Take,
    WorkArea,
    World,
)
from astra_studio.document.take_edits import chain_to
from engine.clock import clock_of_record
from engine.messages import WorldInfo
from engine.settings import Settings, SettingsPreset, spec_of_dict, spec_to_dict
from engine.video.pictures import Crop

Value = TypeVar("Value")

MAX_ROW_BYTES = 64_000_000
"""Of the rows of one track, unpacked: more than any edit can make. A damaged file must not fill the memory."""


def encode_project(project: Project) -> str:
    """The project as JSON."""
    content = {
        "start": None if project.start is None else asdict(project.start),
        "world": _encode_world(project.world),
        "presets": [{"name": preset.name, "changes": dict(preset.changes)} for preset in project.presets],
        "paths": [_encode_path(path) for path in project.paths],
        "takes": [_encode_take(take) for take in project.takes],
        "selection": asdict(project.selection),
        "markers": [asdict(marker) for marker in project.markers],
        "work_area": asdict(project.work_area),
    }
    return json.dumps(content, separators=(",", ":"))


def decode_project(text: str, library: Mapping[ChunkId, Chunk]) -> Project:
    """The project of a JSON text, its chunks taken from `library`. Raises ValueError for anything that is none."""
    return _decoded("project", text, lambda content: _project_of(content, library))


def encode_chunk(chunk: Chunk) -> str:
    """The chunk as JSON."""
    content = asdict(chunk)
    content["seconds"] = dict(chunk.seconds)
    content["clock"] = chunk.clock.as_changes()
    content["request"]["actions"] = _encode_actions(chunk.request.actions)
    content["request"]["settings"] = dict(chunk.request.settings)
    return json.dumps(content, separators=(",", ":"))


def decode_chunk(text: str) -> Chunk:
    """The chunk of a JSON text. Raises ValueError for anything that is none."""
    return _decoded("chunk", text, _chunk_of)


def _decoded(thing: str, text: str, read: Callable[[dict[str, Any]], Value]) -> Value:
    try:
        return read(json.loads(text))
    except (KeyError, TypeError, AttributeError, IndexError, RecursionError, zlib.error, binascii.Error) as error:
        raise ValueError(f"the {thing} is not written as expected: {type(error).__name__} {error}") from error


def _project_of(content: dict[str, Any], library: Mapping[ChunkId, Chunk]) -> Project:
    ticks = content["selection"]["ticks"]
    project = Project(
        start=None if content["start"] is None else _start_of(content["start"]),
        world=_world_of(content["world"]),
        presets=tuple(Preset(name=p["name"], changes=_changes_of(p["changes"])) for p in content["presets"]),
        paths=tuple(_path_of(path) for path in content["paths"]),
        takes=tuple(_take_of(take, library) for take in content["takes"]),
        selection=Selection(**{**content["selection"], "ticks": None if ticks is None else (ticks[0], ticks[1])}),
        markers=tuple(Marker(**marker) for marker in content["markers"]),
        work_area=WorkArea(**content["work_area"]),
    )
    check(project)
    return project


def _chunk_of(content: dict[str, Any]) -> Chunk:
    request = content["request"]
    asked = Request(
        **{
            **request,
            "start": _start_of(request["start"]),
            "actions": _actions_of(request["actions"]),
            "settings": Settings(request["settings"]),
        }
    )
    seconds, keyed = tuple(content["seconds"].items()), tuple(content.get("keyed", ()))
    clock = clock_of_record(content.get("clock", {}))
    return Chunk(**{**content, "request": asked, "seconds": seconds, "keyed": keyed, "clock": clock})


def _encode_take(take: Take) -> dict[str, Any]:
    return {
        "id": take.id,
        "name": take.name,
        "is_starred": take.is_starred,
        "parent": take.parent,
        "recipe": {**asdict(take.recipe), "changes": dict(take.recipe.changes)},
        "actions": _encode_actions(take.actions),
        "path": None if take.path is None else asdict(take.path),
        "keys": [[key.parameter, key.tick, key.value, key.easing] for key in take.keys],
        "locked": list(take.locked),
        "clock": take.clock.as_changes(),
        "tip": take.chunks[-1].id if take.chunks else None,
    }


def _take_of(content: dict[str, Any], library: Mapping[ChunkId, Chunk]) -> Take:
    recipe, path, tip = content["recipe"], content["path"], content["tip"]
    rest = {name: value for name, value in content.items() if name != "tip"}
    return Take(
        **{
            **rest,
            "recipe": Recipe(**{**recipe, "changes": _changes_of(recipe["changes"])}),
            "actions": _actions_of(content["actions"]),
            "path": None if path is None else Authored(**path),
            "keys": tuple(map(_key_of, content.get("keys", ()))),
            "locked": tuple(content.get("locked", ())),
            "clock": clock_of_record(content.get("clock", {})),
            "chunks": chain_to(tip, library),
        }
    )


def _encode_path(path: NamedPath) -> dict[str, Any]:
    return {
        "name": path.name,
        "actions": _encode_actions(path.actions),
        "path": None if path.path is None else asdict(path.path),
        "source": path.source,
        "clock": path.clock.as_changes(),
    }


def _path_of(content: dict[str, Any]) -> NamedPath:
    path = None if content["path"] is None else Authored(**content["path"])
    clock = clock_of_record(content.get("clock", {}))
    return NamedPath(**{**content, "actions": _actions_of(content["actions"]), "path": path, "clock": clock})


def _key_of(entries: list[Any]) -> ParameterKey:
    if len(entries) != 4:
        raise ValueError(f"a key of a parameter has 4 entries, got {len(entries)}")
    parameter, tick, value, easing = entries
    return ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing)


@lru_cache(maxsize=512)
def _encode_actions(actions: Actions) -> dict[str, str]:
    # Fastest level: a project is written at every edit, and held keys repeat a row many times anyway.
    packed = zlib.compress(actions.data, 1)
    return {"modality": actions.modality, "rows": base64.b64encode(packed).decode("ascii")}


def _actions_of(content: dict[str, str]) -> Actions:
    unpacking = zlib.decompressobj()
    data = unpacking.decompress(base64.b64decode(content["rows"], validate=True), MAX_ROW_BYTES)
    if not unpacking.eof:
        raise ValueError("the action rows are cut short, or longer than any track")
    return Actions(content["modality"], data)


def _start_of(content: dict[str, Any]) -> Start:
    crop = content["crop"]
    source = content.get("source")
    return Start(
        **{
            **content,
            "crop": None if crop is None else Crop(**crop),
            "source": None if source is None else _source_of(source),
        }
    )


def _source_of(content: dict[str, Any]) -> StartSource:
    return StartSource(**{**content, "times_s": tuple(content["times_s"]), "notes": tuple(content["notes"])})


def _encode_world(world: World) -> dict[str, Any]:
    if world.info is None:
        return {"spec": world.spec, "info": None}
    info = world.info
    declared = [spec_to_dict(spec) for spec in info.settings]
    presets = [{"name": preset.name, "changes": dict(preset.changes)} for preset in info.presets]
    return {"spec": world.spec, "info": {**asdict(info), "settings": declared, "presets": presets}}


def _world_of(content: dict[str, Any]) -> World:
    info = content["info"]
    if info is None:
        return World(spec=content["spec"])
    told = {
        "clock": clock_of_record(info["clock"]),
        "modalities": tuple(info["modalities"]),
        "ignores": tuple(info.get("ignores", ())),
        "settings": tuple(spec_of_dict(spec) for spec in info["settings"]),
        "presets": tuple(
            SettingsPreset(name=preset["name"], changes=tuple(preset["changes"].items())) for preset in info["presets"]
        ),
    }
    return World(spec=content["spec"], info=WorldInfo(**{**info, **told}))


def _changes_of(content: dict[str, Any]) -> Changes:
    return tuple(sorted(content.items()))
