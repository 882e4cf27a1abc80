import numpy as np
import pytest

from engine.video.colours import tone_mapped


def grey(code: float) -> np.ndarray:
    return np.full((1, 1, 3), code, np.float32)


def test_the_white_of_paper_is_white_or_little_less() -> None:
    # BT.2408: 75 % of HLG and 58 % of PQ are 203 cd/m2.
    for code, transfer in ((0.75, "hlg"), (0.58, "pq")):
        assert 215 <= tone_mapped(grey(code), transfer)[0, 0, 0] <= 250


def test_dark_tones_keep_their_brightness() -> None:
    # 20 cd/m2 of 203 is 9.85 % of white: 89 in sRGB.
    assert tone_mapped(grey(0.3573), "pq")[0, 0, 0] == pytest.approx(89, abs=4)


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_brighter_stays_brighter_and_black_stays_black(transfer: str) -> None:
    ramp = np.linspace(0, 0.75, 200, dtype=np.float32)[None, :, None].repeat(3, -1)
    shown = tone_mapped(ramp, transfer)[0, :, 0].astype(int)
    assert shown[0] == 0
    assert (np.diff(shown) >= 0).all()
    assert len(set(shown)) > 100


def test_the_same_codes_mean_other_colours_in_each_curve() -> None:
    codes = np.linspace(0.1, 0.9, 9, dtype=np.float32)[None, :, None].repeat(3, -1)
    hlg, pq = tone_mapped(codes, "hlg").astype(int), tone_mapped(codes, "pq").astype(int)
    assert np.abs(hlg - pq).mean() > 10
    assert np.abs(hlg - codes * 255).mean() > 10


def test_hues_stay_and_a_grey_has_no_colour() -> None:
    assert np.ptp(tone_mapped(grey(0.6), "hlg")) <= 1
    red = np.zeros((1, 1, 3), np.float32)
    red[..., 0] = 0.7
    r, g, b = tone_mapped(red, "hlg")[0, 0].astype(int)
    assert r > 150
    assert max(g, b) < 20


def test_a_picture_of_standard_range_is_refused() -> None:
    with pytest.raises(ValueError, match="not tone-mapped"):
        tone_mapped(grey(0.5), "sdr")
