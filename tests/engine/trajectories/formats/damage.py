"""Damages camera files: a walk that no camera goes, a file that was cut off, bytes of something else. Each kind of
damage by its name, made of good files, so that every format has the same corpus."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from tests.engine.trajectories.formats.layouts import SAMPLES, Sample, Walk, a_walk

BAD = 4
"""The number of the pose that is spoilt."""


def _spoilt(walk: Walk, part: str, value: object) -> Walk:
    array = getattr(walk, part).copy()
    array[BAD] = value
    return replace(walk, **{part: array})


WALKS: dict[str, Callable[[Walk], Walk]] = {
    "a number that is none": lambda walk: _spoilt(walk, "points", [0.1, np.nan, 0.2]),
    "a number without end": lambda walk: _spoilt(walk, "points", [0.1, np.inf, 0.2]),
    "a place beyond any scene": lambda walk: _spoilt(walk, "points", [1e300, 0, 0]),
    "a rotation that stretches": lambda walk: replace(
        walk,
        turns=_spoilt(walk, "turns", walk.turns[BAD] * 1.5).turns,
        matrices=_spoilt(walk, "matrices", walk.matrices[BAD] * 1.5).matrices,
    ),
    "a rotation of nothing": lambda walk: replace(
        walk, turns=_spoilt(walk, "turns", 0).turns, matrices=_spoilt(walk, "matrices", 0).matrices
    ),
    "a reflection": lambda walk: _spoilt(walk, "matrices", walk.matrices[BAD] @ np.diag([1.0, 1, -1])),
    "a time that goes back": lambda walk: _spoilt(walk, "times", walk.times[BAD - 2]),
    "a time that stands still": lambda walk: _spoilt(walk, "times", walk.times[BAD - 1]),
    "a clock of another world": lambda walk: replace(walk, times=walk.times * 1e9),
    "a single pose": lambda walk: walk.part(slice(0, 1)),
}
"""What is wrong with the camera."""
_NO_DAMAGE: dict[str, tuple[str, ...]] = {
    # Two keys of a table may be of one time, and are then one: sensors are read together.
    "nuscenes": ("a time that goes back", "a time that stands still", "a reflection"),
    # Its timestamps are made even where they do not rise, as its own program does, and that is said.
    "gen3c_path": ("a time that goes back", "a time that stands still"),
    # Quaternions hold no reflection, and angles nothing but rotations.
    "colmap": ("a reflection",),
    "spatialvid": ("a reflection",),
    "gltf_under_nodes": ("a reflection", "a rotation that stretches", "a rotation of nothing"),
    "chan": ("a reflection", "a rotation that stretches", "a rotation of nothing"),
    # What is no time cannot stand still, and may be as late as it likes.
    "realestate_that_counts_frames": ("a time that stands still", "a clock of another world"),
}
"""By the beginning of a sample's name, what does it no harm."""


def camera_damages(name: str) -> Iterator[tuple[str, Sample]]:
    """Files of a sample whose camera is impossible, where the format can hold such a thing."""
    good = SAMPLES[name](a_walk())
    for kind, spoil in WALKS.items():
        if any(name.startswith(start) and kind in kinds for start, kinds in _NO_DAMAGE.items()):
            continue
        with np.errstate(all="ignore"):
            try:
                bad = SAMPLES[name](spoil(a_walk()))
            except (ValueError, IndexError, np.linalg.LinAlgError):  # the writer cannot put it there
                continue
        if bad.files != good.files:
            yield kind, bad


def _main(sample: Sample) -> str:
    """The file of a sample that holds the poses."""
    if sample.name in sample.files:
        return sample.name
    return next(name for name in sample.files if name.endswith(("images.txt", "poses.npy")))


def with_content(sample: Sample, change: Callable[[bytes], bytes]) -> Sample:
    name = _main(sample)
    return replace(sample, files={**sample.files, name: change(sample.files[name])})


def _line(number: int, change: Callable[[str], str]) -> Callable[[bytes], bytes]:
    """Changes one of the lines with many numbers, counted from the first of them."""

    def changed(content: bytes) -> bytes:
        lines = content.decode("utf-8-sig").split("\n")
        rows = [n for n, line in enumerate(lines) if len(line.replace(",", " ").split()) >= 7 and line[0] != "#"]
        lines[rows[number]] = change(lines[rows[number]])
        return "\n".join(lines).encode()

    return changed


BYTES: dict[str, Callable[[bytes], bytes]] = {
    "nothing in it": lambda _: b"",
    "blanks in it": lambda _: b" \r\n\t\n  ",
    "a single byte": lambda content: content[:1],
    "rubbish": lambda _: bytes(range(256)) * 40,
    "rubbish that begins as it should": lambda content: content[:8] + bytes(range(255, 0, -1)) * 20,
    "zeros": lambda content: b"\0" * len(content),
    "the numbers of a telephone book": lambda _: b"Adams 555 1234\nBrown 555 9876\n" * 30,
    "a page of the web": lambda _: b"<!doctype html><html><body>404 Not Found</body></html>",
    "a picture": lambda _: b"\x89PNG\r\n\x1a\n" + bytes(200),
    "an archive": lambda _: b"PK\x03\x04" + bytes(range(200)),
    "a pickle": lambda _: b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94\x8c\x06system\x94\x93\x94.",
    "brackets without end": lambda _: b'{"path":' + b"[" * 200_000,
}
"""What is in the file in place of a camera: each must be refused."""

TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "another encoding": lambda content: content.decode("utf-8-sig").encode("utf-16")[2:],
    "a letter of another encoding": lambda content: content[:40] + "é".encode("latin-1") + content[40:],
    "a zero byte": lambda content: content[: len(content) // 2] + b"\0" + content[len(content) // 2 :],
}
"""What happens to text: each must be refused."""

LINES: dict[str, Callable[[bytes], bytes]] = {
    "a column too few": _line(3, lambda line: line.replace(",", " ").rsplit(maxsplit=1)[0]),
    "a column too many": _line(3, lambda line: line.rstrip() + " 7"),
    "a word among the numbers": _line(3, lambda line: line[:1] + "x" + line[2:]),
    "a number with a comma for its point": _line(3, lambda line: line.replace(".", ",")),
    "a number with a bar": _line(3, lambda line: line[:1] + "_0" + line[1:]),
    "a number that no computer holds": _line(3, lambda line: "9" * 400 + line[1:]),
    "the first line cut": _line(0, lambda line: line[: len(line) // 2]),
}
"""What happens to a line of a table: each must be refused, with the number of the line."""


def byte_damages(name: str) -> Iterator[tuple[str, Sample]]:
    """Files of a sample that are something else."""
    good = SAMPLES[name](a_walk())
    for kind, change in BYTES.items():
        yield kind, with_content(good, change)
    if is_text(good):
        for kind, change in TEXTS.items():
            yield kind, with_content(good, change)


def line_damages(name: str) -> Iterator[tuple[str, Sample]]:
    good = SAMPLES[name](a_walk())
    if good.format in ("tum", "kitti", "re10k", "chan", "colmap"):
        for kind, change in LINES.items():
            # The name of an image may have any number of words.
            if good.format != "colmap" or not kind.startswith("a column"):
                yield kind, with_content(good, change)


def cuts(name: str, count: int = 12) -> Iterator[tuple[int, Sample]]:
    """A sample that ends too early, at so many places; a table cut between two lines is as good as whole."""
    good = SAMPLES[name](a_walk())
    whole = good.files[_main(good)]
    for size in np.linspace(1, len(whole) - 2, count).astype(int):
        yield int(size), with_content(good, lambda content, end=size: content[:end])


def is_text(sample: Sample) -> bool:
    return _main(sample).rpartition(".")[2] not in ("npy", "npz", "glb")


def is_json(sample: Sample) -> bool:
    return sample.files[_main(sample)][:1] in (b"{", b"[")


def content_of(sample: Sample) -> object:
    return json.loads(sample.files[_main(sample)])
