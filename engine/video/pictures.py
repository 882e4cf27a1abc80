"""Owns start pictures: a picture file in, upright opaque sRGB pixels out, cut and resized to a model's frame."""

from __future__ import annotations

import io
import math
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

Picture = NDArray[np.uint8]
"""(height, width, 3) sRGB, 0..255."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF")
MAX_PIXELS = 178_000_000
"""Largest picture that is decoded. Pillow itself refuses from 179 million on."""
MIN_SIDE = 16
"""Fewest pixels a side may have."""
MAX_SQUASH = 0.02
"""Largest relative change of aspect that `fit_picture` makes: enough for a crop rounded to whole pixels."""

_ORIENTATION_TAG = 0x0112
_TURN_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BACKGROUND = (255, 255, 255)

# What Pillow's readers raise on damaged files: the first three were met by scrambling 18 kinds of file 20,000 times,
# the others are those that Pillow itself expects of its readers.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
)
# warnings.catch_warnings changes the whole process, so only one thread at a time may be inside it.
_PILLOW = threading.Lock()


class PictureError(ValueError):
    """A file that cannot be used as a picture. The message says what came, what is needed and what to do."""


@dataclass(frozen=True, kw_only=True)
class Crop:
    """A box in source pixels, origin at the top left corner of the picture. Fractions of a pixel are allowed."""

    left: float
    top: float
    width: float
    height: float

    def __post_init__(self) -> None:
        numbers = (self.left, self.top, self.width, self.height)
        if not all(map(math.isfinite, numbers)) or min(self.width, self.height) <= 0:
            raise ValueError(f"a crop needs finite numbers and a size above 0, got {self}")


def load_picture(path: Path) -> Picture:
    """Read a PNG, JPEG, WebP, TIFF, BMP or GIF file as (height, width, 3) sRGB uint8.

    The first frame of an animation is taken. EXIF orientation is applied, an embedded colour profile is converted to
    sRGB (one that cannot be used is ignored), 16-bit values are scaled, and transparency is laid over white, which is
    what a cut-out was most likely drawn on. Raises PictureError for anything that is not a whole picture of
    `MIN_SIDE` a side to `MAX_PIXELS` in all.
    """
    with _quiet_pillow(), _open_file(path) as file, _identify(file, path) as image:
        _check_size(image.size, path)
        try:
            image.load()
            return np.array(_upright(_opaque_srgb(image, path), _orientation(image)))
        except PictureError:
            raise
        except _DAMAGE as error:
            raise PictureError(
                f"{path.name!r} is damaged or cut short: part of the picture is missing. Astra needs the whole "
                "picture. Copy or download it again, or save it as PNG in a picture editor that can still open it."
            ) from error


def crop_for(size: tuple[int, int], aspect: float, centre: tuple[float, float] = (0.5, 0.5)) -> Crop:
    """The largest box of `aspect` (width / height) inside a picture of `size` (width, height) in pixels.

    Its middle is as near as the picture's edges allow to `centre`, given as fractions of width and height. Raises
    ValueError for sizes or aspects that are not above 0, and for a centre that is not finite.
    """
    width, height = size
    if min(width, height) <= 0 or not (0 < aspect < math.inf) or not all(map(math.isfinite, centre)):
        raise ValueError(
            f"a crop needs a size and an aspect above 0 and a finite centre, got {size}, {aspect}, {centre}"
        )
    box_width, box_height = min(float(width), height * aspect), min(float(height), width / aspect)
    return Crop(
        left=_clamp(centre[0] * width - box_width / 2, width - box_width),
        top=_clamp(centre[1] * height - box_height / 2, height - box_height),
        width=box_width,
        height=box_height,
    )


def fit_picture(picture: Picture, crop: Crop, width: int, height: int) -> Picture:
    """The cropped part of `picture` (H, W, 3) resized to (height, width, 3), antialiased.

    Raises ValueError for a crop that leaves the picture, or whose aspect is off by more than `MAX_SQUASH`.
    """
    check_picture(picture)
    rows, columns = picture.shape[:2]
    right, bottom = crop.left + crop.width, crop.top + crop.height
    slack = 1e-6 * max(rows, columns)  # rounding of fractions, far below a pixel
    if min(crop.left, crop.top) < -slack or right > columns + slack or bottom > rows + slack:
        raise ValueError(f"{crop} leaves the picture of {columns} x {rows} pixels; crop_for gives one that does not")
    squash = (crop.width / crop.height) / (width / height)
    if not 1 - MAX_SQUASH <= squash <= 1 + MAX_SQUASH:
        raise ValueError(
            f"{crop} would be squashed to fit {width} x {height}; crop to an aspect of {width / height:.4f}"
        )
    return resize(picture, (max(crop.left, 0), max(crop.top, 0), min(right, columns), min(bottom, rows)), width, height)


def resize(picture: Picture, box: tuple[float, float, float, float], width: int, height: int) -> Picture:
    """The part of `picture` (H, W, 3) in `box` (left, top, right, bottom) as (height, width, 3), by Lanczos.

    Raises ValueError for an array that is no picture and for a target size below 1.
    """
    check_picture(picture)
    if min(width, height) < 1:
        raise ValueError(f"a picture cannot be resized to {width} x {height}; both must be at least 1")
    image = Image.fromarray(np.ascontiguousarray(picture))
    return np.array(image.resize((width, height), Image.Resampling.LANCZOS, box=box))


def check_picture(picture: Picture) -> None:
    """Raise ValueError for an array that is not uint8 (height, width, 3) with at least 1 pixel."""
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3 or 0 in picture.shape:
        raise ValueError(
            f"a picture is uint8 of shape (height, width, 3), got {picture.dtype} of shape {picture.shape}"
        )


@contextmanager
def _quiet_pillow() -> Iterator[None]:
    """Keep Pillow's warnings (large pictures, odd metadata) from a creator who can do nothing about them."""
    with _PILLOW, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _open_file(path: Path) -> IO[bytes]:
    try:
        _check_file(path)
        return path.open("rb")
    except OSError as error:
        raise PictureError(
            f"{path.name!r} cannot be read ({error.strerror or error}). Astra needs a picture that you may read. "
            "Change its permissions, or copy it to one of your own folders and choose the copy."
        ) from error


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise PictureError(f"{path.name!r} is a folder. Astra needs one picture. Open it and choose a picture in it.")
    if not path.exists():
        raise PictureError(
            f"There is no file {path.name!r} in {str(path.parent)!r}. Astra needs a picture file. Check the name, "
            "or choose the picture again if it was moved."
        )
    if not path.is_file():
        raise PictureError(f"{path.name!r} is a device, not a file. Astra needs a picture file. Choose another one.")


def _identify(file: IO[bytes], path: Path) -> Image.Image:
    """The picture in `file`, its header read and its pixels not."""
    if not file.read(1):
        raise PictureError(
            f"{path.name!r} is empty (0 bytes). Astra needs a picture. Copy or download it again, or choose another."
        )
    file.seek(0)
    try:
        return Image.open(file, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except _DAMAGE as error:
        raise PictureError(
            f"{path.name!r} is not a picture that Astra can open, or it is damaged. Astra opens PNG, JPEG, WebP, TIFF, "
            "BMP and GIF. Save it as PNG in a picture editor, or choose another file."
        ) from error


def _check_size(size: tuple[int, int], path: Path) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise _too_large(path)
    if min(size) < MIN_SIDE:
        raise PictureError(
            f"{path.name!r} is only {size[0]} x {size[1]} pixels. Astra needs at least {MIN_SIDE} a side, and looks "
            "best from several hundred on. Choose a larger picture."
        )


def _too_large(path: Path) -> PictureError:
    return PictureError(
        f"{path.name!r} is too large to open safely. Astra opens pictures of up to {MAX_PIXELS // 10**6} million "
        "pixels. Make it smaller in a picture editor; a width of 4000 pixels is more than enough."
    )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8. Damaged EXIF counts as upright, since the pixels may well be whole."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DAMAGE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURN_UPRIGHT.get(orientation)
    return image if turn is None else image.transpose(turn)


def _opaque_srgb(image: Image.Image, path: Path) -> Image.Image:
    """An RGB image of any image: profile first, then transparency, because white is meant in sRGB."""
    profile = image.info.get("icc_profile")
    colours, alpha = _split_alpha(_eight_bit(image, path))
    rgb = _converted_by_profile(colours, profile) if profile else colours.convert("RGB")
    if alpha is None:
        return rgb
    page = Image.new("RGB", rgb.size, _BACKGROUND)
    page.paste(rgb, mask=alpha)
    return page


def _eight_bit(image: Image.Image, path: Path) -> Image.Image:
    """The image with 8 bits a channel. Pillow's own conversion of 16-bit grey clips at 255 instead of scaling."""
    if not image.mode.startswith("I;16"):
        if image.mode in ("I", "F", "LAB"):
            raise PictureError(
                f"{path.name!r} keeps its colours in a way made for measurements (mode {image.mode}), which has no "
                "fixed black and white. Astra needs 8 or 16 bits a channel. Save it as PNG in a picture editor."
            )
        return image
    values = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((values * 255 + 32767) // 65535).astype(np.uint8))
    see_through = image.info.get("transparency")
    if see_through is None:
        return grey
    return Image.merge("LA", (grey, Image.fromarray(np.where(values == see_through, 0, 255).astype(np.uint8))))


def _split_alpha(image: Image.Image) -> tuple[Image.Image, Image.Image | None]:
    """The colours (L, RGB or CMYK) and the opacity, None where all is opaque."""
    if image.mode == "LA":
        return image.getchannel("L"), image.getchannel("A")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return rgba.convert("RGB"), rgba.getchannel("A")
    return (image if image.mode in ("L", "CMYK") else image.convert("RGB")), None


def _converted_by_profile(colours: Image.Image, profile: bytes) -> Image.Image:
    """`colours` in sRGB by an ICC profile. A profile that is broken or for other channels is ignored."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        converted = ImageCms.profileToProfile(colours, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError):
        return colours.convert("RGB")
    assert converted is not None  # only a conversion in place returns nothing
    return converted


def _clamp(value: float, highest: float) -> float:
    return min(max(value, 0.0), highest)
