"""The bytes of a chunk: every frame on its own, and nothing read from what is damaged."""

from __future__ import annotations

import numpy as np
import pytest

from astra_studio.document.chunk_files import (
    ChunkFrames,
    decode_latents,
    encode_frames,
    encode_latents,
    encode_thumbnail,
)
from astra_studio.document.errors import ArtifactDamaged


@pytest.fixture(scope="module")
def frames() -> np.ndarray:
    """33 frames (33, 64, 112, 3): a colour ramp that brightens."""
    y, x = np.mgrid[:64, :112]
    ramp = np.stack([x * 200 // 112, y * 200 // 64, 200 - x * 200 // 112], axis=-1)
    return np.stack([np.clip(ramp + number, 0, 255) for number in range(33)]).astype(np.uint8)


@pytest.mark.parametrize(("frame_format", "error"), [("mjpeg", 3.0), ("magicyuv", 0.0)])
def test_any_frame_can_be_asked_for_in_any_order(frames, frame_format, error):
    with ChunkFrames(encode_frames(frames, frame_format)) as stored:
        assert stored.num_frames == 33
        for number in [32, 0, 17, 16, 17, 1, 31]:
            shown = stored.frame(number)
            assert shown.dtype == np.uint8
            assert np.abs(shown.astype(int) - frames[number]).mean() <= error
        with pytest.raises(ValueError, match="frames 0 to 32, asked for 33"):
            stored.frame(33)


def test_colours_come_back_within_a_few_steps(frames):
    with ChunkFrames(encode_frames(frames)) as stored:
        assert np.abs(stored.frame(5).astype(int) - frames[5]).max() <= 12


def test_the_same_frames_give_the_same_bytes(frames):
    assert encode_frames(frames) == encode_frames(frames)


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 4, 4, 3), np.uint8), np.zeros((2, 4, 4, 3)), np.zeros((4, 4, 3), np.uint8)]
)
def test_what_is_no_frames_is_refused(bad):
    with pytest.raises(ValueError, match="uint8 frames"):
        encode_frames(bad)


def test_damaged_frames_are_told(frames):
    data = encode_frames(frames)
    with pytest.raises(ArtifactDamaged):
        ChunkFrames(b"nothing")
    with pytest.raises(ArtifactDamaged):
        ChunkFrames(data[: len(data) // 2])


def test_latents_come_back_bit_for_bit():
    latents = np.random.default_rng(0).standard_normal((16, 8, 4, 6)).astype(np.float32)
    assert np.array_equal(decode_latents(encode_latents(latents.swapaxes(2, 3))), latents.swapaxes(2, 3))
    for bad in (b"", b"12345678nothing", encode_latents(latents)[:-5]):
        with pytest.raises(ArtifactDamaged):
            decode_latents(bad)


def test_a_thumbnail_is_a_jpeg(frames):
    assert encode_thumbnail(frames).startswith(b"\xff\xd8\xff")
