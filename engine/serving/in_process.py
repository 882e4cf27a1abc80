"""An engine on a thread of this process: for tests, and for worlds that compute little."""

from __future__ import annotations

from engine.serving.host import EngineHost, Opener
from engine.serving.messages import EngineRequest
from engine.serving.worker import Worker
from engine.worlds.location import open_location


class InProcessEngine(Worker):
    """An `Engine` whose worlds run on its thread."""

    def __init__(self, open_world: Opener = open_location) -> None:
        """Start it. `open_world` is what opens a world."""
        self._host = EngineHost(
            self._emit, self._is_cancelled, lambda _request, num_latents: self._history(num_latents), open_world
        )
        super().__init__()

    def _handle(self, request: EngineRequest) -> None:
        self._host.handle(request)

    def _end(self) -> None:
        pass  # a world and its states stay for the next request
