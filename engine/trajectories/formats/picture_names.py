"""Frame number and camera in the names of pictures, for formats that list pictures and their poses.

Programs name the frames of a video by their numbers, so a frame that is missing is a number that is missing; and the
names of several cameras' pictures differ beside the number: `left/0001.png`, `camB_00007.jpg`, `00012_cam3.png`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from engine.poses import Floats
from engine.rotations import angles_between, quaternions
from engine.trajectories.errors import ALL_CAMERAS, CameraChoice, TrajectoryError
from engine.trajectories.formats.parts import natural

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]*$")
_SECONDS = re.compile(r"(?:.*/)?(\d{1,12}\.\d{1,12})")
_PART = re.compile(r"(?<![A-Za-z])(?:train|test|val|eval)(?![A-Za-z])")
"""Parts into which tools divide the frames of one video, by their names."""
_SEPARATORS = re.compile(r"[/_\-. ]+")
_FRAME = "\0"
"""Stands where the number of the frame was."""
_MOST_DIGITS = 19
_LONG = 4
"""Digits from which on a number beside the frame's is a date or a time, and not a camera's."""
_STAMPS = {13: 1e3, 16: 1e6, 19: 1e9}
"""Units per second of a time since 1970, by its number of digits."""
_MOST_FRAMES = 1_000_000
"""Fourteen hours of video."""
_MOST_MARKS = 64
"""Lenses of a rig; a file with more has them for other reasons."""
_SAME_WAY = 2.0
"""How many times as fast a camera may go from mark to mark as within each, and still be one."""
_NOTHING = 1e-9
_REPEATED = 0.8
"""Share of the pictures that must have a mark which others have too, for marks to tell cameras apart."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """The pictures of one camera, in the order in which they were taken.

    Attributes:
        order: which of the listed pictures they are.
        frames: numbers (N,) of their frames in steps of the commonest distance, where the names tell.
        times: seconds (N,) where the names are times.
        notes: what had to be decided.
        cameras: what may be asked for where there are several cameras, as in CameraChoice.
    """

    order: tuple[int, ...]
    frames: Floats | None = None
    times: Floats | None = None
    notes: tuple[str, ...] = ()
    cameras: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Series:
    """What the pictures of one camera have in common: the name around the frame's number, and the mark."""

    template: str
    beside: tuple[str, ...]
    mark: Hashable = None


Members = list[tuple[int, int]]
"""Numbers of frames, rising, and which of the listed pictures has each."""


def sorted_pictures(
    file: str, names: Sequence[str], marks: Sequence[Hashable], c2w: Floats, wanted: str | None, what: str = "images"
) -> Pictures:
    """The pictures of the camera `wanted`, or of the only one.

    Args:
        file: what to call the file in messages.
        names: of the pictures, all different.
        marks: what the file says of each picture's camera, such as its number or its lens; None where it says nothing.
        c2w: poses (N, 4, 4) of the pictures, by which one camera with several marks is told from several cameras.
        what: what to call the pictures in messages.

    Raises CameraChoice where there are several cameras and none is wanted, TrajectoryError for one that is not there.
    """
    series = _series(names, _telling(marks))
    if len({key.mark for key in series}) > 1 and _is_one_way(
        unmarked := _series(names, [None] * len(names)), marks, c2w
    ):
        series = unmarked
    several = {key: members for key, members in series.items() if len(members) > 1}
    covered = sum(map(len, several.values()))
    if 2 * covered < len(names) or (len(several) > 1 and _are_dates(several)):
        several = {}
    if len(several) > 1:
        return _of_camera(file, names, _called(several), wanted, what)
    if wanted not in (None, ALL_CAMERAS):
        raise TrajectoryError(f"{file} has no camera {wanted!r}: it holds one camera, which has no name")
    if not several:
        together = _together(names)
        return _numbered(names, together, what) if together else _by_name(names, what)
    (members,) = several.values()
    found = _numbered(names, members, what)
    kept = set(found.order)
    left = [name for index, name in enumerate(names) if index not in kept]
    said = f"{len(left)} of its {what} left out, whose names are not like the others': {', '.join(left[:3])}"
    return replace(found, notes=(*found.notes, said)) if left else found


def _of_camera(file: str, names: Sequence[str], called: dict[str, Members], wanted: str | None, what: str) -> Pictures:
    """The pictures of the camera that is wanted, of several."""
    cameras = tuple(called)
    may_be_one = _are_disjoint(called.values())
    if wanted is None:
        raise CameraChoice(file, cameras, may_be_one=may_be_one)
    offered = (*cameras, ALL_CAMERAS) if may_be_one else cameras
    if wanted == ALL_CAMERAS and may_be_one:
        return replace(_by_name(names, what), cameras=offered)
    found = next((name for name in cameras if name == wanted), None)
    found = found or next((name for name in cameras if name.lower() == wanted.lower()), None)
    if found is None:
        raise TrajectoryError(f"{file} has no camera {wanted!r}; there are {', '.join(cameras[:12])}")
    pictures = _numbered(names, called[found], what)
    said = f"the camera {found} is read; there are {len(cameras)}"
    return replace(pictures, notes=(said, *pictures.notes), cameras=offered)


# ---------------------------------------------------------------------- which pictures belong together


def _series(names: Sequence[str], marks: Sequence[Hashable]) -> dict[_Series, Members]:
    """Pictures whose names differ in one number only, by what they have in common."""
    bare = [_EXTENSION.sub("", name.replace("\\", "/")) for name in names]
    whole = joined = _grouped(bare, marks)
    if any(map(_PART.search, bare)):
        joined = _grouped([_PART.sub("*", name) for name in bare], marks)
    # Parts of one video share the count of its frames; where they do not, each counts its own.
    chosen = joined if all(_are_disjoint([members]) for members in joined.values()) else whole
    return {key: sorted(members) for key, members in chosen.items() if _are_disjoint([members])}


def _grouped(names: Sequence[str], marks: Sequence[Hashable]) -> dict[_Series, Members]:
    apart = [re.split(r"(\d+)", name) for name in names]
    by_length: dict[int, list[int]] = defaultdict(list)
    for index, parts in enumerate(apart):
        if len(parts) > 1 and max(map(len, parts[1::2])) <= _MOST_DIGITS:
            by_length[len(parts)].append(index)
    found: dict[_Series, Members] = defaultdict(list)
    for length, indices in by_length.items():
        # The number by which the fewest series come about; of those that do equally well the last in the name.
        fields = range(1, length, 2)
        keys = {at: [_key(apart[index], at, marks[index]) for index in indices] for at in fields}
        field = min(fields, key=lambda at: (len(set(keys[at])), -at))
        for index, key in zip(indices, keys[field], strict=True):
            found[key].append((int(apart[index][field]), index))
    return found


def _together(names: Sequence[str]) -> Members:
    """The number that counts the frames in names of which several numbers change: a frame's beside its time; or none.

    It must rise in the order of the names; of those that do the one with the evenest steps is it.
    """
    apart = [re.split(r"(\d+)", _EXTENSION.sub("", name)) for name in names]
    if len(names) < 2 or len({tuple(parts[::2]) for parts in apart}) > 1 or len(apart[0]) < 5:
        return []
    order = sorted(range(len(names)), key=lambda index: natural(names[index]))
    best: tuple[float, Members] = (0.0, [])
    for field in range(1, len(apart[0]), 2):
        if max(len(parts[field]) for parts in apart) > _MOST_DIGITS:
            continue
        members = [(int(apart[index][field]), index) for index in order]
        steps = Counter(second - first for (first, _), (second, _) in pairwise(members))
        evenness = max(steps.values()) / len(steps)
        if min(steps) > 0 and evenness > best[0]:
            best = (evenness, members)
    return best[1]


def _key(parts: list[str], field: int, mark: Hashable) -> _Series:
    template = "".join((*parts[:field], _FRAME, *parts[field + 1 :]))
    return _Series(template=template, beside=(*parts[1:field:2], *parts[field + 2 :: 2]), mark=mark)


def _telling(marks: Sequence[Hashable]) -> Sequence[Hashable]:
    """The marks, where they stand for cameras: several, each of several pictures. Programs also mark every picture."""
    counted = Counter(mark for mark in marks if mark is not None)
    repeated = [count for count in counted.values() if count > 1]
    is_rig = 1 < len(repeated) <= _MOST_MARKS and sum(repeated) >= _REPEATED * len(marks)
    return marks if is_rig else [None] * len(marks)


def _is_one_way(series: dict[_Series, Members], marks: Sequence[Hashable], c2w: Floats) -> bool:
    """Whether the pictures of a single series go on from mark to mark as they do within each: one camera took them."""
    if len(series) != 1:
        return False
    (members,) = series.values()
    numbers = np.array([number for number, _ in members], np.float64)
    order = [index for _, index in members]
    way, is_change = c2w[order], np.array([marks[a] != marks[b] for a, b in pairwise(order)])
    within: list[Floats] = []
    for mark in dict.fromkeys(marks[index] for index in order):
        own = [place for place, index in enumerate(order) if marks[index] == mark]
        if len(own) > 1:
            within.append(_speeds(way[own], numbers[own]))
    if not within or not is_change.any():
        return False
    usual = np.median(np.concatenate(within), axis=0)
    across = np.median(_speeds(way, numbers)[is_change], axis=0)
    return bool((across <= _SAME_WAY * usual + _NOTHING).all())


def _speeds(c2w: Floats, numbers: Floats) -> Floats:
    """Units and radians (N - 1, 2) per frame between poses (N, 4, 4)."""
    turns = quaternions(c2w[:, :3, :3])
    with np.errstate(all="ignore"):  # poses that no scene has are told elsewhere
        moved = np.linalg.norm(np.diff(c2w[:, :3, 3], axis=0), axis=1)
    return np.stack([moved, angles_between(turns[:-1], turns[1:])], axis=1) / np.diff(numbers)[:, None]


def _are_disjoint(series: Iterable[Members]) -> bool:
    """Whether no number of a frame comes twice."""
    numbers = [number for members in series for number, _ in members]
    return len(set(numbers)) == len(numbers)


def _are_dates(several: dict[_Series, Members]) -> bool:
    """Whether the series are one camera's, whose names have dates or times of day in them."""
    if len({key.mark for key in several}) > 1 or not _are_disjoint(several.values()):
        return False
    words = {re.sub(r"\d+", "", key.template) for key in several}
    beside = [digits for place in zip(*(key.beside for key in several), strict=False) for digits in place]
    return len(words) == 1 and any(len(digits) >= _LONG for digits in beside)


def _called(several: dict[_Series, Members]) -> dict[str, Members]:
    """The series by a name for each camera: the part of the pictures' names that differs, or else the mark."""
    tokens = {key: [part for part in _SEPARATORS.split(key.template.replace(_FRAME, "")) if part] for key in several}
    shared = set.intersection(*map(set, tokens.values()))
    own = {key: "_".join(part for part in tokens[key] if part not in shared) for key in several}
    has_marks = len({key.mark for key in several}) > 1
    named: dict[str, Members] = {}
    for number, (key, members) in enumerate(several.items(), 1):
        mark = str(key.mark) if isinstance(key.mark, int | str) else str(number)
        name = own[key] or (mark if has_marks else key.template.replace(_FRAME, "#"))
        named[name if name not in named else f"{name} {mark if has_marks else number}"] = members
    return dict(sorted(named.items(), key=lambda item: natural(item[0])))


# ---------------------------------------------------------------------- when they were taken


def _by_name(names: Sequence[str], what: str) -> Pictures:
    """All of them in the order of their names, which may be their seconds."""
    order = tuple(sorted(range(len(names)), key=lambda index: natural(names[index])))
    said = f"its {what} are taken in the order of their names"
    matches = [_SECONDS.fullmatch(_EXTENSION.sub("", names[index])) for index in order]
    times = np.array([float(match[1]) for match in matches if match])
    if len(times) == len(names) > 1 and _are_times(times):
        return Pictures(order=order, times=times, notes=(f"{said}, which are seconds",))
    return Pictures(order=order, notes=(said,))


def _numbered(names: Sequence[str], members: Members, what: str) -> Pictures:
    """The pictures of a series in the order of their numbers, which count frames, or are times."""
    order = tuple(index for _, index in members)
    seconds = _by_name([names[index] for index in order], what)
    if seconds.times is not None:
        return replace(seconds, order=tuple(order[index] for index in seconds.order))
    said = f"its {what} are taken in the order of their names"
    # As whole numbers first: a time in nanoseconds has more digits than a float.
    passed = np.array([number - members[0][0] for number, _ in members], np.float64)
    per_second = _STAMPS.get(len(str(members[0][0])))
    if per_second is not None and _are_times(passed / per_second):
        return Pictures(order=order, times=passed / per_second, notes=(f"{said}, which are times",))
    steps = Counter(int(second - number) for (number, _), (second, _) in pairwise(members))
    # Of steps that come equally often the smallest: the others are gaps.
    unit = min(steps, key=lambda step: (-steps[step], step))
    notes = (said,) if unit == 1 else (said, f"they are numbered in steps of {unit}, each taken for one frame")
    if passed[-1] / unit > _MOST_FRAMES:
        return Pictures(
            order=order, notes=(said, "the numbers in them are not taken for those of frames: too many lack")
        )
    return Pictures(order=order, frames=passed / unit, notes=notes)


def _are_times(times: Floats) -> bool:
    """Whether rising numbers can be the seconds of a camera's frames."""
    steps = np.diff(times)
    return bool((steps > 0).all() and 1e-4 < np.median(steps) < 60)
