"""An open project: its session, its player, its generation; opened and closed together."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from astra_studio.document.model import new_project
from astra_studio.document.opening import create_store, open_store
from astra_studio.document.places import remember, untitled_path
from astra_studio.document.session import Session
from astra_studio.services.generation.queue import Generation
from astra_studio.services.playback.frame_cache import DEFAULT_CAP_BYTES
from astra_studio.services.playback.player import Player
from astra_studio.services.signals import Post
from engine.serving.protocol import Engine

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class OpenProject:
    """An open project and the services over it."""

    session: Session
    player: Player
    generation: Generation

    def close(self) -> None:
        """Store what is finished and let the file go."""
        self.generation.close()
        self.player.close()
        self.session.close()


def open_project(
    path: Path | None,
    world: str,
    engine: Engine,
    post: Post,
    *,
    cap_bytes: int = DEFAULT_CAP_BYTES,
    device: str = "auto",
    before: Callable[[], None] = lambda: None,
) -> OpenProject:
    """Open a project file; None: a new one of that world in the user's folder.

    `before` is called when the file has been found good, before anything else is started: to close the one that was
    open. Raises what `open_store` raises; the project before is then still open.
    """
    store = create_store(untitled_path(), new_project(world)) if path is None else open_store(path)
    session = Session(store)
    before()
    player = Player(session, post, cap_bytes)
    generation = Generation(session, engine, post, device=device)
    generation.frames.connect(player.put_frames)
    generation.dropped.connect(player.drop_frames)
    generation.changed.connect(lambda status: player.expect(status.coming))
    try:
        remember(session.path)
    except OSError as error:
        _LOG.warning("the project is not among those opened last: %s", error)
    return OpenProject(session=session, player=player, generation=generation)
