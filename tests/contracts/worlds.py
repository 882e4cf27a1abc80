"""The worlds that must pass the contract in `test_worlds`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from engine.worlds.astra import open_astra
from engine.worlds.fake import FakeWorld
from engine.worlds.protocol import WorldModel


@dataclass(frozen=True, kw_only=True)
class WorldFactory:
    """How to open a world for the contract, once for all its tests."""

    open: Callable[[pytest.FixtureRequest], WorldModel]
    """Is given the request of a module's fixture, so that it may ask for session fixtures."""
    atol: float = 0.0
    """How far latents may differ after `restore`; frames may differ by as many levels as this makes, rounded up."""


def _open_tiny_astra(request: pytest.FixtureRequest) -> WorldModel:
    return open_astra(request.getfixturevalue("original_world_folder"), "cpu")


WORLD_FACTORIES: dict[str, WorldFactory] = {
    "fake": WorldFactory(open=lambda _request: FakeWorld(width=56, height=32)),
    "astra": WorldFactory(open=_open_tiny_astra),
}
