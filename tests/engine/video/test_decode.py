"""Reading videos: counted right, turned upright, in the colours that the file's tags ask for, or refused."""

from __future__ import annotations

import struct
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray
from PIL import Image

from engine.video.decode import VideoReadError, probe, read_frames
from engine.video.encode import VideoWriter

Frames = NDArray[np.uint8]

WIDTH, HEIGHT, COUNT = 96, 64, 50


def numbered(num_frames: int = COUNT, width: int = WIDTH, height: int = HEIGHT) -> Frames:
    """Frames that name themselves: shade 20 + 4 n in the top half, a smooth ramp below."""
    frames = ramp(num_frames, width, height)
    frames[:, : height // 2] = (20 + 4 * np.arange(num_frames))[:, None, None, None]
    return frames


def ramp(num_frames: int, width: int = WIDTH, height: int = HEIGHT) -> Frames:
    """Red to blue from left to right, without an edge."""
    red = np.linspace(0, 255, width).round().astype(np.uint8)
    row = np.stack([red, np.full_like(red, 128), 255 - red], -1)
    return np.broadcast_to(row, (num_frames, height, width, 3)).copy()


def numbers(frames: list[Frames]) -> list[int]:
    return [round((float(frame[4 : HEIGHT // 2 - 4].mean()) - 20) / 4) for frame in frames]


def write(path: Path, frames: Frames, fps: Fraction | int = 20) -> Path:
    with VideoWriter(path, width=frames.shape[2], height=frames.shape[1], fps=fps) as writer:
        writer.write(frames)
    return path


def encode(
    path: Path, kind: str, codec: str, pixels: str, frames: Frames, matrix: int = 0, full_range: bool = False
) -> Path:
    """Write with PyAV as other programs would; `matrix` 0 leaves the file untagged (and converts by BT.601)."""
    with av.open(path, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frames.shape[2], frames.shape[1], pixels
        context = stream.codec_context
        context.bit_rate = 4_000_000  # so that neighbouring shades stay apart
        if codec == "libx264":
            context.options = {"crf": "10", "bf": "2"}
        if codec == "libvpx":
            context.options = {"deadline": "realtime", "cpu-used": "8"}
        if matrix:
            context.colorspace = context.color_primaries = context.color_trc = matrix
        if full_range:
            context.color_range = ColorRange.JPEG
        for frame in frames:
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24")
            space = Colorspace.ITU709 if matrix == 1 else Colorspace.ITU601
            to_range = ColorRange.JPEG if full_range else ColorRange.MPEG
            container.mux(
                stream.encode(picture.reformat(format=pixels, dst_colorspace=space, dst_color_range=to_range))
            )
        container.mux(stream.encode(None))
    return path


KINDS = {
    "mp4": ("mp4", "libx264", "yuv420p"),
    "mov": ("mov", "mjpeg", "yuvj420p"),
    "mkv": ("matroska", "libx264", "yuv420p"),
    "webm": ("webm", "libvpx", "yuv420p"),
    "avi": ("avi", "mpeg4", "yuv420p"),
    "ts": ("mpegts", "libx264", "yuv420p"),
    "mpg": ("mpeg", "mpeg2video", "yuv420p"),
    "flv": ("flv", "flv", "yuv420p"),
}


def psnr(a: Frames, b: Frames) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def refusal(path: Path) -> str:
    messages = []
    for use in (probe, lambda p: list(read_frames(p))):
        with pytest.raises(VideoReadError) as caught:
            use(path)
        messages.append(str(caught.value))
    assert path.name in messages[0]
    assert "Astra needs" in messages[0]
    assert len(messages[0]) < 500
    return messages[0]


# --- what a file holds ---------------------------------------------------------------------------------------------


def test_probe_tells_what_was_written(tmp_path: Path) -> None:
    info = probe(write(tmp_path / "a.mp4", numbered(33), fps=20))
    assert (info.width, info.height, info.fps, info.num_frames) == (WIDTH, HEIGHT, 20, 33)
    assert info.duration_s == pytest.approx(1.65)


@pytest.fixture(scope="module", params=KINDS)
def any_kind(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A numbered video in each kind of container."""
    kind: str = request.param
    return encode(tmp_path_factory.mktemp(kind) / f"a.{kind}", *KINDS[kind], numbered())


def test_every_container_is_counted_and_read_in_order(any_kind: Path) -> None:
    info = probe(any_kind)
    assert (info.num_frames, info.fps) == (COUNT, 25)
    assert numbers(list(read_frames(any_kind))) == list(range(COUNT))


@pytest.mark.parametrize(("start", "stop"), [(0, 3), (1, 2), (17, 23), (47, None), (48, 500), (9, 9), (50, None)])
def test_a_range_is_the_same_slice_of_the_whole(any_kind: Path, start: int, stop: int | None) -> None:
    assert numbers(list(read_frames(any_kind, start=start, stop=stop))) == list(range(COUNT))[start:stop]


def test_every_frame_is_found_by_its_number(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", numbered())
    assert [numbers(list(read_frames(path, start=n, stop=n + 1))) for n in range(COUNT)] == [[n] for n in range(COUNT)]


def test_frames_that_a_trim_hides_are_not_counted(tmp_path: Path) -> None:
    """Phones trim without a new encoding: an edit list says where to begin, and the frames before it stay."""
    path = write(tmp_path / "a.mp4", numbered())
    content = bytearray(path.read_bytes())
    at = content.index(b"elst") + 12
    duration, begin = struct.unpack(">ii", content[at : at + 8])
    tick = 512 * 2 * 10  # time base 1/10240 at 20 frames per second, so 512 a frame; 20 frames
    struct.pack_into(">ii", content, at, duration // 5 * 2, begin + tick)
    path.write_bytes(content)
    assert probe(path).num_frames == 20
    assert numbers(list(read_frames(path))) == list(range(20, 40))
    assert numbers(list(read_frames(path, start=7, stop=9))) == [27, 28]


def test_metadata_in_another_encoding_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with VideoWriter(path, width=WIDTH, height=HEIGHT, fps=20, metadata={"comment": "D__nen"}) as writer:
        writer.write(numbered(2))
    path.write_bytes(path.read_bytes().replace(b"D__nen", b"D\xfc\xffnen"))
    assert probe(path).metadata["comment"].endswith("nen")


def test_a_gif_is_a_video(tmp_path: Path) -> None:
    shades = [Image.new("RGB", (40, 30), (shade,) * 3) for shade in (0, 100, 200)]
    shades[0].save(tmp_path / "a.gif", save_all=True, append_images=shades[1:], duration=100)
    assert (probe(tmp_path / "a.gif").num_frames, probe(tmp_path / "a.gif").width) == (3, 40)
    assert [int(f[0, 0, 0]) for f in read_frames(tmp_path / "a.gif")] == [0, 100, 200]


def test_reading_can_stop_early(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", numbered())
    frames = read_frames(path)
    assert numbers(list(islice(frames, 3))) == [0, 1, 2]
    frames.close()  # type: ignore[attr-defined]
    path.unlink()


@pytest.mark.parametrize(("start", "stop"), [(-1, None), (0, -1), (5, 4)])
def test_a_range_that_is_none_is_refused_at_once(tmp_path: Path, start: int, stop: int) -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        read_frames(tmp_path / "a.mp4", start=start, stop=stop)


# --- colours and turns ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("matrix", [Colorspace.ITU709, 5, 6])
@pytest.mark.parametrize("full_range", [False, True])
def test_colour_tags_are_honoured(tmp_path: Path, matrix: int, full_range: bool) -> None:
    frames = ramp(2)
    path = encode(tmp_path / "a.mp4", *KINDS["mp4"], frames, int(matrix), full_range)
    assert psnr(np.stack(list(read_frames(path))), frames) > 38


@pytest.mark.parametrize(("height", "matrix"), [(480, Colorspace.ITU601), (720, Colorspace.ITU709)])
def test_untagged_colours_are_read_as_players_do(tmp_path: Path, height: int, matrix: int) -> None:
    frames = ramp(1, 128, height)
    path = encode(tmp_path / "tagged.mp4", *KINDS["mp4"], frames, 1 if matrix == Colorspace.ITU709 else 6)
    untagged = strip_colour_tags(path, tmp_path / "untagged.mkv")
    assert psnr(np.stack(list(read_frames(untagged))), frames) > 38


def strip_colour_tags(source: Path, target: Path) -> Path:
    """The same samples coded again without tags."""
    with av.open(source) as reading, av.open(target, "w") as writing:
        stream = writing.add_stream("libx264", rate=25, options={"crf": "10"})
        stream.pix_fmt = "yuv420p"
        for frame in reading.decode(video=0):
            stream.width, stream.height = frame.width, frame.height
            plain = av.VideoFrame.from_ndarray(frame.to_ndarray(), format="yuv420p")
            writing.mux(stream.encode(plain))
        writing.mux(stream.encode(None))
    with av.open(target) as reading:
        assert next(reading.decode(video=0)).colorspace == 2
    return target


def test_lossless_rgb_comes_back_exactly(tmp_path: Path) -> None:
    frames = np.random.default_rng(2).integers(0, 256, (3, HEIGHT, WIDTH, 3), dtype=np.uint8)
    path = encode(tmp_path / "a.mov", "mov", "magicyuv", "gbrp", frames)
    assert (np.stack(list(read_frames(path))) == frames).all()


@pytest.mark.parametrize(
    ("clockwise", "matrix"),
    [
        (90, (0, 1, -1, 0, HEIGHT, 0)),
        (180, (-1, 0, 0, -1, WIDTH, HEIGHT)),
        (270, (0, -1, 1, 0, 0, WIDTH)),
    ],
)
def test_a_turned_phone_video_is_shown_upright(tmp_path: Path, clockwise: int, matrix: tuple[int, ...]) -> None:
    plain = write(tmp_path / "plain.mp4", numbered(3))
    a, b, c, d, x, y = (value << 16 for value in matrix)
    content = bytearray(plain.read_bytes())
    # The display matrix comes 44 bytes after the name of the track header.
    struct.pack_into(">9i", content, content.index(b"tkhd") + 44, a, b, 0, c, d, 0, x, y, 1 << 30)
    turned = tmp_path / "turned.mp4"
    turned.write_bytes(content)
    for upright, frame in zip(read_frames(turned), read_frames(plain), strict=True):
        assert (upright == np.rot90(frame, -clockwise // 90)).all()
        assert upright.flags.c_contiguous
        assert (probe(turned).width, probe(turned).height) == (upright.shape[1], upright.shape[0])


# --- refusals ------------------------------------------------------------------------------------------------------


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    assert str(tmp_path) in refusal(tmp_path / "gone.mp4")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "folder" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.mp4", b""),
        ("noise.mp4", np.random.default_rng(0).bytes(5000)),
        ("text.mp4", b"Dear diary,\n" * 200),
        ("text.txt", b"Dear diary,\n" * 200),
        ("list.m3u8", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.mp4\n#EXT-X-ENDLIST\n"),
        ("list.txt", b"ffconcat version 1.0\nfile a.mp4\n"),
    ],
)
def test_what_is_not_a_video_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / "a.mp4", numbered(3))
    (tmp_path / name).write_bytes(content)
    assert "cannot be read as a video" in refusal(tmp_path / name)


def test_a_picture_is_not_a_video(tmp_path: Path) -> None:
    Image.new("RGB", (40, 30)).save(tmp_path / "a.png")
    assert "cannot be read as a video" in refusal(tmp_path / "a.png")


def silence(seconds: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 8000 * seconds), np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = 8000, 0
    return frame


def test_sound_alone_is_refused(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mp4", "w") as container:
        audio = container.add_stream("aac", rate=8000, layout="mono")
        container.mux(audio.encode(silence(1)) + audio.encode(None))
    assert "holds no video" in refusal(tmp_path / "a.mp4")


def test_a_cover_picture_is_not_a_video(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mp4", "w") as container:
        audio = container.add_stream("aac", rate=8000, layout="mono")
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        container.mux(cover.encode(av.VideoFrame(32, 32, "yuvj420p")) + cover.encode(None))
        container.mux(audio.encode(silence(1)) + audio.encode(None))
    with av.open(tmp_path / "a.mp4") as container:
        assert len(container.streams.video) == 1
    assert "holds no video" in refusal(tmp_path / "a.mp4")


def test_sound_longer_than_the_pictures_is_no_damage(tmp_path: Path) -> None:
    with av.open(tmp_path / "a.mkv", "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        audio = container.add_stream("aac", rate=8000, layout="mono")
        for frame in numbered(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p")))
        container.mux(stream.encode(None))
        container.mux(audio.encode(silence(3)) + audio.encode(None))
    assert probe(tmp_path / "a.mkv").num_frames == 5


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm", "avi"])
def test_a_truncated_video_is_refused(tmp_path: Path, kind: str) -> None:
    noisy = np.random.default_rng(4).integers(0, 256, (COUNT, HEIGHT, WIDTH, 3), dtype=np.uint8)
    path = encode(tmp_path / f"a.{kind}", *KINDS[kind], noisy)
    content = path.read_bytes()
    for part in (0.1, 0.35, 0.7):
        path.write_bytes(content[: int(part * len(content))])
        refusal(path)


@pytest.mark.parametrize("missing", [1, 10, 2000])
def test_the_smallest_cut_of_our_own_files_is_seen(tmp_path: Path, missing: int) -> None:
    path = write(tmp_path / "a.mp4", numbered())
    path.write_bytes(path.read_bytes()[:-missing])
    assert "cut short" in refusal(path)


def test_damage_inside_a_file_never_gives_a_grey_frame(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", numbered())
    content = bytearray(path.read_bytes())
    middle = (content.index(b"mdat") + len(content)) // 2
    content[middle : middle + 200] = bytes(200)
    path.write_bytes(content)
    got: list[Frames] = []
    with pytest.raises(VideoReadError, match=r"damaged|cannot be read"):
        got.extend(read_frames(path))
    assert numbers(got) == list(range(len(got)))


def test_a_video_that_begins_without_a_key_frame_is_refused(tmp_path: Path) -> None:
    """Its first pictures cannot be decoded, so every frame number would be wrong."""
    with av.open(write(tmp_path / "a.mp4", numbered(10))) as reading, av.open(tmp_path / "cut.mp4", "w") as writing:
        source = reading.streams.video[0]
        target = writing.add_stream_from_template(source)
        for packet in islice(reading.demux(source), 3, 10):
            packet.stream = target
            writing.mux(packet)
    assert "damaged at frame 0" in refusal(tmp_path / "cut.mp4")


@pytest.mark.parametrize("name", ["take:1 %03d 'ü'.mp4", "-i.mp4", "no ending"])
def test_odd_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    write(tmp_path / name, numbered(3))
    monkeypatch.chdir(tmp_path)
    assert numbers(list(read_frames(Path(name)))) == [0, 1, 2]
