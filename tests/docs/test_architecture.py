"""ARCHITECTURE.md and CONTRIBUTING.md against the tree: what they name is there, and every package is named."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("astra_studio", "engine", "ui")
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading."""
    return re.split(r"^## ", TEXT.partition(f"\n## {title}")[2], maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> list[list[str]]:
    """The cells of a section's table, without its head."""
    lines = [line for line in section(title).split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def spans(text: str) -> list[str]:
    """What stands between backticks on one line, blocks of code left out."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def modules() -> set[str]:
    """Every module and package as a path without its ending, such as `engine/worlds/registry`."""
    found = {
        path for package in PACKAGES for path in (ROOT / package).rglob("*") if path.is_dir() or path.suffix == ".py"
    }
    found |= set((ROOT / "packaging").iterdir()) | set((ROOT / "tests").iterdir())
    return {path.relative_to(ROOT).with_suffix("").as_posix() for path in found}


def test_every_place_is_there() -> None:
    places, missing = 0, []
    for cell, _owns in rows("Where things are"):
        folder = ROOT
        for place in spans(cell):
            found = next((path for path in (ROOT / place, folder / place) if path.exists()), None)
            if found is None:
                missing.append(place)
            else:
                folder, places = found.parent, places + 1
    assert missing == []
    assert places > 30


def test_every_module_that_it_names_is_there() -> None:
    known = modules()
    named = [span.strip("/") for _cell, owns in rows("Where things are") for span in spans(owns)]
    named = [name for name in named if re.fullmatch(r"[a-z_]+(/[a-z_]+)*", name)]
    assert [name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in known)] == []
    assert len(named) > 20


def test_every_package_is_named() -> None:
    """Those in a root package, and those in them; by their whole path, without the root, or by their own name."""
    named = {span.strip("/") for row in rows("Where things are") for cell in row for span in spans(cell)}
    packages = [
        path.parent.relative_to(ROOT).as_posix()
        for root in PACKAGES
        for pattern in ("*/__init__.py", "*/*/__init__.py")
        for path in sorted((ROOT / root).glob(pattern))
    ]
    assert [path for path in packages if not {path, path.partition("/")[2], path.rpartition("/")[2]} & named] == []


def test_every_extension_point_is_there_with_its_contract_test() -> None:
    points = rows("Extension points")
    for _thing, where, contract in points:
        module, *names = spans(where)
        source = (ROOT / module).read_text(encoding="utf-8")
        for name in names:
            assert re.search(rf"^{re.escape(name)}\b|\"{re.escape(name)}\"", source, re.MULTILINE), (
                f"{name} in {module}"
            )
        for test in spans(contract):
            assert (ROOT / test).is_file(), test
    assert len(points) >= 5


def test_contributing_names_files_that_are_there() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    words = {word for span in spans(text) for word in span.split()}
    paths = {word for word in words if re.fullmatch(r"(?:tests|docs|engine|astra_studio|ui|packaging)/[\w/.-]*", word)}
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []
    assert len(paths) > 40
    for name, path in re.findall(r"`([A-Z][A-Z_]+)` of `([\w/.]+)`", text):
        assert re.search(rf"^{name}\b", (ROOT / path).read_text(encoding="utf-8"), re.MULTILINE), f"{name} in {path}"
