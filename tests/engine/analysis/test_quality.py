from __future__ import annotations

import numpy as np
import pytest

from engine.analysis.quality import BLOCK, MAX_PSNR, blockiness, gradient_energy, psnr, sharpness_kept


@pytest.fixture
def picture():
    return np.random.default_rng(2).integers(0, 256, (48, 64, 3)).astype(np.uint8)


def test_psnr_of_a_known_error():
    truth = np.full((8, 8, 3), 100, np.uint8)
    assert psnr(truth + 10, truth) == pytest.approx(20 * np.log10(255 / 10))
    assert psnr(truth, truth + 10) == psnr(truth + 10, truth)


def test_psnr_of_equal_pictures_is_finite(picture):
    assert psnr(picture, picture) == pytest.approx(MAX_PSNR)


def test_psnr_of_different_shapes_is_refused(picture):
    with pytest.raises(ValueError, match=r"of one shape, got \(48, 64, 3\) and \(47, 64, 3\)"):
        psnr(picture, picture[1:])


def test_gradient_energy_of_a_ramp():
    ramp = np.tile(np.arange(0, 128, 2, dtype=np.uint8)[None, :, None], (48, 1, 3))
    assert gradient_energy(ramp) == pytest.approx(4.0, rel=1e-4)


def test_sharpness_falls_with_blur(picture):
    blurred = picture.reshape(24, 2, 32, 2, 3).mean((1, 3)).repeat(2, 0).repeat(2, 1).astype(np.uint8)
    assert sharpness_kept(picture, picture) == 1
    assert sharpness_kept(blurred, picture) < 0.3


def test_sharpness_against_a_flat_start_is_none(picture):
    assert sharpness_kept(picture, np.zeros_like(picture)) == 0


def test_a_grid_of_blocks_is_no_sharpness_but_blockiness(picture):
    calm = (picture // 16 + 100).astype(np.uint8)
    blocks = np.random.default_rng(0).integers(-60, 60, (48 // BLOCK, 64 // BLOCK, 1))
    gridded = (calm + blocks.repeat(BLOCK, 0).repeat(BLOCK, 1)).astype(np.uint8)
    assert sharpness_kept(gridded, calm) == pytest.approx(1, rel=1e-3)
    assert blockiness(calm) == pytest.approx(1, abs=0.2)
    assert blockiness(gridded) > 10


def test_a_flat_picture_has_no_blocks():
    assert blockiness(np.zeros((16, 16, 3), np.uint8)) == 1
