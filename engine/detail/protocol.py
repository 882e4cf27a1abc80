"""What a detail decoder is: a decoder with a reference, bound to a take's start picture."""

from __future__ import annotations

from typing import Any, Protocol

from engine.detail.images import Doubles
from engine.detail.state import StoredArrays
from engine.messages import Frames, Picture


class DetailState(Protocol):
    """Where a decoder stands after a chunk: a value."""

    def arrays(self) -> StoredArrays:
        """Named float arrays, small enough to be stored with every chunk."""
        ...


class DetailDecoder(Protocol):
    """Makes shown frames out of soft ones, with the start picture as reference.

    Streaming and causal: what is shown of a chunk depends on its soft frames, its moves and the state before it alone.
    Deterministic: the same calls give the same bits. A state is a value, and `decode` leaves the old one good, so that
    a branch is another call with the same state.
    """

    start: Any
    """The state before the first chunk."""
    start_frame: Picture
    """The start picture as it is shown."""

    def decode(self, state: Any, soft: Frames, moves: Doubles) -> tuple[Any, Frames]:
        """The shown frames of one chunk, and the state after it.

        Args:
            soft: the chunk's frames as the world decodes them, four per latent; a take's start frames are not among
                them.
            moves: (latents, 3, 4) relative extrinsics that were commanded.

        Raises ValueError for frames or moves of other shapes.
        """
        ...

    def restore(self, arrays: StoredArrays) -> Any:
        """The state that was stored as these arrays. Raises ValueError where they hold no such state."""
        ...
