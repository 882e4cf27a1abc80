"""High dynamic range down to sRGB: HLG and PQ (Rec. ITU-R BT.2100) tone-mapped by the curve of Rec. ITU-R BT.2390.

The white of paper, 203 cd/m2 by Rec. ITU-R BT.2408, becomes sRGB's white. Darker tones keep their brightness, brighter
ones are folded in below it.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Transfer = Literal["sdr", "hlg", "pq"]
Floats = NDArray[np.float32]

PAPER_WHITE_NITS = 203.0
PEAK_NITS = 1000.0
"""Of the screen that a picture was made for, where nothing else is known."""

# BT.2100, tables 4 and 5.
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_SYSTEM_GAMMA = 1.2
_LUMA_2020 = np.array([0.2627, 0.6780, 0.0593], np.float32)
_TO_709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""Linear BT.2020 to linear BT.709 (Rec. ITU-R BT.2087)."""


def tone_mapped(coded: Floats, transfer: Transfer) -> NDArray[np.uint8]:
    """Pixels (H, W, 3) coded in HLG or PQ with BT.2020 primaries, in 0..1, as sRGB uint8.

    Raises ValueError for "sdr", which needs none of this.
    """
    if transfer == "sdr":
        raise ValueError("a picture of standard range is not tone-mapped")
    nits = _hlg_to_nits(coded) if transfer == "hlg" else _pq_to_nits(coded)
    # By the brightest channel, so that a hue stays what it is.
    brightest = np.maximum(nits.max(axis=-1, keepdims=True), 1e-4)
    linear = nits * (_folded(brightest) / brightest) / PAPER_WHITE_NITS
    return _srgb(np.clip(linear @ _TO_709.T, 0, 1))


def _pq_to_nits(coded: Floats) -> Floats:
    root = np.power(np.clip(coded, 0, 1), 1 / _M2)
    return np.asarray(10000 * np.power(np.maximum(root - _C1, 0) / (_C2 - _C3 * root), 1 / _M1), np.float32)


def _nits_to_pq(nits: Floats) -> Floats:
    power = np.power(np.clip(nits / 10000, 0, 1), _M1)
    return np.asarray(np.power((_C1 + _C2 * power) / (1 + _C3 * power), _M2), np.float32)


def _hlg_to_nits(coded: Floats) -> Floats:
    clipped = np.clip(coded, 0, 1)
    scene = np.where(clipped <= 0.5, clipped**2 / 3, (np.exp((clipped - _HLG_C) / _HLG_A) + _HLG_B) / 12)
    luminance = np.maximum(scene @ _LUMA_2020, 1e-6)[..., None]
    return np.asarray(PEAK_NITS * luminance ** (_HLG_SYSTEM_GAMMA - 1) * scene, np.float32)


def _folded(nits: Floats) -> Floats:
    """BT.2390's curve from `PEAK_NITS` to `PAPER_WHITE_NITS`: as it is up to a knee, then a Hermite spline."""
    peak = _nits_to_pq(np.float32(PEAK_NITS))  # type: ignore[arg-type]  # a scalar is an array to numpy
    share = np.minimum(_nits_to_pq(nits) / peak, 1)
    highest = float(_nits_to_pq(np.float32(PAPER_WHITE_NITS)) / peak)  # type: ignore[arg-type]
    knee = 1.5 * highest - 0.5
    t = np.clip((share - knee) / (1 - knee), 0, 1)
    spline = (2 * t**3 - 3 * t**2 + 1) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + (3 * t**2 - 2 * t**3) * highest
    return _pq_to_nits(np.where(share < knee, share, spline) * peak)


def _srgb(linear: Floats) -> NDArray[np.uint8]:
    coded = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * np.power(linear, 1 / 2.4) - 0.055)
    return np.asarray((coded * 255).round(), np.uint8)
