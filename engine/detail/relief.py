"""The relief decoder: the start picture as a rigid relief, seen by the camera that the world's own frames show.

The camera is measured, not commanded: where the world goes half as far as asked, so does the picture. What the start
picture does not show, and where the world's colours disagree with it, stays as soft as the world made it.
"""

from __future__ import annotations

import numpy as np

from engine.clock import ASTRA_CLOCK
from engine.detail.composition import Composer, View
from engine.detail.geometry import Camera
from engine.detail.images import Doubles, normalised_brightness, resize
from engine.detail.state import TRUST_HEIGHT, TRUST_WIDTH, ReliefState, StoredArrays, Track, state_of
from engine.detail.tracking import Tracker
from engine.messages import Frames, Picture

GRID_WIDTH = 112
"""Of the working grid: the bundled world's frames."""
LARGEST_MOVE = 1.0
"""Scene units a latent; a longer command is held to it."""


class ReliefDecoder:
    """`DetailDecoder` for one start picture and one size of shown frames."""

    def __init__(self, picture: Picture, width: int, height: int, *, flat: float = 0.0) -> None:
        """`picture` is the start picture (H, W, 3) in the shown frames' aspect, at the best resolution there is.

        Args:
            flat: 0 to 1, how far the ground of the relief is raised to a wall; see `Camera.prior_relief`.

        Raises ValueError for a picture of another shape or type, a size below 32 pixels or `flat` out of range.
        """
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or min(picture.shape[:2]) < 2:
            raise ValueError(
                f"a start picture is (H, W, 3) uint8, got the shape {picture.shape} and type {picture.dtype}"
            )
        if min(width, height) < 32:
            raise ValueError(f"shown frames have at least 32 x 32 pixels, got {width} x {height}")
        if not 0 <= flat <= 1:
            raise ValueError(f"flat lies between 0 and 1, got {flat}")
        self._camera = Camera(GRID_WIDTH, round(GRID_WIDTH * height / width))
        grid = (self._camera.width, self._camera.height)
        prior = self._camera.prior_relief(flat)
        self._tracker = Tracker(self._camera, normalised_brightness(resize(picture, *grid)), prior)
        self._composer = Composer(picture, width, height, *grid)
        self.start_frame = self._composer.start_frame
        self.start = ReliefState(track=self._tracker.start(), trust=np.ones((TRUST_HEIGHT, TRUST_WIDTH), np.float32))

    def decode(self, state: ReliefState, soft: Frames, moves: Doubles) -> tuple[ReliefState, Frames]:
        """The shown frames (N, height, width, 3) of one chunk, and the state after it. Raises ValueError for frames
        that are not four per move."""
        _check(soft, moves)
        shown = []
        view = self._view(state)
        for number, move in enumerate(moves):
            frames = soft[ASTRA_CLOCK.frames_per_latent * number :][: ASTRA_CLOCK.frames_per_latent]
            state, following = self._follow(state.track, frames[-1], move)
            for step, frame in enumerate(frames, start=1):
                shown.append(
                    self._composer.compose(view.towards(following, step / ASTRA_CLOCK.frames_per_latent), frame)
                )
            view = following
        return state, np.stack(shown)

    def restore(self, arrays: StoredArrays) -> ReliefState:
        """The state that was stored as these arrays. Raises ValueError where they hold no such state."""
        return state_of(arrays)

    def _follow(self, track: Track, last: Picture, move: Doubles) -> tuple[ReliefState, View]:
        """The state after a latent whose last soft frame is `last`, and the view it stands for."""
        grid = (self._camera.width, self._camera.height)
        small = resize(last, *grid)
        held = np.concatenate([move[:, :3], np.clip(move[:, 3:], -LARGEST_MOVE, LARGEST_MOVE)], axis=1)
        track = self._tracker.follow(track, normalised_brightness(small), held)
        sight = self._camera.look(track.extrinsics, track.relief)
        trust = self._composer.trust(sight.across, sight.down, small)
        view = View(across=sight.across, down=sight.down, agreement=resize(trust, *grid))
        return ReliefState(track=track, trust=trust), view

    def _view(self, state: ReliefState) -> View:
        sight = self._camera.look(state.track.extrinsics, state.track.relief)
        agreement = resize(state.trust, self._camera.width, self._camera.height)
        return View(across=sight.across, down=sight.down, agreement=agreement)


def _check(soft: Frames, moves: Doubles) -> None:
    if moves.ndim != 3 or moves.shape[1:] != (3, 4) or not len(moves):
        raise ValueError(f"moves are (latents, 3, 4) with at least one latent, got the shape {moves.shape}")
    expected = ASTRA_CLOCK.frames_per_latent * len(moves)
    if soft.dtype != np.uint8 or soft.ndim != 4 or soft.shape[3] != 3 or len(soft) != expected:
        raise ValueError(
            f"{len(moves)} moves go with {expected} soft frames (N, H, W, 3) uint8, got the shape {soft.shape} and "
            f"type {soft.dtype}"
        )
