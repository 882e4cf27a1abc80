"""Writing MP4: the right colours, rate and size, the same bytes every time, and all or nothing on disk."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.reformatter import ColorPrimaries, ColorRange, Colorspace, ColorTrc
from numpy.typing import NDArray

from engine.video.decode import probe, read_frames
from engine.video.encode import VideoWriter

Frames = NDArray[np.uint8]

WIDTH, HEIGHT = 96, 64


def ramp(num_frames: int = 4, width: int = WIDTH, height: int = HEIGHT) -> Frames:
    """Smooth colours that move: red across, green down, blue over time."""
    t, y, x = np.mgrid[0:num_frames, 0:height, 0:width]
    channels = (x / (width - 1), y / (height - 1), (t + 1) / (num_frames + 1))
    return (np.stack(channels, -1) * 255).round().astype(np.uint8)


def noise(num_frames: int) -> Frames:
    return np.random.default_rng(1).integers(0, 256, (num_frames, HEIGHT, WIDTH, 3), dtype=np.uint8)


def write(path: Path, frames: Frames, *, fps: Fraction | int = 20, **options: object) -> Path:
    height, width = frames.shape[1:3]
    with VideoWriter(path, width=width, height=height, fps=fps, **options) as writer:  # type: ignore[arg-type]
        writer.write(frames)
    return path


def psnr(a: Frames, b: Frames) -> float:
    return float(10 * np.log10(255**2 / np.mean((a.astype(float) - b) ** 2)))


def read(path: Path) -> Frames:
    return np.stack(list(read_frames(path)))


def open_writer(path: Path) -> VideoWriter:
    return VideoWriter(path, width=WIDTH, height=HEIGHT, fps=20)


# --- what is in the file -------------------------------------------------------------------------------------------


def test_a_smooth_ramp_keeps_its_colours(tmp_path: Path) -> None:
    frames = ramp(6, 192, 128)
    assert psnr(read(write(tmp_path / "a.mp4", frames)), frames) > 40


def test_the_colour_test_would_see_a_wrong_matrix_or_range(tmp_path: Path) -> None:
    frames = ramp(6, 192, 128)
    path = write(tmp_path / "a.mp4", frames)
    for wrong in ({"src_colorspace": Colorspace.ITU601}, {"src_color_range": ColorRange.JPEG}):
        with av.open(path) as container:
            shifted = np.stack(
                [frame.reformat(format="rgb24", **wrong).to_ndarray() for frame in container.decode(video=0)]
            )
        assert psnr(shifted.astype(np.uint8), frames) < 32


def test_the_file_is_tagged_as_what_its_values_are(tmp_path: Path) -> None:
    with av.open(write(tmp_path / "a.mp4", ramp())) as container:
        codec = container.streams.video[0].codec_context
        assert (codec.name, codec.pix_fmt) == ("h264", "yuv420p")
        assert (codec.colorspace, codec.color_range) == (Colorspace.ITU709, ColorRange.MPEG)
        assert (codec.color_primaries, codec.color_trc) == (ColorPrimaries.BT709, ColorTrc.IEC61966_2_1)


def test_white_and_black_are_kept_within_limited_range(tmp_path: Path) -> None:
    frames = np.zeros((2, HEIGHT, WIDTH, 3), np.uint8)
    frames[:, :, WIDTH // 2 :] = 255
    with av.open(write(tmp_path / "a.mp4", frames)) as container:
        luma = next(container.decode(video=0)).to_ndarray()[:HEIGHT]
    assert abs(int(luma[5, 5]) - 16) <= 1
    assert abs(int(luma[5, -5]) - 235) <= 1


@pytest.mark.parametrize("fps", [20, 1, Fraction(30000, 1001), Fraction(1, 2), 240])
def test_size_rate_count_and_duration_read_back(tmp_path: Path, fps: Fraction | int) -> None:
    info = probe(write(tmp_path / "a.mp4", ramp(7), fps=fps))
    assert (info.width, info.height, info.num_frames, info.fps) == (WIDTH, HEIGHT, 7, fps)
    with av.open(tmp_path / "a.mp4") as container:
        stream = container.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(7) / fps


@pytest.mark.parametrize("size", [(2, 2), (18, 30), (94, 62), (832, 480)])
def test_even_sizes_read_back_as_they_were(tmp_path: Path, size: tuple[int, int]) -> None:
    frames = ramp(1, *size)
    assert read(write(tmp_path / "a.mp4", frames)).shape == frames.shape


def test_frames_keep_their_order_over_several_writes(tmp_path: Path) -> None:
    shades = np.repeat(np.arange(30, 230, 5, dtype=np.uint8), HEIGHT * WIDTH * 3).reshape(-1, HEIGHT, WIDTH, 3)
    with open_writer(tmp_path / "a.mp4") as writer:
        for part in np.split(shades, [1, 1, 7, 30]):
            writer.write(part)
        assert writer.num_frames == len(shades) == 40
    assert np.abs(read(tmp_path / "a.mp4").mean((1, 2, 3)) - shades[:, 0, 0, 0]).max() < 2


def test_arrays_that_are_not_contiguous_are_written_as_they_look(tmp_path: Path) -> None:
    flipped = ramp()[:, :, ::-1]
    assert psnr(read(write(tmp_path / "a.mp4", flipped)), flipped) > 40


def test_a_lower_crf_is_better_and_larger(tmp_path: Path) -> None:
    best, worst = (write(tmp_path / f"{crf}.mp4", noise(3), crf=crf) for crf in (5, 45))
    assert best.stat().st_size > 3 * worst.stat().st_size
    assert psnr(read(best), noise(3)) > psnr(read(worst), noise(3))


def test_there_is_a_key_frame_at_least_every_second(tmp_path: Path) -> None:
    with av.open(write(tmp_path / "a.mp4", ramp(25), fps=10)) as container:
        keys = sorted(p.pts * p.time_base for p in container.demux(video=0) if p.is_keyframe and p.pts is not None)
    assert keys[0] == 0
    assert np.diff([*keys, Fraction(5, 2)]).max() <= 1


def test_the_index_comes_before_the_pictures(tmp_path: Path) -> None:
    content = write(tmp_path / "a.mp4", ramp()).read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")


METADATA = {"title": "Dünen 🎬", "comment": "two\nlines", "astra.request": '{"seed": 7}', "empty": ""}


def test_any_metadata_reads_back(tmp_path: Path) -> None:
    metadata = probe(write(tmp_path / "a.mp4", ramp(), metadata=METADATA)).metadata
    brands = {"major_brand", "minor_version", "compatible_brands"}
    assert {key: value for key, value in metadata.items() if key not in brands} == METADATA


def grainy(num_frames: int, width: int = WIDTH, height: int = HEIGHT) -> Frames:
    """A moving ramp with grain: most sensitive to the one part of x264 that is not deterministic."""
    grain = np.random.default_rng(0).integers(-12, 12, (num_frames, height, width, 3))
    moved = np.stack([np.roll(frame, 5 * n, 1) for n, frame in enumerate(ramp(num_frames, width, height))])
    return np.clip(moved + grain, 0, 255).astype(np.uint8)


def test_the_same_frames_give_the_same_bytes(tmp_path: Path) -> None:
    files = [write(tmp_path / f"{n}.mp4", grainy(30, 192, 128), metadata=METADATA) for n in range(4)]
    assert len({path.read_bytes() for path in files}) == 1
    # The fault shows on some runs and some processors only, so the file is also asked: x264 notes its settings in it.
    assert b" mbtree=0 " in files[0].read_bytes()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs to choose the cores")
def test_the_bytes_do_not_depend_on_the_number_of_cores(tmp_path: Path) -> None:
    frames, cores = grainy(3, 416, 240), os.sched_getaffinity(0)
    many = write(tmp_path / "many.mp4", frames).read_bytes()
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert write(tmp_path / "one.mp4", frames).read_bytes() == many
    finally:
        os.sched_setaffinity(0, cores)


# --- all or nothing ------------------------------------------------------------------------------------------------


def test_nothing_shows_under_the_name_before_the_end(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a.mp4")
    writer.write(ramp())
    (part,) = tmp_path.iterdir()
    assert part.name.startswith(".a.mp4.")
    assert part.name.endswith(".part")
    writer.finish()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]


def test_two_writers_of_one_name_do_not_meet(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.mp4") as one, open_writer(tmp_path / "a.mp4") as other:
        one.write(ramp(2))
        other.write(ramp(3))
        other.finish()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]
    assert probe(tmp_path / "a.mp4").num_frames == 2


def test_abort_leaves_nothing_behind(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a.mp4")
    writer.write(ramp())
    writer.abort()
    writer.abort()
    assert list(tmp_path.iterdir()) == []


def write_and_break(path: Path, problem: type[BaseException]) -> None:
    with open_writer(path) as writer:
        writer.write(ramp())
        raise problem


@pytest.mark.parametrize("problem", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_nothing_behind(tmp_path: Path, problem: type[BaseException]) -> None:
    with pytest.raises(problem):
        write_and_break(tmp_path / "a.mp4", problem)
    assert list(tmp_path.iterdir()) == []


def test_an_abort_keeps_the_older_file(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"older")
    with open_writer(tmp_path / "a.mp4") as writer:
        writer.write(ramp())
        writer.abort()
    assert (tmp_path / "a.mp4").read_bytes() == b"older"


def test_a_finished_file_replaces_the_older_one(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"older")
    assert probe(write(tmp_path / "a.mp4", ramp(3))).num_frames == 3


def test_finishing_early_inside_the_block_is_allowed(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.mp4") as writer:
        writer.write(ramp())
        writer.finish()
    assert probe(tmp_path / "a.mp4").num_frames == 4


def test_no_frames_are_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 1 frame"), open_writer(tmp_path / "a.mp4") as writer:
        writer.write(ramp()[:0])
    assert list(tmp_path.iterdir()) == []


def test_a_closed_writer_takes_no_more(tmp_path: Path) -> None:
    with open_writer(tmp_path / "a.mp4") as writer:
        writer.write(ramp())
    for use in (lambda: writer.write(ramp()), writer.finish):
        with pytest.raises(ValueError, match="already finished or aborted"):
            use()


def test_the_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    assert write(tmp_path / "a.mp4", ramp()).stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize("name", ["take:1 %03d 'ü'.mp4", "no ending", "x" * 250 + ".mp4", "-i.mp4"])
def test_odd_names_are_only_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    assert probe(write(Path(name), ramp())).num_frames == 4
    assert [path.name for path in tmp_path.iterdir()] == [name]


# --- where no file can be ------------------------------------------------------------------------------------------


@contextmanager
def room_for(num_bytes: int) -> Iterator[None]:
    """Let no file of this process grow past `num_bytes`: a full disk that needs no disk."""
    resource = pytest.importorskip("resource")
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99, 1.0])
def test_no_room_keeps_the_systems_errno_and_leaves_nothing(tmp_path: Path, part: float) -> None:
    path = write(tmp_path / "a.mp4", noise(8))
    needed = path.stat().st_size
    path.unlink()
    with pytest.raises(OSError, match="too large") as caught, room_for(int(part * needed) - (part == 1.0)):
        write(path, noise(8))
    assert caught.value.errno == errno.EFBIG
    assert str(path) in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told_as_no_space_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link_to_full(self: Path, mode: str) -> object:
        self.symlink_to("/dev/full")
        return usual_open(self, "r+b")

    usual_open: Callable[..., object] = Path.open
    monkeypatch.setattr(Path, "open", link_to_full)
    with pytest.raises(OSError, match="No space left") as caught:
        write(tmp_path / "a.mp4", noise(8))
    assert caught.value.errno == errno.ENOSPC
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_a_failed_write_closes_its_file(tmp_path: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(OSError, match="too large") as caught, room_for(500):
        write(tmp_path / "a.mp4", noise(8))
    assert caught.value.errno == errno.EFBIG
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_abort_needs_no_room(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a.mp4")
    writer.write(noise(60))
    with room_for(100):
        writer.abort()
    assert list(tmp_path.iterdir()) == []


def fill(writer: VideoWriter) -> None:
    while True:
        writer.write(noise(8))


def test_a_writer_that_failed_is_closed(tmp_path: Path) -> None:
    writer = VideoWriter(tmp_path / "a.mp4", width=WIDTH, height=HEIGHT, fps=20, crf=1)
    with room_for(500), pytest.raises(OSError, match="too large"):
        fill(writer)
    with pytest.raises(ValueError, match="already finished or aborted"):
        writer.finish()


def test_a_missing_folder_is_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        open_writer(tmp_path / "gone" / "a.mp4")
    assert caught.value.errno == errno.ENOENT
    assert caught.value.filename == str(tmp_path / "gone" / "a.mp4")


def test_a_parent_that_is_a_file_is_not_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"kept")
    with pytest.raises(NotADirectoryError):
        open_writer(tmp_path / "file" / "a.mp4")
    assert (tmp_path / "file").read_bytes() == b"kept"


def test_a_folder_of_that_name_is_refused_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(IsADirectoryError):
        open_writer(tmp_path / "a.mp4")
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]


def test_a_name_taken_by_a_folder_meanwhile_leaves_no_part(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "a.mp4")
    writer.write(ramp())
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(IsADirectoryError):
        writer.finish()
    assert list(tmp_path.iterdir()) == [tmp_path / "a.mp4"]


# --- wrong requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frames",
    [
        np.zeros((HEIGHT, WIDTH, 3), np.uint8),
        np.zeros((1, WIDTH, HEIGHT, 3), np.uint8),
        np.zeros((1, HEIGHT, WIDTH, 4), np.uint8),
        np.zeros((1, HEIGHT, WIDTH, 3), np.float32),
    ],
    ids=["one frame", "turned", "four channels", "floats"],
)
def test_wrong_frames_are_refused_with_what_was_expected(tmp_path: Path, frames: Frames) -> None:
    with pytest.raises(ValueError, match=r"expected uint8 frames of shape \(n, 64, 96, 3\)"):
        write_raw(tmp_path / "a.mp4", frames)
    assert list(tmp_path.iterdir()) == []


def write_raw(path: Path, frames: Frames) -> None:
    with open_writer(path) as writer:
        writer.write(frames)


@pytest.mark.parametrize(("width", "height", "named"), [(97, 64, "width"), (96, 63, "height")])
def test_odd_sizes_are_refused_by_name(tmp_path: Path, width: int, height: int, named: str) -> None:
    with pytest.raises(ValueError, match=f"{named} must be even"):
        VideoWriter(tmp_path / "a.mp4", width=width, height=height, fps=20)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"height": 16386},
        {"fps": 0},
        {"fps": -20},
        {"fps": 1001},
        {"fps": Fraction(29.97)},
        {"crf": 0},
        {"crf": 52},
        {"metadata": {"": "x"}},
        {"metadata": {"note": "a\0b"}},
        {"metadata": {"encoder": "me"}},
    ],
    ids=str,
)
def test_values_out_of_range_are_refused_and_leave_nothing(tmp_path: Path, wrong: dict[str, object]) -> None:
    options: dict[str, object] = {"width": WIDTH, "height": HEIGHT, "fps": 20, **wrong}
    with pytest.raises(ValueError, match=r"must be|metadata"):
        VideoWriter(tmp_path / "a.mp4", **options)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
