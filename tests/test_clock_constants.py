"""How frames, ticks and seconds belong together is said by clocks: nothing spells it out again."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMES = re.compile(
    r"\b(FRAMES_PER_LATENT|SECONDS_PER_TICK|SECONDS_PER_FRAME|TRAINED_SPEED|TRAINED_TURN|FRAMES_PER_SECOND|"
    r"TICKS_PER_CHUNK|LATENTS_PER_CHUNK|TICKS_PER_SECOND|DEFAULT_TICKS|CHUNK_S)\b"
)
"""The constants that were, and what they would be called if they came back."""
FUNCTION = re.compile(r"^def num_frames\(", re.M)


def faults(text: str) -> list[str]:
    return NAMES.findall(text) + FUNCTION.findall(text)


def sources() -> list[Path]:
    folders = ("astra_studio", "engine", "ui", "packaging")
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def test_no_constant_of_a_clock_comes_back():
    found = {str(path.relative_to(ROOT)): faults(path.read_text(encoding="utf-8")) for path in sources()}
    assert len(found) > 300
    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize("line", ["SECONDS_PER_TICK = 0.2", "from engine.messages import FRAMES_PER_LATENT"])
def test_one_would_be_found(line: str) -> None:
    assert faults(line)
