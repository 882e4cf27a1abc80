"""JOBS.toml, the description of a batch: read with errors that name the line and key at fault."""

from __future__ import annotations

import hashlib
import itertools
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from astra_studio.document.declared import declared_settings
from astra_studio.paths import BUNDLED_WORLD
from astra_studio.problems import Problem, UserError
from astra_studio.services.rendering.render import RenderRequest
from engine.settings import find_spec
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.registry import format_named
from engine.worlds.registry import every_setting

MAX_BYTES = 4_000_000
MAX_JOBS = 10_000
_PLURALS: dict[str, str] = {
    "images": "image",
    "trajectories": "trajectory",
    "worlds": "world",
    "seeds": "seed",
    "prompts": "prompt",
}
_JOB_KEYS = ("image", "trajectory", "world", "seed", "prompt", "chunks")
"""Beside the settings of worlds."""
_FILE_KEYS = ("file", "format", "convention", "axes", "euler", "fps", "scale", "align", "camera")
"""Of a trajectory that is a camera file read in a certain way."""
_MAX_NAME = 100


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """One render.

    Attributes:
        name: of its files; no other job of the batch has it, whatever its case.
        trajectory: a preset, a pose line, or the path of a camera file.
        overrides, trajectory_format: how that file is to be read, where it is said.
        changes: sampling settings that differ from the world's defaults, by their names.
    """

    name: str
    image: Path
    trajectory: str
    world: str = BUNDLED_WORLD
    seed: int = 0
    prompt: str = ""
    num_chunks: int | None = None
    overrides: Overrides | None = None
    trajectory_format: str | None = None
    changes: tuple[tuple[str, Any], ...] = ()

    def request(self, out: Path, key: str = "") -> RenderRequest:
        """The same for `services.render`."""
        return RenderRequest(
            image=self.image,
            trajectory=self.trajectory,
            overrides=self.overrides,
            trajectory_format=self.trajectory_format,
            out=out / f"{self.name}.mp4",
            report=out / f"{self.name}.json",
            num_chunks=self.num_chunks,
            prompt=self.prompt,
            seed=self.seed,
            changes=dict(self.changes),
            key=key,
            kept=out / ".unfinished" / self.name,
        )

    @property
    def trajectory_words(self) -> str:
        """The name of its trajectory for people."""
        is_path = Path(self.trajectory).is_absolute()
        return Path(self.trajectory).name if is_path else self.trajectory


def read_jobs(path: Path) -> list[BatchJob]:
    """The jobs of a TOML file, see docs/batch.md. Raises UserError for a file that cannot be understood."""
    return _Reader(path).jobs()


_Entry = tuple[dict[str, Any], dict[str, Any], tuple[str, int]]
"""A job's keys, those that make its name, and the table they are in."""


class _Reader:
    """Reader of one file; errors name the place in it."""

    def __init__(self, path: Path) -> None:
        self._path, self._folder = path, path.absolute().parent
        self._text = self._read()
        try:
            self._content = tomllib.loads(self._text)
        except tomllib.TOMLDecodeError as error:
            raise self._wrong(f"It is not TOML: {error}") from error
        except RecursionError as error:
            raise self._wrong("It is not TOML: it is nested too deeply") from error
        self._lines = _key_lines(self._text)
        self._setting_keys = setting_keys()

    def jobs(self) -> list[BatchJob]:
        known = ("defaults", "grid", "job")
        for key in self._content:
            if key not in known:
                raise self._wrong(f"There may be {', '.join(known)}, not {key!r}", ("", 0, key))
        defaults = self._content.get("defaults", {})
        if not isinstance(defaults, dict):
            raise self._wrong("[defaults] is a table: write its keys below [defaults]", ("", 0, "defaults"))
        self._check_keys(defaults, ("defaults", 0), (*_JOB_KEYS, *self._setting_keys))
        jobs: list[BatchJob] = []
        taken: set[str] = set()
        for entry, distinct, place in itertools.chain(self._grids(defaults), self._listed(defaults)):
            if len(jobs) >= MAX_JOBS:
                raise self._wrong(f"It asks for more than {MAX_JOBS:,} jobs. Make several files of it")
            job = self._job({**defaults, **entry}, distinct, place)
            if "name" in entry and job.name.casefold() in taken:
                raise self._wrong(f"Another job is called {job.name!r} already", (*place, "name"))
            job = _named_apart(job, taken)
            taken.add(job.name.casefold())
            jobs.append(job)
        if not jobs:
            raise self._wrong("It asks for nothing: there is neither a [grid] nor a [[job]]")
        return jobs

    # ------------------------------------------------------------------ tables

    def _grids(self, defaults: Mapping[str, Any]) -> Iterator[_Entry]:
        """Every combination of the lists of each [grid], named by the values that differ."""
        for grid, place in self._tables("grid"):
            self._check_keys(grid, place, (*_PLURALS, *self._setting_keys))
            for key, values in grid.items():
                if not isinstance(values, list) or not values:
                    single = _PLURALS.get(key, key)
                    raise self._wrong(
                        f"{key} is a list with at least one entry. A {single} for all of them goes below [defaults]",
                        (*place, key),
                    )
            for wanted, plural in (("image", "images"), ("trajectory", "trajectories")):
                if plural not in grid and wanted not in defaults:
                    raise self._wrong(f"it needs {plural}, or {wanted} below [defaults]", (*place, ""))
            lists = [self._images(grid[key], place) if key == "images" else grid[key] for key in grid]
            names = [_PLURALS.get(key, key) for key in grid]
            distinct = {name for name, values in zip(names, lists, strict=True) if len(values) > 1}
            for values in itertools.product(*lists):
                entry = dict(zip(names, values, strict=True))
                yield entry, {name: value for name, value in entry.items() if name in distinct}, place

    def _listed(self, defaults: Mapping[str, Any]) -> Iterator[_Entry]:
        for entry, place in self._tables("job"):
            self._check_keys(entry, place, ("name", *_JOB_KEYS, *self._setting_keys))
            for wanted in ("image", "trajectory"):
                if wanted not in entry and wanted not in defaults:
                    raise self._wrong(f"it needs {wanted}, here or below [defaults]", (*place, ""))
            yield entry, entry, place

    def _tables(self, name: str) -> Iterator[tuple[dict[str, Any], tuple[str, int]]]:
        """The tables [name], or [[name]] more than once."""
        found = self._content.get(name, [])
        tables = [found] if isinstance(found, dict) else found
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            brackets = f"[[{name}]]" if name == "job" else f"[{name}]"
            raise self._wrong(f"Write {brackets} on a line of its own, and the keys below it", ("", 0, name))
        for number, table in enumerate(tables):
            yield table, (name, number)

    def _images(self, values: list[Any], place: tuple[str, int]) -> list[Any]:
        """Pictures, those that a pattern such as `pictures/*.jpg` stands for among them."""
        out: list[Any] = []
        for value in values:
            if not (isinstance(value, str) and any(mark in value for mark in "*?[")):
                out.append(value)
                continue
            where = Path(value).expanduser()
            root, pattern = (
                (Path(where.anchor), str(where.relative_to(where.anchor)))
                if where.is_absolute()
                else (self._folder, value)
            )
            try:
                found = sorted(str(path) for path in root.glob(pattern) if path.is_file())
            except (ValueError, OSError, NotImplementedError) as error:
                raise self._wrong(f"{value!r} is no pattern: {error}", (*place, "images")) from error
            if not found:
                raise self._wrong(f"no picture is called {value!r} in {root}", (*place, "images"))
            out += found
        return out

    def _check_keys(self, table: Mapping[str, Any], place: tuple[str, int], known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                near = _nearest(key, known)
                meant = f"Did you mean {near}?" if near else f"There may be {', '.join(known)}"
                raise self._wrong(f"there is no key {key!r}. {meant}", (*place, key))

    # ------------------------------------------------------------------ one job

    def _job(self, entry: Mapping[str, Any], distinct: Mapping[str, Any], place: tuple[str, int]) -> BatchJob:
        """`distinct`: the values that set this job apart from the others; they make its name."""

        def value(key: str, kind: type, expected: str, default: Any) -> Any:
            found = entry.get(key, default)
            # To Python true is 1.
            if found is not default and (not isinstance(found, kind) or (kind is int and isinstance(found, bool))):
                raise self._wrong(f"{key} is {expected}, not {_short(found)}", (*place, key))
            return found

        chunks = value("chunks", int, "a whole number", None)
        if chunks is not None and not 1 <= chunks <= 100_000:
            raise self._wrong(f"chunks is at least 1, not {chunks}", (*place, "chunks"))
        image = value("image", str, "the path of a picture, in quotes", "")
        trajectory, overrides, format_name = self._trajectory(entry["trajectory"], place)
        world = value("world", str, "a world's name or path, in quotes", BUNDLED_WORLD)
        seed = value("seed", int, "a whole number", 0)
        prompt = value("prompt", str, "text, in quotes", "")
        world = self._world(world)
        changes = self._changes(entry, world, place)
        name = value("name", str, "text, in quotes", "")
        if name and not _is_file_name(name):
            raise self._wrong(f"a file cannot be called {name!r}", (*place, "name"))
        path = self._beside(image)
        return BatchJob(
            name=name or _name(path, trajectory, distinct),
            image=path,
            trajectory=trajectory,
            overrides=overrides,
            trajectory_format=format_name,
            world=world,
            seed=seed,
            prompt=prompt,
            num_chunks=chunks,
            changes=changes,
        )

    def _trajectory(self, value: Any, place: tuple[str, int]) -> tuple[str, Overrides | None, str | None]:
        """A preset, a pose line or a file, and options for reading the file."""
        if isinstance(value, str):
            beside = self._beside(value)
            return (str(beside) if _exists(beside) else value), None, None
        if not isinstance(value, dict) or not isinstance(value.get("file"), str):
            expected = "a preset, a pose line or a file in quotes, or { file = ..., scale = ... }"
            raise self._wrong(
                f"a trajectory is {expected}, not {_short(value)}", (*place, self._key(place, "trajectory"))
            )
        where = (*place, self._key(place, "trajectory"))
        for key in value:
            if key not in _FILE_KEYS:
                raise self._wrong(f"a trajectory has no {key!r}. There may be {', '.join(_FILE_KEYS)}", where)
        given = {key: value[key] for key in _FILE_KEYS[2:] if key in value}
        kinds: dict[str, tuple[type, ...]] = {"fps": (int, float), "scale": (int, float), "align": (bool,)}
        for key, found in given.items():
            wanted = kinds.get(key, (str,))
            if not isinstance(found, wanted) or (isinstance(found, bool) and bool not in wanted):
                raise self._wrong(f"{key} of the trajectory cannot be {_short(found)}", where)
        try:
            if "euler" in given:
                given["euler"] = given["euler"].lower()
            format_name = value.get("format")
            if format_name is not None:
                format_named(str(format_name))
            overrides = Overrides(**given)
        except ValueError as error:
            raise self._wrong(f"the trajectory: {error}", where) from error
        return str(self._beside(value["file"])), overrides, format_name

    def _key(self, place: tuple[str, int], key: str) -> str:
        """A key or its plural, whichever the table has."""
        plural = next((plural for plural, single in _PLURALS.items() if single == key), key)
        return plural if (*place, plural) in self._lines else key

    def _changes(self, entry: Mapping[str, Any], world: str, place: tuple[str, int]) -> tuple[tuple[str, Any], ...]:
        specs, changes = declared_settings(world), dict[str, Any]()
        for key in (key for key in self._setting_keys if key in entry):
            spec = find_spec(specs, key)
            if spec is None:
                there = ", ".join(one.name for one in specs) or "none"
                raise self._wrong(f"the world {world} has no setting {key}. There are {there}", (*place, key))
            try:
                changes[spec.name] = spec.checked(entry[key])
            except ValueError as error:
                raise self._wrong(str(error), (*place, key)) from error
        return tuple(sorted(changes.items()))

    def _world(self, spec: str) -> str:
        """A world's name, or the path of one beside the file."""
        beside = self._beside(spec)
        has_folder = "/" in spec or os.sep in spec or spec.startswith("~")
        return str(beside) if has_folder and _exists(beside) else spec

    def _beside(self, name: str) -> Path:
        """A path as seen from the folder of the file."""
        try:
            return (self._folder / Path(name).expanduser()).resolve()
        except (OSError, ValueError, RuntimeError):
            return self._folder / name

    # ------------------------------------------------------------------ what is wrong

    def _read(self) -> str:
        try:
            if not self._path.is_file():
                kind = "It is a folder" if self._path.is_dir() else "There is no such file"
                raise self._wrong(kind)
            if self._path.stat().st_size > MAX_BYTES:
                raise self._wrong(f"It is larger than {MAX_BYTES // 1_000_000} MB, which no list of jobs is")
            return self._path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise self._wrong(f"It is not UTF-8 text: byte {error.start}. Save it as UTF-8") from error
        except ValueError as error:
            raise self._wrong(str(error)) from error

    def _wrong(self, why: str, place: tuple[str, int, str] | None = None) -> UserError:
        """`place` is a table, its number among those of the name, and a key."""
        position = ""
        if place is not None:
            table, number, key = place
            known = (place, (key, 0, ""), ("defaults", 0, key), (table, number, ""))
            line = next((self._lines[each] for each in known if each in self._lines), None)
            names = {"": "", "job": f"[[job]] {number + 1}", "defaults": "[defaults]"}
            grid = f"[[grid]] {number + 1}" if number else "[grid]"
            where = [part for part in (f"Line {line}" if line else "", names.get(table, grid), key) if part]
            position = f"{', '.join(where)}: " if where else ""
        return UserError(
            Problem(
                f"The jobs in {self._path.name} cannot be understood",
                position + why,
                "docs/batch.md shows how to write it",
            )
        )


_HEADER = re.compile(r"^\s*(\[\[?)\s*([\w-]+)\s*\]")
_KEY = re.compile(r"""^\s*["']?([\w-]+)["']?\s*=""")


def _key_lines(text: str) -> dict[tuple[str, int, str], int]:
    """Lines, from 1, by table, its number among those of the name, and key; "" for its own line."""
    lines: dict[tuple[str, int, str], int] = {}
    table, number = "", 0
    counts: dict[str, int] = {}
    for at, line in enumerate(text.split("\n"), 1):
        if header := _HEADER.match(line):
            table = header[2]
            number = counts.get(table, 0)
            counts[table] = number + 1
            lines[(table, number, "")] = at
        elif key := _KEY.match(line):
            lines.setdefault((table, number, key[1]), at)
    return lines


def _nearest(key: str, known: tuple[str, ...]) -> str | None:
    from difflib import get_close_matches

    return next(iter(get_close_matches(key, known, n=1, cutoff=0.7)), None)


def _short(value: Any) -> str:
    from reprlib import repr as short

    return short(value)


def _exists(path: Path) -> bool:
    """Whether there is such a file or folder; a pose line of any length is none."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def setting_keys() -> list[str]:
    """Keys of the settings of all kinds of worlds; another name of a setting comes before its own, which counts."""
    return [key for spec in every_setting() for key in (*spec.aliases, spec.name)]


def _name(image: Path, trajectory: str, entry: Mapping[str, Any]) -> str:
    """A name from the job's picture, trajectory and other settings."""
    parts = [image.stem, Path(trajectory).stem if Path(trajectory).is_absolute() else trajectory]
    if isinstance(entry.get("trajectory"), dict):
        options = {key: value for key, value in entry["trajectory"].items() if key != "file"}
        parts += ["-".join(f"{key}{value}" for key, value in options.items())] if options else []
    parts += [f"seed{entry['seed']}"] if "seed" in entry else []
    parts += [f"{name.replace('_', '')}{entry[name]}" for name in setting_keys() if name in entry]
    parts += [f"chunks{entry['chunks']}"] if "chunks" in entry else []
    if entry.get("prompt"):
        parts.append(hashlib.sha256(str(entry["prompt"]).encode()).hexdigest()[:6])
    if "world" in entry:
        parts.append(Path(str(entry["world"])).name)
    clean = "_".join("".join(c if c.isalnum() or c in "-+." else "-" for c in part) for part in parts)
    clean = clean.strip(".") or "job"
    if len(clean) > _MAX_NAME:
        clean = f"{clean[: _MAX_NAME - 11]}-{hashlib.sha256(clean.encode()).hexdigest()[:10]}"
    return clean


def _named_apart(job: BatchJob, taken: set[str]) -> BatchJob:
    """The job with a name of its own: pictures of one name lie in two folders, moves differ in what no name shows."""
    if job.name.casefold() not in taken:
        return job
    content = repr((str(job.image), job.trajectory, job.overrides, job.world, job.seed, job.prompt, job.changes))
    for attempt in itertools.count():
        mark = hashlib.sha256(f"{content}{attempt or ''}".encode()).hexdigest()[:6]
        name = f"{job.name}-{mark}"
        if name.casefold() not in taken:
            return replace(job, name=name)
    raise AssertionError("there are endlessly many names")


def _is_file_name(name: str) -> bool:
    """Whether it is a valid file name on every system."""
    is_plain = name == name.strip() and name.strip(".") and not name.startswith(".")
    return bool(is_plain) and len(name) <= 200 and not any(c in '/\\:*?"<>|' or ord(c) < 32 for c in name)
