"""Folder of projects without a name, and the list of recent projects."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

from astra_studio.document.store import SUFFIX
from astra_studio.paths import user_data
from engine.whole_files import PartFile

MAX_RECENT = 12


def untitled_path() -> Path:
    """A free path for a new project in the user's data folder, which is made if need be. Raises OSError."""
    folder = untitled_folder()
    folder.mkdir(parents=True, exist_ok=True)
    names = (folder / f"Untitled {number}{SUFFIX}" for number in count(1))
    return next(path for path in names if not path.exists())


def untitled_folder() -> Path:
    """Where projects lie that nobody has given a place."""
    return user_data() / "projects"


def is_untitled(path: Path) -> bool:
    return path.resolve().parent == untitled_folder().resolve()


def recent() -> tuple[Path, ...]:
    """Projects opened last, newest first, those that are gone left out. A list that cannot be read is empty."""
    try:
        names = json.loads(_list().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ()
    if not isinstance(names, list):
        return ()
    return tuple(path for name in names if isinstance(name, str) and (path := Path(name)).is_file())[:MAX_RECENT]


def remember(project: Path) -> None:
    """Put a project first among those opened last. Raises OSError."""
    whole = project.absolute()
    _write([whole, *(path for path in recent() if path != whole)][:MAX_RECENT])


def _list() -> Path:
    return user_data() / "recent.json"


def _write(paths: list[Path]) -> None:
    _list().parent.mkdir(parents=True, exist_ok=True)
    part = PartFile(_list())
    with part.guarded():
        part.path.write_text(json.dumps([str(path) for path in paths], indent=1) + "\n", encoding="utf-8")
    part.commit()
