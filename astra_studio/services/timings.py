"""Owns what was learned of how long a chunk takes on this machine, kept between sessions."""

from __future__ import annotations

import json
from pathlib import Path

from astra_studio.paths import user_data
from engine.messages import SamplingSettings, WorldInfo
from engine.video.encode import PartFile

_WEIGHT = 0.3
"""Of the newest chunk in the running mean: one slow chunk does not spoil the forecast."""


class Timings:
    """Seconds per chunk by world, device, steps, guidance branches and length."""

    def __init__(self) -> None:
        """Read what is known; a file that cannot be read counts as nothing known."""
        try:
            known = json.loads(_file().read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        entries = known.items() if isinstance(known, dict) else ()
        self._seconds = {str(key): float(value) for key, value in entries if isinstance(value, (int, float))}

    def seconds(self, info: WorldInfo, settings: SamplingSettings, num_latents: int) -> float | None:
        """What a chunk like this took; None where none was made yet."""
        return self._seconds.get(_key(info, settings, num_latents))

    def learn(self, info: WorldInfo, settings: SamplingSettings, num_latents: int, seconds: float) -> None:
        """Take note of a finished chunk."""
        key = _key(info, settings, num_latents)
        before = self._seconds.get(key, seconds)
        self._seconds[key] = before + _WEIGHT * (seconds - before)

    def save(self) -> None:
        """Keep it for the next session. Raises OSError."""
        _file().parent.mkdir(parents=True, exist_ok=True)
        part = PartFile(_file())
        with part.guarded():
            part.path.write_text(json.dumps(self._seconds, indent=1) + "\n", encoding="utf-8")
        part.commit()


def _key(info: WorldInfo, settings: SamplingSettings, num_latents: int) -> str:
    branches = 1 + (settings.guidance > 1) + (info.has_text and settings.text_guidance > 1)
    return f"{info.fingerprint[:16]}/{info.device}/{settings.num_steps}x{branches}/{num_latents}"


def _file() -> Path:
    return user_data() / "timings.json"
