from __future__ import annotations

import numpy as np

from engine.detail.images import blur, fetch, normalised_brightness, pixel_grid, resize
from tests.engine.detail.scenes import photograph

RNG = np.random.default_rng(4)


def test_a_wide_blur_is_close_to_the_direct_one() -> None:
    image = RNG.random((64, 112)).astype(np.float32)
    smooth = blur(image, 2)
    direct = blur(blur(smooth, 3), 4)  # variances add: 25
    assert np.abs(blur(smooth, 5) - direct).max() < 0.25 * np.abs(smooth - direct).max()


def test_fetching_at_its_own_places_gives_the_image() -> None:
    image = RNG.random((64, 112)).astype(np.float32)
    assert np.abs(fetch(image, *pixel_grid(112, 64)) - image).max() < 1e-3


def test_fetching_past_the_edge_is_mirrored() -> None:
    image = RNG.random((64, 112)).astype(np.float32)
    across, down = pixel_grid(112, 64)
    assert np.abs(fetch(image, across + 2, down) - image[:, ::-1]).max() < 1e-3


def test_resizing_to_the_same_size_changes_nothing() -> None:
    image = RNG.integers(0, 256, (32, 48, 3)).astype(np.uint8)
    assert np.array_equal(resize(image, 48, 32), image)
    assert resize(image, 24, 16).shape == (16, 24, 3)


def test_normalised_brightness_does_not_know_exposure_and_slow_tints() -> None:
    picture = photograph("palace", 112, 64)
    darker = (picture * 0.6 + 20).astype(np.uint8)
    one, other = normalised_brightness(picture), normalised_brightness(darker)
    assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > 0.97
    assert np.abs(one - other).mean() < 0.2 * np.abs(one).mean()
