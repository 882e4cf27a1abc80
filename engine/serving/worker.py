"""The worker thread of an engine on this machine: requests of all clients, one by one, in the order they came."""

from __future__ import annotations

import logging
import queue
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from engine.messages import TakeHistory
from engine.serving.failures import failure_of
from engine.serving.host import HistoryUnavailable
from engine.serving.messages import (
    ChunkCancelled,
    EngineEvent,
    EngineRequest,
    MakeChunk,
    OpenWorld,
    RequestFailed,
)
from engine.serving.protocol import OnEvent, ReadHistory
from engine.worlds.location import WorldLocation

_LOG = logging.getLogger(__name__)


class Client:
    """An `EngineClient` of a `Worker`. Its methods may be called from any thread."""

    def __init__(self, worker: Worker, on_event: OnEvent) -> None:
        self._worker, self._on_event = worker, on_event
        self._is_connected = True
        self._num_opened = 0

    def open_world(self, world: WorldLocation) -> str:
        self._num_opened += 1
        request_id = f"world {self._num_opened}"
        self._worker.put(Order(self, request_id, lambda: OpenWorld(request_id=request_id, world=world), _no_history))
        return request_id

    def make_chunk(self, request_id: str, prepare: Callable[[], MakeChunk], history: ReadHistory) -> None:
        self._worker.put(Order(self, request_id, prepare, history))

    def cancel(self, request_id: str) -> None:
        self._worker.cancel(self, request_id)

    def disconnect(self) -> None:
        self._is_connected = False

    @property
    def is_connected(self) -> bool:
        return self._is_connected

    def emit(self, event: EngineEvent) -> None:
        """Pass an event on. What goes wrong where it is heard is not the engine's, and must not end it."""
        if not self._is_connected:
            return
        try:
            self._on_event(event)
        except Exception:  # a worker's loop
            _LOG.exception("an event of the engine was not taken")


@dataclass(frozen=True, eq=False)
class Order:
    """A request of a client, and what it is made from when it is its turn."""

    client: Client
    request_id: str
    prepare: Callable[[], EngineRequest]
    history: ReadHistory


def _no_history(_num_latents: int) -> TakeHistory:
    raise AssertionError("opening a world asks for no history")


class Worker(ABC):
    """A thread that takes one order at a time. How an order is met is up to the class below it."""

    def __init__(self) -> None:
        """Start the thread; what the class below needs must be there already."""
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._order: Order | None = None
        self._cancelled: tuple[Client, str] | None = None
        self._is_forced = False
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="engine")
        self._thread.start()

    def connect(self, on_event: OnEvent) -> Client:
        """A new client."""
        return Client(self, on_event)

    def put(self, order: Order) -> None:
        """Take an order, to be met after those that wait."""
        self._orders.put(order)

    def cancel(self, client: Client, request_id: str) -> None:
        """Stop a client's request. Asked a second time, do not wait for its step."""
        self._is_forced = self._cancelled == (client, request_id)
        self._cancelled = (client, request_id)

    def close(self) -> None:
        """Cancel what runs, forget what waits, and end the thread."""
        self._closing = True
        self._orders.put(None)
        self._thread.join()

    @abstractmethod
    def _handle(self, request: EngineRequest) -> None:
        """Do what is asked and emit events, until the last of them or until `_is_cancelled`."""

    @abstractmethod
    def _end(self) -> None:
        """Let go of what the thread holds: after an error, and when it ends."""

    def _run(self) -> None:
        while (order := self._orders.get()) is not None and not self._closing:
            self._order = order
            if self._is_cancelled():
                self._emit(ChunkCancelled(order.request_id))
                continue
            try:
                self._handle(order.prepare())
            except Exception as error:  # a worker's loop: a file that cannot be read, a process that cannot be started
                _LOG.exception("the engine could not do what it was asked")
                self._end()
                self._emit(RequestFailed(order.request_id, failure_of(error)))
        self._end()

    def _emit(self, event: EngineEvent) -> None:
        assert self._order is not None
        self._order.client.emit(event)

    def _history(self, num_latents: int) -> TakeHistory:
        """What lies before the chunk that is made. Raises HistoryUnavailable."""
        assert self._order is not None
        try:
            return self._order.history(num_latents)
        except Exception as error:  # of the client's: a file that cannot be read
            _LOG.warning("what lies before a chunk cannot be read: %s", error)
            raise HistoryUnavailable(failure_of(error)) from error

    def _is_cancelled(self) -> bool:
        order = self._order
        if self._closing or order is None or not order.client.is_connected:
            return True
        return self._cancelled == (order.client, order.request_id)
