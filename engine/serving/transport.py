"""How events cross the pipe between the engine's process and its client's: arrays as plain bytes beside a small pickle.

Both ends are this program; nothing from outside is ever unpickled. Arrays travel out of band, so that nobody holds the
interpreter's lock to copy the 40 MB of a chunk's frames.
"""

from __future__ import annotations

import pickle
from multiprocessing.connection import Connection

from engine.serving.messages import EngineEvent


def send(connection: Connection, event: EngineEvent) -> None:
    """Send an event. Raises OSError where the other end is gone."""
    buffers: list[pickle.PickleBuffer] = []
    body = pickle.dumps(event, protocol=5, buffer_callback=buffers.append)
    connection.send((body, len(buffers)))
    for buffer in buffers:
        connection.send_bytes(buffer.raw())


def receive(connection: Connection) -> EngineEvent:
    """The next event; its arrays are read-only. Raises EOFError or OSError where the other end is gone."""
    body, num_buffers = connection.recv()
    buffers = [connection.recv_bytes() for _ in range(num_buffers)]
    event: EngineEvent = pickle.loads(body, buffers=buffers)
    return event
