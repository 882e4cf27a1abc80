"""What a detail decoder is: a decoder with a reference, bound to a take's start picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from engine.detail.images import Doubles
from engine.messages import Frames, Picture, StoredArrays


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
            soft: the chunk's frames as the world decodes them, as many for every latent; a take's start frames are not
                among them.
            moves: (latents, 3, 4) relative extrinsics that were commanded.

        Raises ValueError for frames or moves of other shapes.
        """
        ...

    def decode_for_history(
        self, state: Any, soft: Frames, moves: Doubles, latents: Sequence[int]
    ) -> tuple[Any, Frames, list[Frames]]:
        """As `decode`, and for each of these latents of the chunk its frames at the soft frames' size, in the start
        picture's colours: what a world may go on from in place of its own frames."""
        ...

    def coast(self, state: Any, moves: Doubles) -> Any:
        """The state after a chunk of which nothing is shown and no frame is looked at: as far on as was commanded."""
        ...

    def store(self, state: Any) -> StoredArrays:
        """The state as named arrays, to be stored with the chunk."""
        ...

    def restore(self, arrays: StoredArrays) -> Any:
        """The state that was stored as these arrays. Raises ValueError where they hold no such state."""
        ...
