"""`world.json`: the description of a world in its folder, beside its weights."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from engine.actions.encoding import ROW_ENCODINGS, RowEncoding
from engine.clock import ASTRA_CLOCK, Clock
from engine.settings import Settings, changed_settings
from engine.worlds.astra_settings import ASTRA_SETTINGS, AstraSettings

FILE_NAME = "world.json"
_UNDECIDING = ("trained_speed", "trained_turn", "detail")
Check = tuple[Callable[[Any], bool], str]
"""Whether a value can be an entry, and what one is."""


@dataclass(frozen=True, kw_only=True)
class WorldConfig:
    """Facts that weights do not carry. The defaults are the released model's (reference section 1)."""

    name: str = "Astra"
    width: int = 832
    height: int = 480
    fps: int = ASTRA_CLOCK.fps
    latents_per_chunk: int = ASTRA_CLOCK.latents_per_chunk
    trained_speed: float = ASTRA_CLOCK.trained_speed
    """Scene units per latent."""
    trained_turn: float = ASTRA_CLOCK.trained_turn
    """Radians per latent."""
    num_heads: int | None = None
    """Of the transformer, where its width does not tell."""
    rounds_actions: bool = True
    """Whether action rows are rounded to bfloat16, as the released training saw them (K8)."""
    row_encoding: RowEncoding = "rows"
    """How action rows become what the network reads; see `engine.actions.encoding`."""
    licence: str = ""
    detail: str = "off"
    """Whether frames are shown with detail of the start picture where nobody chooses: auto, on or off."""
    defaults: AstraSettings = field(default_factory=AstraSettings)

    def deciding(self) -> dict[str, Any]:
        """What of it decides what comes out, for the fingerprint: neither how fast the user is told to go nor how it
        is shown."""
        return {name: value for name, value in asdict(self).items() if name not in _UNDECIDING}

    def clock(self, frames_per_latent: int) -> Clock:
        """The world's clock; how many frames a latent stands for is its video autoencoder's to say."""
        return Clock(
            fps=self.fps,
            frames_per_latent=frames_per_latent,
            latents_per_chunk=self.latents_per_chunk,
            max_latents_per_chunk=max(self.latents_per_chunk, ASTRA_CLOCK.max_latents_per_chunk),
            trained_speed=self.trained_speed,
            trained_turn=self.trained_turn,
        )


def load_world_config(folder: Path, fallback_name: str) -> WorldConfig:
    """The config in a folder; defaults where there is no file. Raises ValueError for a file that says something
    else."""
    path = folder / FILE_NAME
    if not path.exists():
        return WorldConfig(name=fallback_name)
    values = read_world_json(path, _CHECKS)
    values.pop("kind", None)  # what opens the folder, and not what comes out: `engine.worlds.registry` has read it
    try:
        defaults = AstraSettings.of(changed_settings(ASTRA_SETTINGS, Settings(), values.pop("defaults", {})))
    except ValueError as error:
        raise ValueError(f"defaults in {path}: {error}") from error
    return WorldConfig(defaults=defaults, **values)


def read_world_json(path: Path, checks: Mapping[str, Check]) -> dict[str, Any]:
    """The entries of a world.json. Raises ValueError for a file that is no JSON object, for an entry that is not among
    the checks, and for one that fails its check."""
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError, RecursionError) as error:
        raise ValueError(f"{path} is not readable as JSON: {error}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path} should hold one JSON object, it holds a {type(values).__name__}")
    unknown = sorted(set(values) - set(checks))
    if unknown:
        raise ValueError(f"{path} has unknown entries {', '.join(unknown)}; known are {', '.join(sorted(checks))}")
    for key, value in values.items():
        is_right, expected = checks[key]
        if not is_right(value):
            raise ValueError(f"{key} in {path} must be {expected}, got {value!r}")
    return values


def _is_count(value: Any) -> bool:
    return type(value) is int and value > 0


_COUNT: Check = (_is_count, "a positive whole number")
_SPEED = (lambda value: type(value) in (int, float) and 0 < value < float("inf"), "a number above 0")
_TEXT: Check = (lambda value: isinstance(value, str), "a text")
COMMON_CHECKS: dict[str, Check] = {
    "name": _TEXT,
    "kind": _TEXT,
    "width": _COUNT,
    "height": _COUNT,
    "latents_per_chunk": _COUNT,
    "licence": _TEXT,
    "defaults": (lambda value: isinstance(value, dict), "an object of sampling settings"),
}
"""What world.json may say of a world of any kind."""
_CHECKS: dict[str, Check] = {
    **COMMON_CHECKS,
    "detail": (lambda value: value in ("auto", "on", "off"), "auto, on or off"),
    "fps": _COUNT,
    "trained_speed": _SPEED,
    "trained_turn": _SPEED,
    "num_heads": (lambda value: value is None or _is_count(value), "a positive whole number or null"),
    "row_encoding": (lambda value: value in ROW_ENCODINGS, f"one of {', '.join(ROW_ENCODINGS)}"),
    "rounds_actions": (lambda value: isinstance(value, bool), "true or false"),
}
