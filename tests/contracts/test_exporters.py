"""What every kind of export must do."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.video.decode import probe, read_frames
from engine.video.exporters import EXPORTERS, WORDS, kind_of

FPS, COUNT = 20, 6


@pytest.fixture
def frames() -> np.ndarray:
    """A ramp with a square that moves, and plain colours to be read back."""
    y, x = np.mgrid[:48, :64]
    plain = np.stack([x * 3, y * 4, 255 - x * 3], -1).astype(np.uint8)
    made = np.stack([plain.copy() for _ in range(COUNT)])
    for number, frame in enumerate(made):
        frame[8:24, 4 + 6 * number : 20 + 6 * number] = (200, 60, 40)
    return made


def target(tmp_path: Path, kind: str) -> Path:
    return tmp_path / ("pictures" if kind == "png" else f"clip.{kind}")


def read_back(path: Path, kind: str) -> tuple[np.ndarray, float]:
    """Frames and rate of an exported file."""
    if kind == "png":
        files = sorted(path.iterdir())
        return np.stack([np.array(Image.open(file)) for file in files]), FPS
    if kind in ("gif", "webp"):
        with Image.open(path) as image:
            found = []
            for number in range(image.n_frames):
                image.seek(number)
                found.append(np.array(image.convert("RGB")))
            return np.stack(found), 1000 / image.info["duration"]
    return np.stack(list(read_frames(path))), float(probe(path).fps)


@pytest.mark.parametrize("kind", EXPORTERS)
def test_frames_rate_and_colours_come_back(kind: str, tmp_path: Path, frames: np.ndarray) -> None:
    path = target(tmp_path, kind)
    exporter = EXPORTERS[kind](path, 64, 48, FPS, {"comment": "made by a test"})
    exporter.write(frames[:2])
    exporter.write(frames[2:])
    exporter.finish()
    found, rate = read_back(path, kind)
    assert found.shape == frames.shape
    assert rate == pytest.approx(FPS)
    limit = {"mkv": 0, "png": 0, "mp4": 12, "webp": 16, "gif": 24}[kind]
    error = np.abs(found.astype(int) - frames.astype(int)).mean()
    assert error <= limit / 4 if limit else error == 0


@pytest.mark.parametrize("kind", EXPORTERS)
def test_abort_leaves_nothing_behind(kind: str, tmp_path: Path, frames: np.ndarray) -> None:
    exporter = EXPORTERS[kind](target(tmp_path, kind), 64, 48, FPS, {})
    exporter.write(frames)
    exporter.abort()
    assert list(tmp_path.iterdir()) == []


def test_mp4_is_tagged_as_what_it_is(tmp_path: Path, frames: np.ndarray) -> None:
    exporter = EXPORTERS["mp4"](tmp_path / "clip.mp4", 64, 48, FPS, {"comment": "words"})
    exporter.write(frames)
    exporter.finish()
    with av.open(str(tmp_path / "clip.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 1, 1)
        assert container.metadata["comment"] == "words"


def test_every_kind_has_words_and_a_suffix() -> None:
    assert set(WORDS) == set(EXPORTERS)
    assert kind_of(Path("a/b.MP4")) == "mp4"
    assert kind_of(Path("a/folder")) == "png"
    with pytest.raises(ValueError, match="mkv"):
        kind_of(Path("clip.avi"))
