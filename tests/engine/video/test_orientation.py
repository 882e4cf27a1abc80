import struct

import numpy as np
import pytest

from engine.video.orientation import Orientation, from_display_matrix, from_exif

ONE = 1 << 16
STORED = np.arange(12, dtype=np.uint8).reshape(3, 4)


def placed(a: int, b: int, c: int, d: int) -> np.ndarray:
    """Every stored pixel (x, y) put at (a x + c y, b x + d y), as the matrix says."""
    found = {(a * x + c * y, b * x + d * y): STORED[y, x] for y in range(3) for x in range(4)}
    left, top = (min(place[n] for place in found) for n in (0, 1))
    picture = np.zeros((3, 4) if a else (4, 3), np.uint8)
    for (x, y), value in found.items():
        picture[y - top, x - left] = value
    return picture


SYMMETRIES = [(a, 0, 0, d) for a in (1, -1) for d in (1, -1)] + [(0, b, c, 0) for b in (1, -1) for c in (1, -1)]


@pytest.mark.parametrize("matrix", SYMMETRIES)
def test_all_symmetries_of_the_square_put_each_pixel_where_the_matrix_does(matrix: tuple[int, int, int, int]) -> None:
    a, b, c, d = matrix
    data = struct.pack("<9i", a * ONE, b * ONE, 0, c * ONE, d * ONE, 0, 0, 0, 1 << 30)
    assert np.array_equal(from_display_matrix(data).shown(STORED), placed(a, b, c, d))


def test_an_angle_between_quarters_is_the_nearest_quarter() -> None:
    cos, sin = round(0.9 * ONE), round(0.43 * ONE)
    data = struct.pack("<9i", cos, sin, 0, -sin, cos, 0, 0, 0, 1 << 30)
    assert from_display_matrix(data) == Orientation()


def test_exif_numbers_its_orientations_from_1_to_8_and_others_are_upright() -> None:
    assert {(from_exif(tag).rotation, from_exif(tag).mirrored) for tag in range(1, 9)} == {
        (rotation, mirrored) for rotation in (0, 90, 180, 270) for mirrored in (False, True)
    }
    assert from_exif(0) == from_exif(77) == Orientation()
