"""Options of the command line for the settings of worlds: one for each that any kind of world declares, and `--set`."""

from __future__ import annotations

import argparse

from astra_studio.document.declared import declared_settings
from engine.settings import SettingSpec, SettingValue, find_spec
from engine.worlds.registry import every_setting

_METAVARS = {"number": "X", "integer": "N", "switch": "on|off", "text": "TEXT"}


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add them to a command that has `--world`; `given_settings` reads them."""
    group = parser.add_argument_group("settings of the world", "Where one is not given, the world's own counts.")
    for spec in every_setting():
        group.add_argument(
            *[f"--{name.replace('_', '-')}" for name in (*spec.aliases, spec.name)],
            dest=_destination(spec),
            metavar="|".join(spec.choices) if spec.kind == "choice" else _METAVARS[spec.kind],
            help=spec.help.replace("%", "%%"),
        )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting by its name, also of a world of another package; may be given several times",
    )


def given_settings(options: argparse.Namespace) -> dict[str, SettingValue]:
    """The settings that were given, by their names. Raises ValueError for one that the world cannot have."""
    specs = declared_settings(options.world)
    texts: dict[str, str] = {
        spec.name: text for spec in every_setting() if (text := getattr(options, _destination(spec))) is not None
    }
    for entry in options.set:
        name, is_pair, text = entry.partition("=")
        if not is_pair:
            raise ValueError(f"--set takes NAME=VALUE, such as --set num_steps=4, got {entry!r}")
        texts[name.strip().replace("-", "_")] = text.strip()
    found: dict[str, SettingValue] = {}
    for name, text in texts.items():
        spec = find_spec(specs, name)
        if spec is None:
            there = ", ".join(sorted(one.name for one in specs)) or "none"
            raise ValueError(f"the world {options.world} has no setting {name}; there are {there}")
        found[spec.name] = spec.cast(text)
    return found


def _destination(spec: SettingSpec) -> str:
    return f"setting_{spec.name}"
