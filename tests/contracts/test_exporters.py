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
        assert (context.color_primaries, context.color_trc, context.colorspace) == (1, 13, 1)
        assert container.metadata["comment"] == "words"


def test_lossless_is_tagged_as_srgb_and_carries_its_words(tmp_path: Path, frames: np.ndarray) -> None:
    exporter = EXPORTERS["mkv"](tmp_path / "clip.mkv", 64, 48, FPS, {"comment": "words"})
    exporter.write(frames)
    exporter.finish()
    with av.open(str(tmp_path / "clip.mkv")) as container:
        context = container.streams.video[0].codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (1, 13, 0, 2)
        assert {key.lower(): value for key, value in container.metadata.items()}["comment"] == "words"


@pytest.mark.parametrize("kind", EXPORTERS)
def test_frames_of_another_size_are_refused_and_nothing_is_left(kind: str, tmp_path: Path, frames: np.ndarray) -> None:
    exporter = EXPORTERS[kind](target(tmp_path, kind), 64, 48, FPS, {})
    with pytest.raises(ValueError, match="48, 64, 3"):
        exporter.write(frames[:, :, :32])
    exporter.abort()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", ["gif", "webp"])
@pytest.mark.parametrize("fps", [20, 24, 30])
def test_animations_keep_their_pace_over_time(kind: str, fps: int, tmp_path: Path, frames: np.ndarray) -> None:
    """GIF counts in hundredths of a second, WebP in thousandths: what is rounded off must not add up."""
    exporter = EXPORTERS[kind](tmp_path / f"clip.{kind}", 64, 48, fps, {})
    for _ in range(10):
        exporter.write(frames)
    exporter.finish()
    with Image.open(tmp_path / f"clip.{kind}") as image:
        times = []
        for number in range(image.n_frames):
            image.seek(number)
            image.load()
            times.append(image.info["duration"])
        assert image.info["loop"] == 0, "again and again"
    assert len(times) == 60
    assert sum(times) == pytest.approx(60_000 / fps, abs=12)


def test_a_gif_dithers_what_it_has_no_colours_for(tmp_path: Path) -> None:
    """A sky: far more shades than 256 in all, each frame its own."""
    ramp = np.linspace(0, 255, 64 * 48).reshape(48, 64)
    sky = np.stack([ramp, 255 - ramp, ramp[::-1]], -1).astype(np.uint8)
    exporter = EXPORTERS["gif"](tmp_path / "sky.gif", 64, 48, FPS, {})
    exporter.write(sky[None].repeat(2, 0))
    exporter.finish()
    with Image.open(tmp_path / "sky.gif") as image:
        found = np.array(image.convert("RGB")).astype(float)
    blocks = (found - sky).reshape(6, 8, 8, 8, 3).mean((1, 3))
    assert np.abs(blocks).max() < 8, "seen from afar, the colours are right"


def test_every_kind_has_words_and_a_suffix() -> None:
    assert set(WORDS) == set(EXPORTERS)
    assert kind_of(Path("a/b.MP4")) == "mp4"
    assert kind_of(Path("a/folder")) == "png"
    with pytest.raises(ValueError, match="mkv"):
        kind_of(Path("clip.avi"))
