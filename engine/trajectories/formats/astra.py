"""Astra JSON, our own: see `engine.trajectories.astra_json`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.actions.modality import CAMERA
from engine.trajectories.astra_json import (
    FORMAT,
    SECONDS_PER_TICK,
    read_track_and_poses,
    write_astra_json,
    write_astra_poses,
)
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import LOST_LENS, lost_start
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import num_ticks, tick_poses
from engine.trajectories.walking import walked

_LEAST_REST_S = 1e-3
"""Less than that after the last tick is rounding."""


class AstraJson:
    title: ClassVar[str] = "Astra JSON"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = "action rows, or camera-to-world poses, one per tick of 0.2 s, and their convention"

    def recognise(self, source: Source) -> str | None:
        return f'it says "format": "{FORMAT}"' if source.record.get("format") == FORMAT else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        """Its poses, or those that its rows make of a camera that starts at the origin; the rows come along."""
        track, c2w = read_track_and_poses(source.path)
        return Stored(
            matrices=walked(track) if c2w is None else c2w,
            fps=1 / SECONDS_PER_TICK,
            places=tuple(f"tick {number}" for number in range(len(track) + 1)),
            track=track,
        )

    def write(self, recording: Recording, path: Path) -> tuple[str, ...]:
        """Rows that a file held as rows, as they are; poses of a camera as poses, which keep where they are."""
        track = recording.track
        count = num_ticks(recording) if track is None else len(track)
        if not count:
            raise TrajectoryError(
                f"the trajectory lasts {recording.end_s - recording.start_s:.3g} s, less than one tick of "
                f"{SECONDS_PER_TICK} s; say how many poses it has per second with --fps"
            )
        said = []
        if track is not None and (track.modality is not CAMERA or np.array_equal(recording.c2w, walked(track))):
            write_astra_json(path, track)
        else:
            write_astra_poses(path, tick_poses(recording, count))
        if track is None and abs(recording.fps * SECONDS_PER_TICK - 1) > 1e-3:
            said.append("poses between the ticks: it holds one every 0.2 s")
        rest = recording.end_s - recording.start_s - count * SECONDS_PER_TICK
        if rest > _LEAST_REST_S:
            said.append(f"its last {rest:.3g} s, which are no whole tick")
        if recording.start_s != 0:
            said.append(lost_start(recording))
        if recording.lens is not None:
            said.append(LOST_LENS)
        return tuple(said)
