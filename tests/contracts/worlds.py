"""Worlds that must pass the contract in `test_worlds`: one or more of every kind in the registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.worlds.protocol import WorldModel
from engine.worlds.registry import open_world


@dataclass(frozen=True, kw_only=True)
class WorldFactory:
    """How to make a world for the contract, once for all its tests."""

    spec: Callable[[pytest.FixtureRequest], str]
    """Makes its files, if it has any, and returns what `open_world` takes. Is given the request of a module's fixture,
    so that it may ask for session fixtures."""
    atol: float = 0.0
    """How far latents may differ after `restore`; frames may differ by as many levels as this makes, rounded up."""

    def open(self, request: pytest.FixtureRequest) -> WorldModel:
        """The world, through the registry."""
        return open_world(self.spec(request), {}, "cpu")


WORLD_FACTORIES: dict[str, WorldFactory] = {
    "astra": WorldFactory(spec=lambda request: str(request.getfixturevalue("original_world_folder"))),
    "fake": WorldFactory(spec=lambda _request: "fake"),
    "sana-wm": WorldFactory(spec=lambda request: str(request.getfixturevalue("sana_wm_folder"))),
    "wan picture": WorldFactory(spec=lambda request: str(request.getfixturevalue("wan_folder"))),
    "wan text": WorldFactory(spec=lambda request: str(request.getfixturevalue("wan_text_folder"))),
    "pebble": WorldFactory(spec=lambda request: str(request.getfixturevalue("installed_world_folder"))),
}
"""By kind, one of them of another package; several worlds of one kind have a word after it, as in "wan text"."""
