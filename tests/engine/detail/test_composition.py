from __future__ import annotations

import numpy as np

from engine.detail.composition import Composer, View
from engine.detail.images import pixel_grid, resize
from engine.messages import Picture
from tests.engine.detail.scenes import photograph

ACROSS, DOWN = pixel_grid(112, 64)


def composer(width: int = 448, height: int = 256) -> Composer:
    return Composer(photograph("palace"), width, height, 112, 64)


def soft_start() -> Picture:
    return np.asarray(resize(resize(photograph("palace"), 28, 16), 112, 64))


def seen(composer: Composer, soft: Picture, across: np.ndarray = ACROSS) -> View:
    trust = composer.trust(across, DOWN, soft)
    return View(across=across, down=DOWN, agreement=resize(trust, 112, 64))


def energy(picture: Picture) -> float:
    grey = picture.astype(np.float64).mean(axis=-1)
    return float(np.square(np.diff(grey, axis=1)).mean() + np.square(np.diff(grey, axis=0)).mean())


def test_where_the_world_agrees_the_start_picture_is_shown() -> None:
    makes = composer()
    shown = makes.compose(seen(makes, soft_start()), soft_start())
    middle = np.s_[32:-32, 32:-32]
    assert np.abs(shown[middle].astype(int) - makes.start_frame[middle]).mean() < 2
    assert energy(shown[middle]) > 0.9 * energy(makes.start_frame[middle])


def test_where_the_world_disagrees_its_own_frame_stays() -> None:
    makes = composer()
    soft = soft_start()
    soft[:, :40] = (255, 0, 0)
    shown = makes.compose(seen(makes, soft), soft)
    wrong, right = np.s_[40:-40, 20:120], np.s_[40:-40, 240:-40]
    own = resize(soft, 448, 256).astype(int)
    assert np.abs(shown[wrong] - own[wrong]).mean() < 3
    assert energy(shown[wrong]) < 0.1 * energy(makes.start_frame[wrong])
    assert energy(shown[right]) > 0.8 * energy(makes.start_frame[right])


def test_beside_the_start_picture_stays_soft() -> None:
    makes = composer()
    soft = soft_start()
    beside = ACROSS - 1  # the left half lies past the picture's edge
    shown = makes.compose(View(across=beside, down=DOWN, agreement=np.ones((64, 112), np.float32)), soft)
    own = resize(soft, 448, 256).astype(int)
    assert np.abs(shown[:, :200] - own[:, :200]).mean() < 6
    assert energy(shown[:, :200]) < 0.15 * energy(makes.start_frame[:, :200])


def test_a_slow_change_of_colours_is_kept_by_half() -> None:
    makes = composer()
    soft = np.clip(soft_start().astype(int) * 0.6 + 60, 0, 255).astype(np.uint8)
    lighter = np.asarray(np.clip(soft.astype(int) + 10, 0, 255).astype(np.uint8))
    view = View(across=ACROSS, down=DOWN, agreement=np.ones((64, 112), np.float32))
    rise = makes.compose(view, lighter).astype(int) - makes.compose(view, soft)
    assert 4 < rise[60:-60, 60:-60].mean() < 6


def test_frames_of_a_larger_world_keep_their_detail_where_they_are_not_replaced() -> None:
    makes = composer()
    fine = photograph("coffee")
    view = View(across=ACROSS, down=DOWN, agreement=np.zeros((64, 112), np.float32))
    assert np.abs(makes.compose(view, fine).astype(int) - fine).mean() < 2


def test_a_view_on_the_way_to_another() -> None:
    makes = composer()
    one, other = seen(makes, soft_start()), seen(makes, soft_start(), ACROSS + 1)
    quarter = one.towards(other, 0.25)
    assert np.allclose(quarter.across, ACROSS + 0.25, atol=1e-6)
    assert np.allclose(quarter.agreement, 0.75 * one.agreement + 0.25 * other.agreement, atol=1e-6)


def test_shown_frames_have_the_size_that_was_asked_for() -> None:
    for size in ((112, 64), (448, 256), (832, 480)):
        makes = composer(*size)
        assert makes.start_frame.shape == (size[1], size[0], 3)
        assert makes.compose(seen(makes, soft_start()), soft_start()).shape == (size[1], size[0], 3)
