"""Astra JSON, our own: see `engine.trajectories.astra_json`."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.trajectories.astra_json import FORMAT, SECONDS_PER_TICK, read_track_and_poses, write_astra_json
from engine.trajectories.errors import TrajectoryError
from engine.trajectories.formats.parts import LOST_LENS
from engine.trajectories.formats.protocol import Overrides, Stored
from engine.trajectories.formats.source import Source
from engine.trajectories.recording import Recording
from engine.trajectories.sampling import actions
from engine.trajectories.walking import walked


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
        track = actions(recording)
        if recording.track is not None:
            track = recording.track
        if not len(track):
            raise TrajectoryError(
                f"the trajectory lasts {recording.end_s - recording.start_s:.3g} s, less than one tick of "
                f"{SECONDS_PER_TICK} s; say how many poses it has per second with --fps"
            )
        write_astra_json(path, track)
        said = ["where the first pose is: rows are relative"] if not np.allclose(recording.c2w[0], np.eye(4)) else []
        if recording.track is None and abs(recording.fps * SECONDS_PER_TICK - 1) > 1e-3:
            said.append("poses between the ticks: it holds one every 0.2 s")
        if recording.lens is not None:
            said.append(LOST_LENS)
        return tuple(said)
