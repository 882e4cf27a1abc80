"""Small operations on pictures that the detail decoder's parts share. Float32, channels last."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Doubles = NDArray[np.float64]
Image = NDArray[Any]
"""(H, W) or (H, W, C), uint8 or float32."""

WIDEST_DIRECT_BLUR = 4.0
"""In pixels. Wider blurs are made on a smaller picture, where they cost less and look the same."""


def blur(image: Image, sigma: float) -> Array:
    """Gaussian blur of a float32 image; `sigma` in pixels."""
    if sigma <= WIDEST_DIRECT_BLUR:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REPLICATE))
    factor = int(sigma // 2)
    height, width = image.shape[:2]
    small = resize(image, max(2, width // factor), max(2, height // factor))
    small = np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / factor, borderType=cv2.BORDER_REPLICATE))
    return resize(small, width, height)


def resize(image: Image, width: int, height: int) -> Image:
    """The image at another size: averaged where it shrinks, linear where it grows."""
    old_height, old_width = image.shape[:2]
    if (old_width, old_height) == (width, height):
        return image
    shrinks = width <= old_width and height <= old_height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=how))


def as_floats(image: Any) -> Array:
    """What an OpenCV function gave, as float32."""
    return np.asarray(image, np.float32)


def pixel_grid(width: int, height: int) -> tuple[Array, Array]:
    """Places of the pixels' centres: across and down, each (height, width), -1 and 1 being the picture's edges."""
    across = (np.arange(width) + 0.5) / width * 2 - 1
    down = (np.arange(height) + 0.5) / height * 2 - 1
    grid_across, grid_down = np.meshgrid(across, down)
    return grid_across.astype(np.float32), grid_down.astype(np.float32)


def fetch(image: Image, across: Array, down: Array) -> Image:
    """The image at places given as across and down (-1 to 1), linear; mirrored past its edges."""
    height, width = image.shape[:2]
    return np.asarray(
        cv2.remap(
            image,
            (across * 0.5 + 0.5) * width - 0.5,
            (down * 0.5 + 0.5) * height - 0.5,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
    )


def normalised_brightness(picture: Image) -> Array:
    """Brightness (H, W) with the slow part taken off and the contrast evened out, so that what a world does to colours
    does not look like motion.

    The lengths are for a picture of 112 x 64: a blur that takes both pictures to the sharpness of soft frames, the
    mean and the deviation over a neighbourhood. 9 is the variance, in squared levels, below which there is nothing.
    """
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    grey = blur(grey, 1.8)
    rest = grey - blur(grey, 10)
    return np.asarray(rest / np.sqrt(blur(rest * rest, 14) + 9), np.float32)
