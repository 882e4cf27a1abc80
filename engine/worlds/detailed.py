"""A world whose frames are shown with detail of the start picture: any world, and a detail decoder behind it.

Detail changes what is shown and nothing else: latents, soft frames and all that is measured in them stay as they are.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from engine.actions.modality import ActionTrack, modality, rest_rows
from engine.detail.images import Doubles
from engine.detail.moves import camera_moves
from engine.detail.protocol import DetailDecoder
from engine.detail.relief import SMALLEST, ReliefDecoder
from engine.messages import ChunkRequest, ChunkResult, Event, Frames, FramesDecoded, Listener, Picture, TakeHistory
from engine.settings import Settings
from engine.worlds.detail_settings import (
    FLAT,
    INVENT,
    UNSEEN,
    detail_settings,
    is_detailed,
    is_invented,
    refreshed_latents,
    refreshes_history,
    shown_size,
    without_detail,
)
from engine.worlds.protocol import Opened, Refreshing, WorldModel

DECODERS_KEPT = 2
"""Of takes and sizes used last."""
PREFIX = "detail."
"""Of the names of detail's arrays among those that are stored with a chunk."""
Key = tuple[int, int, float, bool]
"""What a decoder is made for, beside its picture: width and height of shown frames, flat, whether it invents."""


@dataclass(frozen=True, kw_only=True, eq=False)
class DetailedState:
    """Where a take stands: the world's own state, and the detail decoder's.

    Attributes:
        last_row: (1, width) the take's last action row, from which an absolute one leads on.
        picture: the start picture; None where the take has none, so that no detail can be shown.
        detail: the decoder's state after the last chunk; None before the first and without a picture.
        num_unshown: start frames that the next chunk shows before its own.
        is_refreshed: whether the world's history was ever refreshed, so that stored latents do not tell it.
    """

    world: Any
    last_row: ActionTrack
    picture: Picture | None
    detail: Any
    num_unshown: int = 0
    is_refreshed: bool = False


class DetailedWorld:
    """`WorldModel` that adds detail to another world's frames, as its settings say."""

    def __init__(self, world: WorldModel) -> None:
        self._world = world
        self._refreshing = world if isinstance(world, Refreshing) and world.refreshes else None
        has_detail = world.info.detail == "auto"
        own = detail_settings(world.info.detail, refreshes=has_detail and self._refreshing is not None)
        self.info = replace(world.info, settings=(*world.info.settings, *own))
        self.restore_latents = world.restore_latents
        self._decoders: list[tuple[Picture, Key, DetailDecoder]] = []

    def open(self, frames: Frames, modality_name: str, picture: Picture | None = None) -> Opened:
        """Start a take. Without `picture` it has no detail."""
        opened = self._world.open(frames, modality_name)
        kind = modality(modality_name)
        state = DetailedState(
            world=opened.state,
            last_row=ActionTrack(kind, rest_rows(kind, 1)),
            picture=None if picture is None else np.array(picture),
            detail=None,
            num_unshown=len(frames),
        )
        return Opened(state, opened.latents)

    def step(
        self,
        state: DetailedState,
        request: ChunkRequest,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[DetailedState, ChunkResult]:
        """Make the chunk, then its detail."""
        asked = replace(request, settings=without_detail(request.settings))
        if state.picture is None:
            after, result = self._world.step(state.world, asked, listener, cancelled)
            return replace(state, world=after), replace(result, request=request)
        kind = request.actions.modality
        decoder = self._decoder(state.picture, request.settings, kind.name)
        rows = np.concatenate([state.last_row.rows, request.actions.rows])
        moves = camera_moves(ActionTrack(kind, rows), 1, self.info.clock)
        before = decoder.start if state.detail is None else state.detail
        stream, is_refreshed = None, state.is_refreshed
        if is_detailed(request.settings, kind.name):
            wants_refresh = self._refreshing is not None and refreshes_history(request.settings)
            stream = _Stream(
                decoder,
                before,
                moves,
                state.num_unshown,
                listener,
                is_whole=is_invented(request.settings),
                refreshed=refreshed_latents(len(moves)) if wants_refresh else (),
            )
        after, result = self._world.step(state.world, asked, stream or listener, cancelled)
        started = time.perf_counter()
        if stream is None:
            detail, detailed, spent = decoder.coast(before, moves), None, 0.0
        else:
            detail, detailed, spent = stream.finish(request.index)
            if stream.history and self._refreshing is not None:
                after = self._refreshing.refreshed(after, len(moves), stream.history)
                is_refreshed = True
        named = {f"{PREFIX}{name}": array for name, array in decoder.store(detail).items()}
        # What was spent while the world decoded is told apart from its own time.
        seconds = {**result.seconds, "decode": result.seconds.get("decode", 0.0) - spent}
        seconds["detail"] = spent + time.perf_counter() - started
        following = DetailedState(
            world=after,
            last_row=_last_row(request.actions),
            picture=state.picture,
            detail=detail,
            is_refreshed=is_refreshed,
        )
        arrays = {**result.arrays, **named}
        if is_refreshed and self._refreshing is not None:
            arrays.update(self._refreshing.refresh_arrays(after))
        return following, replace(result, request=request, seconds=seconds, detailed=detailed, arrays=arrays)

    def restore(self, history: TakeHistory) -> DetailedState:
        """The state after what is stored; what follows has no detail where picture or arrays do not tell of it."""
        world = self._world.restore(history)
        named = {name.removeprefix(PREFIX): array for name, array in history.arrays.items() if name.startswith(PREFIX)}
        state = DetailedState(world=world, last_row=_last_row(history.actions), picture=None, detail=None)
        if history.picture is None or not named:
            return state
        picture = np.array(history.picture)
        settings = Settings({**self.info.defaults, UNSEEN: INVENT})  # so that a place that was stored is read
        decoder = self._decoder(picture, settings, history.actions.modality.name)
        is_refreshed = any(not name.startswith(PREFIX) for name in history.arrays)
        return replace(state, picture=picture, detail=decoder.restore(named), is_refreshed=is_refreshed)

    def state_bytes(self, state: DetailedState) -> int:
        """Bytes that a state holds, the start picture counted in."""
        own = 0 if state.picture is None else state.picture.nbytes
        return self._world.state_bytes(state.world) + own + (0 if state.detail is None else state.detail.num_bytes)

    def off_device(self, state: DetailedState) -> DetailedState:
        """The same state with the world's arrays in the computer's main memory; those of detail are there anyway."""
        return replace(state, world=self._world.off_device(state.world))

    def _decoder(self, picture: Picture, settings: Settings, modality_name: str) -> DetailDecoder:
        """The decoder of a picture as it is asked for; the last few are kept."""
        width, height = shown_size(self.info, settings, modality_name)
        if not is_detailed(settings, modality_name):
            # It shows nothing now and follows the camera all the same, also of a world of tiny frames.
            width, height = max(width, SMALLEST), max(height, SMALLEST)
        flat, invents = settings.number(FLAT), is_invented(settings)
        key: Key = (width, height, flat, invents)
        for kept in self._decoders:
            if kept[0] is picture and kept[1] == key:
                return kept[2]
        decoder = ReliefDecoder(picture, width, height, aspect=self.info.aspect, flat=flat, invents=invents)
        self._decoders = [(picture, key, decoder), *self._decoders][:DECODERS_KEPT]
        return decoder


class _Stream:
    """Shown frames of one chunk, made as its soft frames come. A listener: other events go on as they are."""

    def __init__(
        self,
        decoder: DetailDecoder,
        state: Any,
        moves: Doubles,
        num_start: int,
        listener: Listener,
        *,
        is_whole: bool,
        refreshed: Sequence[int],
    ) -> None:
        """`num_start` start frames come first. `is_whole`: a chunk is shown at its end, since what its last frames
        reveal is shown in its first ones. `refreshed` are the latents whose frames go into `history`."""
        self.history: dict[int, tuple[Frames, Frames]] = {}
        self._refreshed = refreshed
        self._decoder, self._state, self._moves = decoder, state, moves
        self._num_start, self._listener, self._is_whole = num_start, listener, is_whole
        self._parts: list[Frames] = []
        self._soft: list[Frames] = []
        self._num_latents = 0
        self._seconds = 0.0

    def __call__(self, event: Event) -> None:
        if not isinstance(event, FramesDecoded):
            self._listener(event)
            return
        started = time.perf_counter()
        if event.first_frame < self._num_start:
            is_last = event.first_frame + len(event.frames) >= self._num_start
            self._show(_start_frames(event.frames, self._decoder, is_last=is_last), event.chunk)
        else:
            self._soft.append(event.frames)
            if not self._is_whole:
                self._decode(event.chunk)
        self._seconds += time.perf_counter() - started

    def finish(self, chunk: int) -> tuple[Any, Frames, float]:
        """The decoder's state after the chunk, all its frames, and the seconds spent before this call."""
        spent = self._seconds
        if self._soft:
            self._decode(chunk)
        return self._state, np.concatenate(self._parts), spent

    def _decode(self, chunk: int) -> None:
        """Show what has come."""
        first, stop = self._num_latents, self._num_latents + len(self._soft)
        chosen = [latent for latent in self._refreshed if first <= latent < stop]
        self._state, shown, wanted = self._decoder.decode_for_history(
            self._state, np.concatenate(self._soft), self._moves[first:stop], [latent - first for latent in chosen]
        )
        for latent, frames in zip(chosen, wanted, strict=True):
            self.history[latent] = (self._soft[latent - first], frames)
        for part in np.split(shown, len(self._soft)):
            self._show(part, chunk)
        self._num_latents += len(self._soft)
        self._soft = []

    def _show(self, frames: Frames, chunk: int) -> None:
        first = sum(len(part) for part in self._parts)
        self._parts.append(frames)
        self._listener(FramesDecoded(chunk, first, frames))


def _last_row(track: ActionTrack) -> ActionTrack:
    return track.slice(len(track) - 1, len(track))


def _start_frames(frames: Frames, decoder: DetailDecoder, *, is_last: bool) -> Frames:
    """Start frames as they are shown: the last of all is the picture, those before it are enlarged."""
    height, width = decoder.start_frame.shape[:2]
    shown = [np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)) for frame in frames]
    if is_last:
        shown[-1] = decoder.start_frame
    return np.stack(shown).astype(np.uint8)
