from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.analysis.following import goes_right
from engine.analysis.quality import psnr
from engine.evaluation.beyond import BeyondMeasures, answer_of, true_answer
from engine.evaluation.commands import DIRECTIONS
from engine.evaluation.controls import CONTROLS, panned, panned_weakly, warped
from engine.evaluation.following import Searches
from engine.evaluation.starts import procedural_starts
from engine.poses import from_parts, rotation_x, rotation_y
from engine.worlds.fake import FakeWorld

PACE = 1.0
INFO = replace(FakeWorld().info, width=112, height=64)
BY_NAME = {control.name: control for control in CONTROLS}


@pytest.fixture(scope="module")
def start():
    return procedural_starts(1, INFO, 900_001)[0]


@pytest.fixture(scope="module")
def measured(start):
    """What is measured on the truth and on each control."""
    measures = BeyondMeasures(INFO, PACE)
    truth = true_answer(start, PACE, INFO.clock)
    answers = {name: answer_of(control, start, PACE, INFO.clock) for name, control in BY_NAME.items()}
    return {name: measures.measure(chunks, truth) for name, chunks in ({"truth": truth} | answers).items()}


def moved(picture, x, y):
    """The picture with its content moved by whole pixels, where it is known."""
    return np.roll(picture, (y, x), (0, 1))


@pytest.mark.parametrize("show", [warped, panned, panned_weakly])
def test_a_camera_that_rests_sees_the_start(start, show):
    # The outermost pixels are blended of the border and its neighbour, up to rounding.
    assert psnr(show(start.picture, np.eye(4)[None])[0], start.picture) > 45


@pytest.mark.parametrize(
    ("pose", "x", "y"),
    [
        (from_parts(rotation_y(0.1)), -8, 0),
        (from_parts(rotation_y(-0.1)), 8, 0),
        (from_parts(rotation_x(0.1)), 0, 8),
        (from_parts(translation=[0.12, 0, 0]), -8, 0),
        (from_parts(translation=[0, 0.12, 0]), 0, -8),
    ],
)
def test_a_pan_moves_the_picture_against_the_camera(start, pose, x, y):
    """At a focal length of 80 pixels a tenth of a radian, or a tenth of the distance, is 8 pixels."""
    inside = np.s_[10:-10, 10:-10]
    found = panned(start.picture, pose[None])[0][inside]
    assert psnr(found, moved(start.picture, x, y)[inside]) > psnr(found, start.picture[inside]) + 5
    assert psnr(found, moved(start.picture, x, y)[inside]) > psnr(found, moved(start.picture, -x, -y)[inside]) + 5


def test_a_pan_zooms_into_what_it_walks_towards(start):
    shown = panned(start.picture, from_parts(translation=[0, 0, 0.6])[None])[0]
    enlarged = start.picture[16:48, 28:84].repeat(2, 0).repeat(2, 1)
    assert psnr(shown, enlarged) > psnr(shown, start.picture) + 2


def test_the_weak_pan_goes_a_fifth_of_the_way(start):
    turn = from_parts(rotation_y(0.1))[None]
    assert np.allclose(panned_weakly(start.picture, turn), panned(start.picture, from_parts(rotation_y(0.02))[None]))


def test_a_warp_beyond_the_picture_repeats_its_border(start):
    shown = warped(start.picture, from_parts(rotation_y(0.24))[None])[0]
    assert np.array_equal(shown[:, -1], shown[:, -5])
    assert not np.array_equal(shown[:, 20], shown[:, 24])


def test_right_directions_do_not_tell_the_controls_from_the_truth(start):
    searches = Searches(INFO)
    for control in CONTROLS:
        chunks = answer_of(control, start, PACE, INFO.clock)
        gains = [searches.gain(chunk, command, PACE) for chunk, command in zip(chunks, DIRECTIONS, strict=True)]
        assert goes_right(np.array(gains)).all(), control.name


def test_a_pan_of_any_strength_is_found_out_by_its_step_aside(measured):
    assert measured["truth"].cross_talk.max() < 0.2
    assert measured["warp"].cross_talk.max() < 0.2
    assert measured["pan"].cross_talk.min() > 0.5
    assert measured["weak_pan"].cross_talk.min() > 0.5


def test_a_pan_has_no_parallax_and_a_warp_that_of_its_geometry(measured):
    true, found = measured["warp"].parallax.T
    assert np.all(np.abs(true) > 1.5)
    assert np.all((found / true > 0.5) & (found / true < 1.5))
    assert np.all(np.abs(measured["pan"].parallax[:, 1]) < 0.5)


def test_what_comes_into_view_is_what_the_start_does_not_show(start):
    """Of a turn to the left: the left strip of the last frame."""
    truth = true_answer(start, PACE, INFO.clock)
    measures = BeyondMeasures(INFO, PACE)
    found = []
    for spoilt in (np.s_[:, 70:], np.s_[:, :10]):
        last = truth[0].last.copy()
        last[spoilt] = 0
        found.append(measures.measure([replace(truth[0], last=last), *truth[1:]], truth).revealed[0])
    assert found[0] == 60
    assert found[1] < 40


def test_no_control_knows_what_comes_into_view(measured):
    assert np.all(measured["truth"].revealed == 60)
    for name in BY_NAME:
        assert np.all(measured[name].revealed < 30)
