"""A small package of somebody else's with a kind of world, as an installer would leave it in a folder of packages."""

from __future__ import annotations

from pathlib import Path

SOURCE = '''
"""Worlds that are painted like the fake one, under another name, found by a file of their own."""

import json
from dataclasses import replace
from pathlib import Path

from engine.settings import SettingSpec, SettingsPreset
from engine.worlds.fake import FakeWorld
from engine.worlds.kind import WorldRequirements


SETTINGS = (
    SettingSpec(
        name="wind",
        label="Wind",
        kind="number",
        default=0.0,
        minimum=-1.0,
        maximum=1.0,
        unit="m/s",
        help="How strongly it blows from the left",
        can_have_keys=True,
    ),
    SettingSpec(name="weather", label="Weather", kind="choice", default="sun", choices=("sun", "rain", "snow")),
    SettingSpec(name="passes", label="Passes", kind="integer", default=4, minimum=1, counts_steps=True),
)


class PebbleKind:
    name = "pebble"
    layout = "a folder with pebble.json"
    settings = SETTINGS
    presets = (SettingsPreset(name="Storm", changes=(("wind", 1.0), ("weather", "rain"))),)

    def recognise(self, path):
        return (path / "pebble.json").is_file()

    def requirements(self, location):
        return WorldRequirements(width=112, height=64)

    def open(self, location, device):
        world = FakeWorld(settings=SETTINGS)
        colour = json.loads((Path(location) / "pebble.json").read_text())["colour"]
        world.info = replace(world.info, name=f"{colour} pebble", fingerprint=f"pebble-{colour}", device=device,
            presets=self.presets)
        return world


class BrokenKind:
    def __init__(self):
        raise RuntimeError("needs a library that is not here")
'''
ENTRY_POINTS = "[astra_studio.worlds]\npebble = pebble_worlds:PebbleKind\nbroken = pebble_worlds:BrokenKind\n"
METADATA = "Metadata-Version: 2.1\nName: pebble-worlds\nVersion: 1.0\n"


def install_package(site: Path) -> Path:
    """The package and its metadata in a folder that is to be put on the search path."""
    about = site / "pebble_worlds-1.0.dist-info"
    about.mkdir(parents=True)
    (site / "pebble_worlds.py").write_text(SOURCE)
    (about / "METADATA").write_text(METADATA)
    (about / "entry_points.txt").write_text(ENTRY_POINTS)
    return site


def write_pebble(folder: Path) -> Path:
    """A world of that kind."""
    folder.mkdir(parents=True)
    (folder / "pebble.json").write_text('{"colour": "grey"}')
    return folder
