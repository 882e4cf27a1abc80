"""Astra JSON, our own: see `engine.trajectories.astra_json`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.clock import Clock
from engine.trajectories.astra_json import (
    FORMAT,
    read_astra_json,
    write_astra_json,
    write_astra_poses,
)
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import LOST_LENS, lost_start
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import num_ticks
from engine.trajectories.walking import walked

_LEAST_REST_S = 1e-3
"""Less than that after the last tick is rounding."""


class AstraJson:
    title: ClassVar[str] = "Astra JSON"
    suffix: ClassVar[str] = ".json"
    layout: ClassVar[str] = "action rows, or camera-to-world poses, one per tick, and their convention"

    def recognise(self, source: Source) -> str | None:
        return f'it says "format": "{FORMAT}"' if source.record.get("format") == FORMAT else None

    def read(self, source: Source, overrides: Overrides) -> Stored:
        """Its poses, or those that its rows make of a camera that starts at the origin; the rows come along."""
        found = read_astra_json(source.path)
        return Stored(
            matrices=walked(found.track) if found.c2w is None else found.c2w,
            fps=1 / found.tick_s,
            places=tuple(f"tick {number}" for number in range(len(found.track) + 1)),
            track=found.track,
        )

    def write(self, recording: Recording, path: Path, clock: Clock) -> tuple[str, ...]:
        """Rows that a file held as rows, as they are; poses of a camera as poses, which keep where they are."""
        track, tick_s = recording.track, recording.tick_s or clock.seconds_per_tick
        count = num_ticks(recording, clock=clock) if track is None else len(track)
        if not count:
            raise TrajectoryError(
                f"the trajectory lasts {recording.end_s - recording.start_s:.3g} s, less than one tick of "
                f"{tick_s:g} s; say how many poses it has per second with --fps"
            )
        said = []
        if track is not None and (not track.modality.poses_say_all or np.array_equal(recording.c2w, walked(track))):
            write_astra_json(path, track, tick_s=tick_s)
        else:
            times = recording.start_s + tick_s * np.arange(count + 1, dtype=np.float64)
            write_astra_poses(path, recording.at(times), tick_s=tick_s)
        if track is None and abs(recording.fps * tick_s - 1) > 1e-3:
            said.append(f"poses between the ticks: it holds one every {tick_s:g} s")
        rest = recording.end_s - recording.start_s - count * tick_s
        if rest > _LEAST_REST_S:
            said.append(f"its last {rest:.3g} s, which are no whole tick")
        if recording.start_s != 0:
            said.append(lost_start(recording))
        if recording.lens is not None:
            said.append(LOST_LENS)
        return tuple(said)
