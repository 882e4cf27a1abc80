"""The config file of a training run: TOML, one table per part, every name checked.

```toml
output = "runs/mine"            # checkpoints, log, pictures, the finished world
shards = ["data/sekai"]         # folders of latent shards
validation = ["data/held-out"]  # optional

[start]                         # one of: world, wan, new
wan = "Wan2.1-T2V-1.3B/diffusion_pytorch_model.safetensors"

[windows]                       # see engine.training.windows.WindowConfig
[loop]                          # see engine.training.loop.LoopConfig
noise_as_mask = "released"      # a preset, or a table [loop.noise_as_mask]
```
"""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any

from engine.training.loop import LoopConfig
from engine.training.noise_as_mask import PRESETS
from engine.training.windows import WindowConfig


class ConfigError(ValueError):
    """A training config that cannot be used; names the entry and what it may be."""


@dataclass(frozen=True, kw_only=True)
class Start:
    """What the network starts from. Exactly one of `world`, `wan`, `new`."""

    world: str | None = None
    """Folder or checkpoint of an Astra to go on from."""
    wan: str | None = None
    """A bare Wan transformer, file or folder, that gets fresh adapters."""
    new: dict[str, Any] | None = None
    """Sizes of a network from nothing: arguments of AstraTransformer3DModel."""
    num_heads: int | None = None
    """Of original files whose width does not tell."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Entries of the network's config to replace when starting from Wan, such as routing."""

    def __post_init__(self) -> None:
        given = [name for name in ("world", "wan", "new") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"[start] needs exactly one of world, wan and new, got {' and '.join(given) or 'none'}")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """A training run."""

    output: str
    shards: list[str]
    start: Start
    validation: list[str] = field(default_factory=list)
    windows: WindowConfig = field(default_factory=WindowConfig)
    loop: LoopConfig = field(default_factory=LoopConfig)
    report_every: int = 20
    checkpoint_every: int = 100
    validate_every: int = 200
    """Steps between validation errors and sample strips, where there are validation shards."""
    shard_seed: int = 2
    """Seed of the order in which windows are drawn."""


def load_train_config(path: Path) -> TrainConfig:
    """Read a config. Paths in it are relative to its folder. Raises ConfigError or OSError."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path.name} is not readable as TOML: {error}") from error
    config: TrainConfig = from_table(TrainConfig, table, path.name)
    here = path.absolute().parent
    start = dataclasses.replace(
        config.start,
        world=None if config.start.world is None else str(here / config.start.world),
        wan=None if config.start.wan is None else str(here / config.start.wan),
    )
    return dataclasses.replace(
        config,
        output=str(here / config.output),
        shards=[str(here / folder) for folder in config.shards],
        validation=[str(here / folder) for folder in config.validation],
        start=start,
    )


def from_table(kind: type[Any], table: Any, place: str) -> Any:
    """An instance of a dataclass from a TOML table, names and types checked. Raises ConfigError naming the place."""
    if not isinstance(table, dict):
        raise ConfigError(f"{place} should be a table, got {table!r}")
    hints = typing.get_type_hints(kind)
    known = {f.name for f in fields(kind)}
    unknown = sorted(set(table) - known)
    if unknown:
        raise ConfigError(f"{place} has unknown entries {', '.join(unknown)}; there are {', '.join(sorted(known))}")
    required = {
        f.name for f in fields(kind) if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    missing = sorted(required - set(table))
    if missing:
        raise ConfigError(f"{place} lacks {', '.join(missing)}")
    values = {name: _value(hints[name], value, f"{place}: {name}") for name, value in table.items()}
    try:
        return kind(**values)
    except ValueError as error:
        raise ConfigError(f"{place}: {error}") from error


def _value(hint: Any, value: Any, place: str) -> Any:
    """`value` as the type `hint`, or ConfigError."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        if isinstance(value, str) and hint.__name__ == "NoiseAsMask":
            if value not in PRESETS:
                raise ConfigError(f"{place} must be a table or one of {', '.join(PRESETS)}, got {value!r}")
            return PRESETS[value]
        return from_table(hint, value, place)
    if origin is typing.Literal:
        if value not in arguments:
            raise ConfigError(f"{place} must be one of {', '.join(map(repr, arguments))}, got {value!r}")
        return value
    if origin is types.UnionType:
        return _value(next(a for a in arguments if a is not type(None)), value, place)
    if origin is list:
        if not isinstance(value, list):
            raise ConfigError(f"{place} must be a list, got {value!r}")
        return [_value(arguments[0], item, f"{place}[{i}]") for i, item in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            raise ConfigError(f"{place} must be a table, got {value!r}")
        return value if arguments[1] is Any else {k: _value(arguments[1], v, f"{place}.{k}") for k, v in value.items()}
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise ConfigError(f"{place} must be a {hint.__name__}, got {value!r}")
    return value
