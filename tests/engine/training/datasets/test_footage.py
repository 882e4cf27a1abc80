import numpy as np
import pytest

from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import Footage, picture_footage, read_shown, shown_frames, video_footage
from tests.engine.training.datasets.builders import picture, write_video


@pytest.mark.parametrize(
    ("fps", "wanted", "numbers"),
    [
        (20, 20, [0, 1, 2, 3, 4, 5, 6]),
        (30, 20, [0, 2, 3, 5, 6]),
        (40, 20, [0, 2, 4, 6]),
        (24, 20, [0, 1, 2, 4, 5, 6]),
        (15, 20, [0, 1, 2, 2, 3, 4, 5, 5, 6]),
        (30000 / 1001, 20, [0, 1, 3, 4, 6]),
    ],
)
def test_the_frame_nearest_in_time_is_shown(fps, wanted, numbers):
    times = np.arange(7) / fps
    assert shown_frames(times, 0, times[-1], wanted).tolist() == numbers


def test_only_frames_within_the_span_are_shown():
    times = np.arange(10) / 10
    assert shown_frames(times, 0.2, 0.5, 10).tolist() == [2, 3, 4, 5]
    assert shown_frames(times, 0.15, 0.55, 5).tolist() == [2, 4]
    assert shown_frames(times, 2.0, 3.0, 10).tolist() == []


def test_uneven_times_are_followed():
    times = np.array([0, 0.04, 0.2, 0.21, 0.5])
    assert shown_frames(times, 0, 0.5, 10).tolist() == [0, 1, 2, 3, 4, 4]


def test_without_a_rate_every_frame_is_shown():
    assert shown_frames(np.arange(5.0), 1, 3, None).tolist() == [1, 2, 3]


def test_pictures_are_read_in_one_pass_and_repeated_where_asked():
    read = []

    def reader(number):
        read.append(number)
        return picture(number, 48, 32)

    footage = picture_footage(np.arange(6.0), [lambda n=n: reader(n) for n in range(6)])
    shown = list(read_shown(footage, [2, 2, 4, 4, 4], 48, 32))
    assert read == [2, 3, 4]
    assert [np.array_equal(frame, picture(n, 48, 32)) for n, frame in zip((2, 2, 4, 4, 4), shown, strict=True)]
    assert np.array_equal(shown[0], picture(2, 48, 32))


def test_pictures_are_cut_about_their_middle_and_resized():
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 24:72] = 200
    footage = picture_footage(np.arange(2.0), [lambda: wide] * 2)
    (frame,) = read_shown(footage, [0], 24, 16)
    assert frame.shape == (16, 24, 3)
    assert frame[:, 2:-2].min() > 195


def test_a_video_begins_where_it_is_asked_to(tmp_path):
    write_video(tmp_path / "v.mp4", 12, 25)
    footage = video_footage(tmp_path / "v.mp4")
    assert np.allclose(footage.times, np.arange(12) / 25)
    assert np.array_equal(next(footage.pictures(7)), list(footage.pictures(0))[7])


def test_footage_that_ends_early_says_so():
    footage = Footage(times=np.arange(5.0), pictures=lambda first: iter([picture(0)] * (2 - first)))
    with pytest.raises(ClipError, match="end before number 3"):
        list(read_shown(footage, [0, 3], 48, 32))
