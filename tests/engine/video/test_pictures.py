"""Start pictures: every common kind of file comes out right, every bad one is refused in plain words."""

from __future__ import annotations

import io
import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageCms

from engine.video import pictures
from engine.video.pictures import Crop, PictureError, crop_for, fit_picture, load_picture

Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 60, 40


def scene() -> Picture:
    """A smooth picture whose four corners all differ, so that any turn or flip shows."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([x * 255 / (WIDTH - 1), y * 255 / (HEIGHT - 1), 128 + 0 * x], -1).round().astype(np.uint8)


def worst(a: Picture, b: Picture) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b.astype(int)).max())


def saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def png(path: Path, header: bytes, rows: bytes, *chunks: tuple[bytes, bytes]) -> Path:
    """A PNG written by hand, for the kinds that Pillow cannot write. `header` is IHDR's 13 bytes."""
    parts = [(b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in parts]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(body))
    return path


def png_16_bit(path: Path, values: NDArray[np.uint16], colour_type: int, *chunks: tuple[bytes, bytes]) -> Path:
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return png(path, struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0), rows, *chunks)


def refusal(path: Path) -> str:
    with pytest.raises(PictureError) as caught:
        load_picture(path)
    return str(caught.value)


# --- kinds of file -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "tolerance"),
    [
        ("a.png", {}, 0),
        ("a.bmp", {}, 0),
        ("a.tif", {}, 0),
        ("lzw.tiff", {"compression": "tiff_lzw"}, 0),
        ("a.webp", {"lossless": True}, 0),
        ("lossy.webp", {"quality": 95}, 12),
        ("a.jpg", {"quality": 95, "subsampling": 0}, 4),
        ("progressive.JPG", {"quality": 95, "subsampling": 0, "progressive": True}, 4),
        ("a.gif", {}, 40),
    ],
)
def test_common_formats_come_back_as_they_were_saved(
    tmp_path: Path, name: str, options: dict[str, object], tolerance: int
) -> None:
    picture = load_picture(saved(tmp_path / name, Image.fromarray(scene()), **options))
    assert picture.dtype == np.uint8
    assert worst(picture, scene()) <= tolerance


def test_a_wrong_file_ending_does_not_matter(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(scene())).rename(tmp_path / "a.jpg")
    assert worst(load_picture(path), scene()) == 0


def test_the_loaded_picture_can_be_written_to(tmp_path: Path) -> None:
    load_picture(saved(tmp_path / "a.png", Image.fromarray(scene())))[0, 0] = 7


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_eight_exif_orientations_are_turned_upright(tmp_path: Path, name: str, orientation: int) -> None:
    # How an upright picture lies in a file that asks for `orientation` on showing.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
        8: lambda a: np.rot90(a, -1),
    }[orientation](scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"quality": 95, "subsampling": 0} if name == "a.jpg" else {"lossless": True} if name == "a.webp" else {}
    image = Image.fromarray(np.ascontiguousarray(stored))
    assert worst(load_picture(saved(tmp_path / name, image, exif=exif, **options)), scene()) <= 4


@pytest.mark.parametrize("exif", [b"rubbish", b"MM\0*\0\0", b"II*\0\xff\xff\xff\xff rubbish"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_damaged_exif_does_not_keep_a_whole_picture_out(tmp_path: Path, name: str, exif: bytes) -> None:
    path = saved(tmp_path / name, Image.fromarray(scene()), exif=b"Exif\0\0" + exif)
    assert load_picture(path).shape == scene().shape


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_is_not_a_negative(tmp_path: Path, name: str) -> None:
    # Pillow writes CMYK JPEG as Adobe does, inverted and with an Adobe marker.
    path = saved(tmp_path / name, Image.fromarray(scene()).convert("CMYK"))
    if name == "a.jpg":
        assert b"Adobe" in path.read_bytes()
    assert worst(load_picture(path), scene()) <= 12


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, name: str) -> None:
    values = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    picture = load_picture(saved(tmp_path / name, Image.fromarray(values)))
    expected = np.repeat((values / 257.0).round().astype(np.uint8)[..., None], 3, -1)
    assert worst(picture, expected) == 0
    assert (picture.min(), picture.max()) == (0, 255)


def test_16_bit_big_endian_tiff_is_scaled(tmp_path: Path) -> None:
    values = np.linspace(0, 65535, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH).astype(np.uint16)
    image = Image.frombytes("I;16B", (WIDTH, HEIGHT), values.astype(">u2").tobytes())
    picture = load_picture(saved(tmp_path / "a.tif", image))
    assert worst(picture[..., 0], (values / 257.0).round().astype(np.uint8)) == 0


@pytest.mark.parametrize(("colour_type", "channels"), [(2, 3), (6, 4), (4, 2)])
def test_16_bit_colour_png_is_scaled(tmp_path: Path, colour_type: int, channels: int) -> None:
    colours = scene()[..., :1] if channels == 2 else scene()
    values = colours.astype(np.uint16) * 257
    if channels in (2, 4):
        values = np.concatenate([values, np.full((HEIGHT, WIDTH, 1), 65535, np.uint16)], -1)
    picture = load_picture(png_16_bit(tmp_path / "a.png", values, colour_type))
    assert worst(picture, np.broadcast_to(colours, scene().shape)) == 0


def test_a_see_through_value_of_16_bit_grey_becomes_white(tmp_path: Path) -> None:
    values = np.full((HEIGHT, WIDTH), 30000, np.uint16)
    values[:10] = 1000
    picture = load_picture(png_16_bit(tmp_path / "a.png", values, 0, (b"tRNS", struct.pack(">H", 1000))))
    assert (picture[:10] == 255).all()
    assert (picture[10:] == 117).all()


def test_a_see_through_colour_of_16_bit_rgb_is_no_error(tmp_path: Path) -> None:
    values = scene().astype(np.uint16) * 257
    picture = load_picture(png_16_bit(tmp_path / "a.png", values, 2, (b"tRNS", struct.pack(">HHH", 1, 65535, 300))))
    assert worst(picture, scene()) == 0


def test_palettes_give_their_colours(tmp_path: Path) -> None:
    image = Image.fromarray(scene()).quantize(200)
    assert worst(load_picture(saved(tmp_path / "a.png", image)), np.asarray(image.convert("RGB"))) == 0


def test_see_through_palette_entries_become_white(tmp_path: Path) -> None:
    image = Image.new("P", (WIDTH, HEIGHT), 1)
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.paste(0, (0, 0, WIDTH, 10))
    for name in ("a.png", "a.gif"):
        picture = load_picture(saved(tmp_path / name, image, transparency=0))
        assert (picture[:10] == 255).all()
        assert (picture[10:] == (0, 0, 255)).all()
    partly = load_picture(saved(tmp_path / "partly.png", image, transparency=bytes([128, 255])))
    assert worst(partly[:10], np.full((10, WIDTH, 3), (255, 127, 127), np.uint8)) <= 1


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif"])
def test_transparency_is_laid_over_white(tmp_path: Path, name: str) -> None:
    alpha = np.repeat(np.linspace(0, 255, WIDTH).astype(np.uint8)[None], HEIGHT, 0)
    image = Image.fromarray(np.dstack([np.full_like(scene(), (200, 0, 0)), alpha]))
    picture = load_picture(saved(tmp_path / name, image, **({"lossless": True} if name == "a.webp" else {})))
    part = alpha[..., None] / 255
    expected = (np.array([200, 0, 0]) * part + 255 * (1 - part)).round().astype(np.uint8)
    assert worst(picture, expected) <= 1


def test_transparent_grey_is_laid_over_white(tmp_path: Path) -> None:
    image = Image.new("LA", (WIDTH, HEIGHT), (100, 51))
    assert (load_picture(saved(tmp_path / "a.png", image)) == 224).all()


def test_one_bit_pictures_are_black_and_white(tmp_path: Path) -> None:
    image = Image.fromarray(scene()).convert("1")
    for name in ("a.png", "a.tif", "a.bmp"):
        picture = load_picture(saved(tmp_path / name, image))
        assert worst(picture, np.asarray(image.convert("RGB"))) == 0
        assert set(np.unique(picture)) == {0, 255}


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif"])
def test_an_animation_gives_its_first_frame(tmp_path: Path, name: str) -> None:
    frames = [Image.new("RGB", (WIDTH, HEIGHT), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    options = {"lossless": True} if name == "a.webp" else {}
    path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], **options)
    assert (load_picture(path) == (255, 0, 0)).all()


# --- colour profiles -----------------------------------------------------------------------------------------------


def swapped_profile() -> bytes:
    """A real RGB profile made unlike sRGB by exchanging its red and blue primaries in the table of tags."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(profile)


def test_a_colour_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(scene()), icc_profile=swapped_profile())
    assert worst(load_picture(path), scene()[..., ::-1]) <= 2


def test_a_profile_leaves_transparency_alone(tmp_path: Path) -> None:
    image = Image.new("RGBA", (WIDTH, HEIGHT), (255, 0, 0, 255))
    image.paste((255, 0, 0, 0), (0, 0, WIDTH, 10))
    picture = load_picture(saved(tmp_path / "a.png", image, icc_profile=swapped_profile()))
    assert (picture[:10] == 255).all()
    assert worst(picture[10:], np.full((HEIGHT - 10, WIDTH, 3), (0, 0, 255), np.uint8)) <= 2


def test_an_srgb_profile_changes_nothing_that_shows(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert worst(load_picture(saved(tmp_path / "a.png", Image.fromarray(scene()), icc_profile=profile)), scene()) <= 1


def linear_grey_profile() -> bytes:
    """A grey profile of gamma 1, written by hand: header, table of two tags, white point, tone curve."""
    white = b"XYZ \0\0\0\0" + struct.pack(">iii", 63190, 65536, 54061)
    curve = b"curv\0\0\0\0" + struct.pack(">IHH", 1, 0x100, 0)
    table = struct.pack(">I4sII4sII", 2, b"wtpt", 156, len(white), b"kTRC", 156 + len(white), len(curve))
    size = 128 + len(table) + len(white) + len(curve)
    head = struct.pack(">I4sI4s4s4s", size, b"\0" * 4, 0x02100000, b"mntr", b"GRAY", b"XYZ ")
    head += b"\0" * 12 + b"acsp" + b"\0" * 28 + struct.pack(">iii", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + table + white + curve


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_a_grey_profile_is_converted_to_srgb(tmp_path: Path, mode: str) -> None:
    image = Image.new(mode, (WIDTH, HEIGHT), 128 if mode == "L" else (128, 255))
    picture = load_picture(saved(tmp_path / "a.png", image, icc_profile=linear_grey_profile()))
    assert worst(picture, np.full_like(picture, 188)) <= 1  # half the light is 188 of 255 in sRGB


def test_grey_with_a_colour_profile_stays_as_it_is(tmp_path: Path) -> None:
    grey = Image.fromarray(scene()[..., 0])
    picture = load_picture(saved(tmp_path / "a.png", grey, icc_profile=swapped_profile()))
    assert worst(picture, np.asarray(grey.convert("RGB"))) == 0


@pytest.mark.parametrize("profile", [b"rubbish", b"\0" * 500, swapped_profile()[:300]])
def test_a_broken_profile_is_ignored(tmp_path: Path, profile: bytes) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(scene()), icc_profile=profile)
    assert worst(load_picture(path), scene()) == 0


def test_a_profile_for_other_channels_is_ignored(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.jpg", Image.fromarray(scene()).convert("CMYK"), icc_profile=swapped_profile())
    assert worst(load_picture(path), scene()) <= 12


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    message = refusal(tmp_path / "gone.png")
    assert "gone.png" in message
    assert str(tmp_path) in message


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert "no file" in refusal(tmp_path / "file" / "a.png")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert "not a file" in refusal(tmp_path / "pipe.png")


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """Give up root, to which permissions do not apply."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs Unix permissions")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", Image.fromarray(scene()))
    path.chmod(0)
    with as_ordinary_user():
        assert "permission" in refusal(path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"")
    assert "empty" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize(
    "content",
    [
        b"Dear diary, this is text.\n" * 50,
        np.random.default_rng(3).bytes(4000),
        b"\x89PNG\r\n\x1a\n" + b"rubbish" * 50,
        b"\xff\xd8\xff\xe0rubbish",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(500),
    ],
    ids=["text", "noise", "PNG mark", "JPEG mark", "SVG", "video"],
)
def test_what_is_not_a_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.png").write_bytes(content)
    assert "not a picture that Astra can open" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.png", {}),
        ("a.jpg", {}),
        ("progressive.jpg", {"progressive": True}),
        ("a.webp", {}),
        ("a.tif", {}),
        ("lzw.tif", {"compression": "tiff_lzw"}),
        ("a.bmp", {}),
        ("a.gif", {}),
    ],
)
def test_a_truncated_picture_is_refused_wherever_it_is_cut(
    tmp_path: Path, name: str, options: dict[str, object]
) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    whole = saved(tmp_path / name, Image.fromarray(noise), **options).read_bytes()
    for part in (0.05, 0.3, 0.6, 0.9, 0.98):
        (tmp_path / name).write_bytes(whole[: int(part * len(whole))])
        assert "damaged" in refusal(tmp_path / name)


@pytest.mark.parametrize("side", [13_350, 14_000, 20_000, 65_000])
def test_an_absurdly_large_picture_is_refused_before_decoding(tmp_path: Path, side: int) -> None:
    # The pixels are absent: had decoding been tried, the file would have been called damaged.
    path = png(tmp_path / "a.png", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0), b"")
    assert "too large" in refusal(path)


def test_large_pictures_load_without_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", WIDTH * HEIGHT - 1)
    path = saved(tmp_path / "a.png", Image.fromarray(scene()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_picture(path)
        with pytest.raises(Image.DecompressionBombWarning):
            Image.open(path)


@pytest.mark.parametrize("size", [(15, 400), (400, 15), (1, 1)])
def test_a_tiny_picture_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    assert f"{size[0]} x {size[1]}" in refusal(saved(tmp_path / "a.png", Image.new("RGB", size)))


def test_the_smallest_allowed_picture_loads(tmp_path: Path) -> None:
    side = pictures.MIN_SIDE
    assert load_picture(saved(tmp_path / "a.png", Image.new("RGB", (side, side)))).shape == (side, side, 3)


@pytest.mark.parametrize("mode", ["F", "I", "LAB"])
def test_colours_without_a_fixed_black_and_white_are_refused(tmp_path: Path, mode: str) -> None:
    assert "measurements" in refusal(saved(tmp_path / "a.tif", Image.new(mode, (WIDTH, HEIGHT))))


def test_a_refusal_is_one_short_paragraph(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("text")
    for path in (tmp_path, tmp_path / "gone.png", tmp_path / "text.png"):
        message = refusal(path)
        assert "Astra" in message
        assert "\n" not in message
        assert len(message) < 400


def test_a_damaged_header_is_no_crash(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray(scene()).save(buffer, "JPEG")
    whole, draw = buffer.getvalue(), np.random.default_rng(11)
    for _ in range(150):
        scrambled = bytearray(whole)
        scrambled[int(draw.integers(2, 300))] = int(draw.integers(0, 256))
        (tmp_path / "a.jpg").write_bytes(scrambled)
        try:
            load_picture(tmp_path / "a.jpg")
        except PictureError:
            continue


# --- cropping and fitting ------------------------------------------------------------------------------------------

SIDES = st.integers(1, 20_000)
ASPECTS = st.floats(0.05, 20)
CENTRES = st.tuples(st.floats(-0.5, 1.5), st.floats(-0.5, 1.5))


@given(width=SIDES, height=SIDES, aspect=ASPECTS, centre=CENTRES)
def test_a_crop_is_the_largest_box_of_its_aspect_inside(
    width: int, height: int, aspect: float, centre: tuple[float, float]
) -> None:
    crop = crop_for((width, height), aspect, centre)
    slack = 1e-9 * max(width, height)
    assert crop.left >= 0
    assert crop.left + crop.width <= width + slack
    assert crop.top >= 0
    assert crop.top + crop.height <= height + slack
    assert crop.width / crop.height == pytest.approx(aspect)
    assert crop.width == pytest.approx(width) or crop.height == pytest.approx(height)


@given(width=SIDES, height=SIDES, aspect=ASPECTS, centre=CENTRES)
def test_a_crop_is_centred_unless_an_edge_is_in_the_way(
    width: int, height: int, aspect: float, centre: tuple[float, float]
) -> None:
    crop = crop_for((width, height), aspect, centre)
    for start, size, whole, wish in (
        (crop.left, crop.width, width, centre[0]),
        (crop.top, crop.height, height, centre[1]),
    ):
        nearest = min(max(wish * whole, size / 2), whole - size / 2)
        assert start + size / 2 == pytest.approx(nearest, abs=1e-6 * whole)


def test_a_crop_of_a_wide_picture_takes_its_middle() -> None:
    assert crop_for((2000, 500), 2.0) == Crop(left=500, top=0, width=1000, height=500)
    assert crop_for((2000, 500), 2.0, (1.0, 0.5)) == Crop(left=1000, top=0, width=1000, height=500)


@pytest.mark.parametrize(
    ("size", "aspect", "centre"),
    [
        ((0, 5), 1.0, (0.5, 0.5)),
        ((5, 5), 0.0, (0.5, 0.5)),
        ((5, 5), float("inf"), (0, 0)),
        ((5, 5), 1, (float("nan"), 0)),
    ],
)
def test_a_crop_of_nothing_is_refused(size: tuple[int, int], aspect: float, centre: tuple[float, float]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        crop_for(size, aspect, centre)


@pytest.mark.parametrize("width", [0.0, -1.0, float("nan")])
def test_a_crop_without_a_size_is_refused(width: float) -> None:
    with pytest.raises(ValueError, match="a size above 0"):
        Crop(left=0, top=0, width=width, height=1)


@given(width=st.integers(16, 300), height=st.integers(16, 300), centre=CENTRES)
def test_any_picture_fits_any_model(width: int, height: int, centre: tuple[float, float]) -> None:
    picture = np.full((height, width, 3), (10, 200, 90), np.uint8)
    fitted = fit_picture(picture, crop_for((width, height), 52 / 30, centre), 52, 30)
    assert fitted.shape == (30, 52, 3)
    assert fitted.dtype == np.uint8
    assert (fitted == (10, 200, 90)).all()


def test_fitting_takes_the_cropped_part_and_keeps_shapes() -> None:
    y, x = np.mgrid[0:200, 0:400]
    disc = np.where(((x - 300) ** 2 + (y - 100) ** 2 < 60**2)[..., None], 255, 0)
    picture = np.broadcast_to(disc, (200, 400, 3)).astype(np.uint8)
    fitted = fit_picture(picture, Crop(left=200, top=0, width=200, height=200), 100, 100)
    bright = fitted[..., 0] > 127
    assert abs(int(bright.any(0).sum()) - 60) <= 1
    assert abs(int(bright.any(1).sum()) - 60) <= 1
    assert np.argwhere(bright).mean(0) == pytest.approx([49.5, 49.5], abs=0.6)


def test_fitting_is_antialiased() -> None:
    stripes = np.zeros((256, 256, 3), np.uint8)
    stripes[:, ::2] = 255
    fitted = fit_picture(stripes, crop_for((256, 256), 1.0), 50, 50)
    assert np.abs(fitted[5:-5, 5:-5].astype(int) - 127).max() <= 6


def test_a_squash_is_refused() -> None:
    with pytest.raises(ValueError, match="squashed"):
        fit_picture(scene(), Crop(left=0, top=0, width=WIDTH, height=HEIGHT), 20, 20)


def test_a_crop_outside_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="leaves the picture"):
        fit_picture(scene(), Crop(left=1, top=0, width=WIDTH, height=HEIGHT), 60, 40)


@pytest.mark.parametrize(
    "picture", [np.zeros((20, 20), np.uint8), np.zeros((20, 20, 3)), np.zeros((0, 9, 3), np.uint8)]
)
def test_an_array_that_is_no_picture_is_refused(picture: Picture) -> None:
    with pytest.raises(ValueError, match="a picture is uint8"):
        fit_picture(picture, Crop(left=0, top=0, width=9, height=9), 9, 9)


def test_a_target_without_pixels_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        pictures.resize(scene(), (0, 0, 10, 10), 0, 5)
