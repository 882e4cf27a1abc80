"""The relief decoder: the start picture as a rigid relief, seen by the camera that the world's own frames show.

The camera is measured, not commanded: where the world goes half as far as asked, so does the picture. What the start
picture does not show, and where the world's colours disagree with it, stays as soft as the world made it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from engine.detail.composition import Composer, View
from engine.detail.geometry import Camera, Sight
from engine.detail.images import Doubles, normalised_brightness, resize
from engine.detail.place import Place, PlaceMemory, Seen, place_arrays, place_of
from engine.detail.state import TRUST_HEIGHT, TRUST_WIDTH, ReliefState, Track, arrays_of, state_of
from engine.detail.tracking import Reference, StartReference, Tracker, coasted
from engine.messages import Frames, Picture, StoredArrays

GRID_WIDTH = 112
"""Of the working grid: the bundled world's frames."""
LARGEST_MOVE = 1.0
"""Scene units a latent; a longer command is held to it."""

SMALLEST = 32
"""Pixels a side of shown frames."""


class ReliefDecoder:
    """`DetailDecoder` for one start picture and one size of shown frames."""

    def __init__(
        self,
        picture: Picture,
        width: int,
        height: int,
        *,
        aspect: float = 0.0,
        flat: float = 0.0,
        invents: bool = False,
    ) -> None:
        """`picture` is the start picture (H, W, 3) in the soft frames' aspect, at the best resolution there is.

        Args:
            width, height: of shown frames, in pixels.
            aspect: of soft frames; 0: that of shown ones.
            flat: 0 to 1, how far the ground of the relief is raised to a wall; see `Camera.prior_relief`.
            invents: whether the place is kept: what the world reveals is given detail of the start picture once, and
                stays so.

        Raises ValueError for a picture of another shape or type, a size below 32 pixels or `flat` out of range.
        """
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < 2:
            raise ValueError(
                f"a start picture is (H, W, 3) uint8, got the shape {picture.shape} and type {picture.dtype}"
            )
        if min(width, height) < SMALLEST:
            raise ValueError(f"shown frames have at least {SMALLEST} x {SMALLEST} pixels, got {width} x {height}")
        if not 0 <= flat <= 1:
            raise ValueError(f"flat lies between 0 and 1, got {flat}")
        self._picture = picture
        self._small: Composer | None = None
        self._camera = Camera(GRID_WIDTH, round(GRID_WIDTH / (aspect or width / height)))
        self._grid = (self._camera.width, self._camera.height)
        self._tracker = Tracker(self._camera, self._camera.prior_relief(flat))
        self._reference = StartReference(normalised_brightness(resize(picture, *self._grid)))
        self._composer = Composer(picture, width, height, *self._grid)
        self._memory = PlaceMemory(picture, *self._grid) if invents else None
        self._start_place = None if self._memory is None else self._memory.start()
        self.start_frame = self._composer.start_frame
        trust = np.ones((TRUST_HEIGHT, TRUST_WIDTH), np.float32)
        self.start = ReliefState(track=self._tracker.start(), trust=trust, place=self._start_place)

    def decode(self, state: ReliefState, soft: Frames, moves: Doubles) -> tuple[ReliefState, Frames]:
        """The shown frames (N, height, width, 3) of one chunk, and the state after it. Raises ValueError for frames
        that are not as many for every move."""
        state, shown, _ = self.decode_for_history(state, soft, moves, ())
        return state, shown

    def decode_for_history(
        self, state: ReliefState, soft: Frames, moves: Doubles, latents: Sequence[int]
    ) -> tuple[ReliefState, Frames, list[Frames]]:
        """As `decode`, and for each of these latents its frames at the soft frames' size, in the start picture's
        colours."""
        per_latent = _frames_per_latent(soft, moves)
        place = None if self._memory is None else state.place or self._start_place
        state = replace(state, place=place)
        views = [self._view(state)]
        for number, move in enumerate(moves, start=1):
            state, view = self._follow(state, soft[number * per_latent - 1], move)
            views.append(view)
        if place is not None:
            state = replace(state, place=self._remember(place, views, soft[per_latent - 1 :: per_latent]))

        def view_at(number: int) -> View:
            before, step = divmod(number, per_latent)
            return views[before].towards(views[before + 1], (step + 1) / per_latent)

        shown = [self._composer.compose(view_at(number), frame, state.place) for number, frame in enumerate(soft)]
        history = [
            np.stack(
                [
                    self._for_history(view_at(n), soft[n], state.place)
                    for n in range(per_latent * k, per_latent * (k + 1))
                ]
            )
            for k in latents
        ]
        return state, np.stack(shown), history

    def coast(self, state: ReliefState, moves: Doubles) -> ReliefState:
        """The state after a chunk that nobody looks at: the camera goes on as commanded, at the gains known so far."""
        track = state.track
        for move in moves:
            track = coasted(track, _held(move))
        return replace(state, track=track)

    def store(self, state: ReliefState) -> StoredArrays:
        """The state as named arrays: some 550 numbers, and what was written of the place where it is kept."""
        if state.place is None or self._start_place is None:
            return arrays_of(state)
        return {**arrays_of(state), **place_arrays(state.place, self._start_place)}

    def restore(self, arrays: StoredArrays) -> ReliefState:
        """The state that was stored as these arrays. Raises ValueError where they hold no such state."""
        place = None if self._start_place is None else place_of(arrays, self._start_place)
        return state_of(arrays, place)

    def _follow(self, state: ReliefState, last: Picture, move: Doubles) -> tuple[ReliefState, View]:
        """The state after a latent whose last soft frame is `last`, and the view it stands for."""
        small = resize(last, *self._grid)
        reference: Reference = self._reference if state.place is None else state.place
        track = self._tracker.follow(state.track, reference, normalised_brightness(small), _held(move))
        sight = self._sight(track)
        trust = self._composer.trust(sight.across, sight.down, small, state.place)
        view = View(across=sight.across, down=sight.down, agreement=resize(trust, *self._grid))
        return replace(state, track=track, trust=trust), view

    def _remember(self, place: Place, views: list[View], last_frames: Frames) -> Place:
        """The place after a chunk with these views, the first being that before it, and the last frame of each."""
        assert self._memory is not None
        place = self._memory.leave(place, views[0].across, views[0].down)
        seen = [
            Seen(
                across=view.across,
                down=view.down,
                frame=resize(frame, *self._grid).astype(np.float32),
                agreement=view.agreement,
            )
            for view, frame in zip(views[1:], last_frames, strict=True)
        ]
        return self._memory.write(place, seen)

    def _for_history(self, view: View, soft: Picture, place: Place | None) -> Picture:
        """A frame at the soft frame's size, made at twice that, with no colour of the world's where it is fetched."""
        height, width = soft.shape[:2]
        if self._small is None or self._small.start_frame.shape[:2] != (2 * height, 2 * width):
            self._small = Composer(self._picture, 2 * width, 2 * height, *self._grid)
        return resize(self._small.compose(view, soft, place, colours_kept=0.0), width, height)

    def _sight(self, track: Track) -> Sight:
        return self._camera.look(track.extrinsics.astype(np.float64), track.relief.astype(np.float64))

    def _view(self, state: ReliefState) -> View:
        sight = self._sight(state.track)
        return View(across=sight.across, down=sight.down, agreement=resize(state.trust, *self._grid))


def _held(move: Doubles) -> Doubles:
    """A move whose length no command can make absurd."""
    return np.concatenate([move[:, :3], np.clip(move[:, 3:], -LARGEST_MOVE, LARGEST_MOVE)], axis=1)


def _frames_per_latent(soft: Frames, moves: Doubles) -> int:
    if moves.ndim != 3 or moves.shape[1:] != (3, 4) or not len(moves):
        raise ValueError(f"moves are (latents, 3, 4) with at least one latent, got the shape {moves.shape}")
    is_shaped = soft.dtype == np.uint8 and soft.ndim == 4 and soft.shape[3] == 3
    if not is_shaped or not len(soft) or len(soft) % len(moves):
        raise ValueError(
            f"{len(moves)} moves go with soft frames (N, H, W, 3) uint8, as many for each, got the shape {soft.shape} "
            f"and type {soft.dtype}"
        )
    return len(soft) // len(moves)
