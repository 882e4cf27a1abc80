"""Measured chunk times on this machine, kept between sessions."""

from __future__ import annotations

import json
import math
import re
import statistics
from pathlib import Path

from astra_studio.paths import user_data
from engine.messages import WorldInfo
from engine.settings import Settings, evaluations_per_step, num_steps
from engine.whole_files import PartFile

_WEIGHT = 0.3
"""Of the newest chunk in the running mean: one slow chunk does not spoil the forecast."""


class Timings:
    """Seconds per chunk by world, device, steps, evaluations per step and length."""

    def __init__(self) -> None:
        """Read what is known; a file that cannot be read counts as nothing known."""
        try:
            known = json.loads(_file().read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        entries = known.items() if isinstance(known, dict) else ()
        self._seconds = {str(key): float(value) for key, value in entries if isinstance(value, (int, float))}

    def seconds(self, info: WorldInfo, settings: Settings, num_latents: int) -> float | None:
        """What a chunk like this took; from others of this world where none was made yet; None without any."""
        key = _key(info, settings, num_latents)
        if key in self._seconds:
            return self._seconds[key]
        world = key.rsplit("/", 2)[0] + "/"
        paces = [
            took / work for other, took in self._seconds.items() if other.startswith(world) and (work := _work(other))
        ]
        return statistics.median(paces) * _work(key) if paces else None

    def learn(self, info: WorldInfo, settings: Settings, num_latents: int, seconds: float) -> None:
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


def _key(info: WorldInfo, settings: Settings, num_latents: int) -> str:
    evaluations = evaluations_per_step(info.settings, settings, has_text=info.has_text)
    return f"{info.fingerprint[:16]}/{info.device}/{num_steps(info.settings, settings)}x{evaluations}/{num_latents}"


def _work(key: str) -> float:
    """Evaluations times latents of such a chunk; 0 for a key that is none."""
    found = re.search(r"/(\d+)x(\d+)/(\d+)$", key)
    return float(math.prod(int(number) for number in found.groups())) if found else 0.0


def _file() -> Path:
    return user_data() / "timings.json"
