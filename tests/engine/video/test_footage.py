"""Starts out of real files: clips of phones, cameras and screens."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from engine.clock import ASTRA_CLOCK, Clock
from engine.video.decode import VideoReadError, probe, read_frames
from engine.video.encode import VideoWriter
from engine.video.footage import MAX_SIDE, read_start_file
from engine.video.pictures import PictureError

CLIPS = Path(__file__).parents[2] / "data" / "clips"


def numbered(path: Path, num_frames: int, fps: int, size: tuple[int, int] = (96, 64)) -> Path:
    """A clip whose frames say their number in eight black or white bars."""
    width, height = size
    with VideoWriter(path, width=width, height=height, fps=fps) as writer:
        for number in range(num_frames):
            bars = np.array([255 * (number >> bit & 1) for bit in range(8)], np.uint8).repeat(width // 8)
            writer.write(np.broadcast_to(bars[None, None, :, None], (1, height, width, 3)))
    return path


def numbers(frames: np.ndarray) -> list[int]:
    bars = frames[:, frames.shape[1] // 2, :, 1].reshape(len(frames), 8, -1)[..., frames.shape[2] // 16]
    return [sum(1 << bit for bit in range(8) if bar[bit] > 127) for bar in bars]


@pytest.mark.parametrize(("fps", "step"), [(20, 1), (40, 2), (60, 3), (100, 5)])
def test_a_clip_covers_as_much_real_time_as_the_world_takes_it_for(tmp_path: Path, fps: int, step: int) -> None:
    start = read_start_file(numbered(tmp_path / "a.mp4", 110, fps), ASTRA_CLOCK)
    count = min(33, 1 + 4 * ((110 * 20 // fps - 1) // 4))
    assert numbers(start.frames) == [109 - step * n for n in range(count)][::-1]
    assert start.facts.source_fps == fps


def test_slow_clips_repeat_frames_and_mix_none(tmp_path: Path) -> None:
    start = read_start_file(numbered(tmp_path / "a.mp4", 30, 10), ASTRA_CLOCK)
    assert numbers(start.frames)[-5:] == [27, 27, 28, 28, 29]
    assert len(start.frames) == 33


def test_a_world_of_another_clock_gets_frames_of_its_own_rate(tmp_path: Path) -> None:
    clock = Clock(fps=16, frames_per_latent=8, latents_per_chunk=5, trained_speed=0.03, trained_turn=0.03)
    start = read_start_file(numbered(tmp_path / "a.mp4", 110, 32), clock)
    assert len(start.frames) == 41
    assert numbers(start.frames)[-3:] == [105, 107, 109]


def test_uneven_times_are_those_of_the_file() -> None:
    info = probe(CLIPS / "vfr.mp4")
    steps = np.diff(info.times_s)
    assert steps[:58] == pytest.approx(1 / 30, abs=1e-4)
    assert steps[-18:] == pytest.approx(1 / 10, abs=1e-4)
    facts = read_start_file(CLIPS / "vfr.mp4", ASTRA_CLOCK).facts
    assert facts.times_s[-5:] == pytest.approx([3.7, 3.7, 3.8, 3.8, 3.9])


def test_a_mirrored_clip_is_shown_as_its_matrix_says() -> None:
    (frame,) = read_frames(CLIPS / "rot90flip.mp4", stop=1)
    with av.open(str(CLIPS / "rot90flip.mp4")) as container:
        stored = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(frame.astype(int) - stored.transpose(1, 0, 2)).mean() < 3
    facts = read_start_file(CLIPS / "rot90flip.mp4", ASTRA_CLOCK).facts
    assert (facts.orientation.rotation, facts.orientation.mirrored) == (270, True)


def test_pixels_that_are_not_square_are_shown_in_their_true_shape() -> None:
    info = probe(CLIPS / "sar.mp4")
    assert (info.width, info.height) == (1024, 576)
    assert next(read_frames(CLIPS / "sar.mp4")).shape == (576, 1024, 3)


def test_high_dynamic_range_is_tone_mapped_and_said() -> None:
    start = read_start_file(CLIPS / "hlg.mp4", ASTRA_CLOCK)
    assert start.facts.transfer == "hlg"
    assert any("tone-mapped" in sentence for sentence in start.facts.sentences(20))
    with av.open(str(CLIPS / "hlg.mp4")) as container:
        flat = next(container.decode(video=0)).to_ndarray(format="rgb24")
    assert np.abs(next(read_frames(CLIPS / "hlg.mp4")).astype(int) - flat).mean() > 5


def test_what_is_transparent_in_a_video_is_white() -> None:
    frame = next(read_frames(CLIPS / "alpha.webm"))
    assert frame[0, 0].tolist() == [255, 255, 255]
    assert read_start_file(CLIPS / "alpha.webm", ASTRA_CLOCK).facts.alpha


def test_an_interlaced_clip_is_deinterlaced_and_keeps_its_frames(tmp_path: Path) -> None:
    path, count = tmp_path / "tv.mp4", 12
    # A bright bar that moves by 8 pixels from field to field: combed in a frame, whole in a field.
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "5", "flags": "+ildct+ilme"})
        stream.width, stream.height, stream.pix_fmt = 128, 96, "yuv420p"
        for number in range(count):
            woven = np.full((96, 128, 3), 30, np.uint8)
            for field in (0, 1):
                left = 8 * (2 * number + field) % 100
                woven[field::2, left : left + 16] = 220
            frame = av.VideoFrame.from_ndarray(woven, format="rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))

    def combing(frame: np.ndarray) -> float:
        rows = frame[..., 1].astype(int)
        return float(np.abs(rows[1:-1] - (rows[:-2] + rows[2:]) / 2).mean())

    with av.open(str(path)) as container:
        stored = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    shown = list(read_frames(path))
    assert len(shown) == len(stored) == count
    assert combing(shown[5]) < combing(stored[5]) / 3
    (alone,) = read_frames(path, start=5, stop=6)
    assert np.array_equal(alone, shown[5]), "a frame is the same wherever reading began"
    assert read_start_file(path, ASTRA_CLOCK).facts.deinterlaced


def test_a_file_is_what_its_content_says_and_not_its_name(tmp_path: Path) -> None:
    picture, clip = tmp_path / "a.mp4", tmp_path / "b.png"
    Image.new("RGB", (40, 30), (9, 99, 199)).save(picture, "PNG")
    clip.write_bytes((CLIPS / "f60.mp4").read_bytes())
    assert read_start_file(picture, ASTRA_CLOCK).kind == "picture"
    assert read_start_file(clip, ASTRA_CLOCK).kind == "clip"
    assert read_start_file(CLIPS / "a.avif", ASTRA_CLOCK).frames.shape == (1, 64, 64, 3)


def test_large_frames_are_made_smaller_one_by_one(tmp_path: Path) -> None:
    start = read_start_file(numbered(tmp_path / "a.mp4", 40, 20, (2560, 64)), ASTRA_CLOCK)
    assert start.frames.shape == (33, 32, MAX_SIDE, 3)


def test_a_list_of_other_files_is_no_clip(tmp_path: Path) -> None:
    other = numbered(tmp_path / "secret.mp4", 5, 20)
    listing = tmp_path / "list.mp4"
    listing.write_text(f"ffconcat version 1.0\nfile '{other.name}'\n")
    with pytest.raises(VideoReadError, match="cannot be read as a video"):
        read_start_file(listing, ASTRA_CLOCK)


def test_a_missing_file_is_told_as_one(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="There is no file"):
        read_start_file(tmp_path / "none.mp4", ASTRA_CLOCK)


def test_the_report_has_what_was_done() -> None:
    start = read_start_file(CLIPS / "f60.mp4", ASTRA_CLOCK, hashes=True)
    told = start.facts.as_json()
    assert told["frames"] == 33
    assert told["source_fps"] == 60
    assert np.diff(told["times_s"]) == pytest.approx(0.05, abs=1e-4)
    assert (told["rotation"], told["mirrored"], told["pixel_aspect"]) == (0, False, 1.0)
    assert (told["transfer"], told["deinterlaced"], told["alpha"]) == ("sdr", False, False)
    assert len(start.sha256) == 64


def test_frames_too_large_to_decode_are_refused_before_they_are(tmp_path: Path) -> None:
    path = tmp_path / "bomb.gif"
    Image.new("P", (6500, 6000)).save(path, save_all=True, append_images=[Image.new("P", (6500, 6000), 1)])
    with pytest.raises(VideoReadError, match="6500 x 6000 pixels"):
        next(read_frames(path))
