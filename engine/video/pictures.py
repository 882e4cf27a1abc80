"""Start pictures: a picture file in, upright opaque sRGB pixels out, cut and resized to a model's frame."""

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

from engine.video.orientation import Orientation, from_exif
from engine.whole_files import write_whole

Picture = NDArray[np.uint8]
"""(height, width, 3) sRGB, 0..255."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
MAX_PIXELS = 120_000_000
"""Largest picture that is decoded: what the largest telephones take, 0.5 GB while it is read."""
KEPT_PIXELS = 40_000_000
"""Larger pictures are made smaller as soon as they are decoded: no world shows as much."""
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
MIN_SIDE = 16
"""Fewest pixels a side may have."""
MAX_SQUASH = 0.02
"""Largest relative change of aspect that `fit_picture` makes: enough for a crop rounded to whole pixels."""

_ORIENTATION_TAG = 0x0112
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


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedPicture:
    """A picture file as it is shown, and what was done to show it."""

    pixels: Picture
    orientation: Orientation
    has_alpha: bool


def load_picture(path: Path) -> Picture:
    """The pixels of `read_picture`."""
    return read_picture(path).pixels


def read_picture(path: Path) -> LoadedPicture:
    """Read a PNG, JPEG, WebP, TIFF, BMP, GIF or AVIF file, or HEIC where pi-heif is installed, as sRGB uint8 (H, W, 3).

    The first frame of an animation is taken. EXIF orientation is applied, an embedded colour profile is converted to
    sRGB (one that cannot be used is ignored), 16-bit values are scaled, and transparency is laid over white, which is
    what a cut-out was most likely drawn on. More than `KEPT_PIXELS` are made fewer by a whole number. Raises
    PictureError for anything that is not a whole picture of `MIN_SIDE` a side to `MAX_PIXELS` in all.
    """
    with _quiet_pillow(), _open_file(path) as file, _identify(file, path) as image:
        _check_size(image.size, path)
        try:
            orientation = from_exif(_exif_orientation(image))
            if image.format == "JPEG":
                image.draft(None, _kept_size(image.size))  # decoded smaller, where it is to become so
            image.load()
            left = from_exif(_exif_orientation(image))  # Pillow has turned a TIFF already
            has_alpha = image.has_transparency_data
            opaque = _opaque_srgb(_reduced(image), path)
            return LoadedPicture(
                pixels=np.array(left.shown(np.asarray(opaque))),
                orientation=orientation,
                has_alpha=has_alpha,
            )
        except PictureError:
            raise
        except _DAMAGE as error:
            raise PictureError(
                f"{path.name!r} is damaged or cut short: part of the picture is missing. Astra needs the whole "
                "picture. Copy or download it again, or save it as PNG in a picture editor that can still open it."
            ) from error


def write_png(path: Path, picture: Picture) -> None:
    """Write a picture (H, W, 3) as a PNG file that appears whole. Raises OSError."""
    check_picture(picture)
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(buffer, "PNG")
    write_whole(path, buffer.getvalue())


def decode_jpeg(data: bytes, max_side: int) -> Picture:
    """A JPEG that this program has stored, as (H, W, 3). No other kind of file is even tried.

    Raises PictureError for bytes that are none, or a picture larger than `max_side` a side.
    """
    with _quiet_pillow():
        try:
            with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
                if max(image.size) <= max_side:
                    return np.array(image.convert("RGB"))
                size = image.size
        except (*_DAMAGE, Image.DecompressionBombError) as error:
            raise PictureError("a stored thumbnail is no JPEG picture, or it is damaged") from error
    raise PictureError(f"a stored thumbnail is {size[0]} x {size[1]} pixels, and at most {max_side} a side is expected")


def is_picture(path: Path) -> bool:
    """Whether a file's first bytes are those of a picture, whatever it is called. False where it cannot be read."""
    try:
        with path.open("rb") as file:
            if _is_heif(file.read(32)):
                return True
            file.seek(0)
            with _quiet_pillow(), Image.open(file, formats=FORMATS):
                return True
    except (*_DAMAGE, Image.DecompressionBombError) as error:
        return isinstance(error, Image.DecompressionBombError)


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
    formats = (*FORMATS, _heif_reader(path)) if _is_heif(file.read(32)) else FORMATS
    file.seek(0)
    try:
        return Image.open(file, formats=formats)
    except Image.DecompressionBombError as error:
        raise _too_large(path) from error
    except _DAMAGE as error:
        raise PictureError(
            f"{path.name!r} is not a picture that Astra can open, or it is damaged. Astra opens PNG, JPEG, WebP, TIFF, "
            "BMP, GIF and AVIF. Save it as PNG in a picture editor, or choose another file."
        ) from error


def _is_heif(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF_BRANDS and b"avif" not in head


def _heif_reader(path: Path) -> str:
    """Pillow's name for HEIC, once the library that reads it is registered."""
    try:
        import pi_heif
    except ImportError as error:
        raise PictureError(
            f"{path.name!r} is a HEIC picture, as phones take them. Astra opens these with the library pi-heif, which "
            "is not installed. Install it (pip install pi-heif), or save the picture as JPEG or PNG."
        ) from error
    pi_heif.register_heif_opener()
    return "HEIF"


def _kept_size(size: tuple[int, int]) -> tuple[int, int]:
    factor = _factor(size)
    return size[0] // factor, size[1] // factor


def _factor(size: tuple[int, int]) -> int:
    return max(math.ceil(math.sqrt(size[0] * size[1] / KEPT_PIXELS)), 1)


def _reduced(image: Image.Image) -> Image.Image:
    """The picture, by a whole number smaller where it has more than `KEPT_PIXELS`; before anything copies it."""
    factor = _factor(image.size)
    if factor == 1:
        return image
    if image.mode.startswith("I;16"):
        smaller = Image.fromarray(np.asarray(image)[::factor, ::factor])
    else:
        smaller = (image.convert("RGBA") if image.mode in ("P", "PA") else image).reduce(factor)
    smaller.info.update(image.info)
    return smaller


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


def _exif_orientation(image: Image.Image) -> int:
    """1 to 8. Damaged EXIF counts as upright, since the pixels may well be whole."""
    try:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    except _DAMAGE:
        return 1


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
