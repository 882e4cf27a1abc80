"""Settings of a project's world: as it declared them when it was opened, else those of worlds of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from astra_studio.document.model import PROMPT, Changes, Parameter, World
from astra_studio.paths import world_catalogue
from engine.settings import (
    Settings,
    SettingSpec,
    SettingsPreset,
    SettingValue,
    Specs,
    changed_settings,
    default_settings,
    find_spec,
    usable_changes,
)
from engine.worlds.kind import WorldKind
from engine.worlds.registry import find_kinds, resolve_world, settings_of

PROMPT_SPEC = SettingSpec(
    name=PROMPT, label="Prompt", kind="text", default="", can_have_keys=True, needs_text=True, icon="text-t"
)
"""The prompt is no setting of a world, but has keys as one."""


def declared_settings(spec: str) -> Specs:
    """Settings of worlds of the kind that `open_world` would open: that world itself may have other defaults."""
    return settings_of(_kind_of(spec))


def declared_presets(spec: str) -> tuple[SettingsPreset, ...]:
    """Presets of worlds of that kind."""
    return _kind_of(spec).presets


@lru_cache(maxsize=64)
def _kind_of(spec: str) -> WorldKind:
    """The kind of a world as far as its name and place tell; where they do not, the first of all."""
    try:
        return resolve_world(spec, world_catalogue()).kind
    except (ValueError, OSError):
        return next(iter(find_kinds().kinds.values()))


def specs_of(world: World) -> Specs:
    """Settings of a world, in the order of forms."""
    return declared_settings(world.spec) if world.info is None else world.info.settings


def presets_of(world: World) -> tuple[SettingsPreset, ...]:
    """Settings that a world recommends together."""
    return declared_presets(world.spec) if world.info is None else world.info.presets


def has_text(world: World) -> bool:
    """Whether a world is known to read a prompt."""
    return world.info is not None and world.info.has_text


def defaults_of(world: World) -> Settings:
    """What a chunk is made with where nothing is set."""
    return default_settings(specs_of(world))


def settings_with(world: World, changes: Mapping[str, Any]) -> Settings:
    """The world's defaults with changes, but for those that it does not have or cannot use."""
    specs = specs_of(world)
    return changed_settings(specs, default_settings(specs), usable_changes(specs, changes))


def merged_changes(world: World, stored: Changes, changes: Mapping[str, SettingValue]) -> Changes:
    """Stored changes with others on top, in their one order; what was stored for other worlds stays.

    Raises ValueError for a setting that the world does not have, or a value that it cannot have.
    """
    checked = changed_settings(specs_of(world), Settings(), changes)
    return tuple(sorted({**dict(stored), **checked}.items()))


def keyable_specs(world: World) -> Specs:
    """Everything that can have keys along a take, in the order of lanes: settings, then the prompt."""
    return (*(spec for spec in specs_of(world) if spec.can_have_keys), PROMPT_SPEC)


def spec_of_parameter(world: World, parameter: Parameter) -> SettingSpec | None:
    """What is known of a parameter; None for one of another world."""
    return find_spec(keyable_specs(world), parameter)


def words_of(world: World, name: str) -> str:
    """What a setting or parameter is called in a sentence, also one of another world."""
    spec = find_spec((*specs_of(world), PROMPT_SPEC), name)
    return name.replace("_", " ") if spec is None else spec.words
