"""docs/reference.md has every anchor that the source cites: sections such as 7.2, and ids such as K12."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
NUMBER = r"\d+(?:\.\d+)?"
AND = r"(?:,| and| or|,? and section| or section)"


def cited(text: str) -> set[str]:
    """The anchors that a text cites: "reference 7.1, 7.2", "reference section 8", "section 15", "K12", "O1 to O5"."""
    plain = re.sub(r"\s*\n\s*#?\s*", " ", text)
    found = set(re.findall(r"\b[KBO]\d{1,2}\b", plain))
    for listed in re.findall(rf"\breference(?: section)? ({NUMBER}(?:{AND} {NUMBER})*)", plain):
        found.update(re.findall(NUMBER, listed))
    found.update(re.findall(rf"\bsection ({NUMBER})", plain))
    return found


def anchors() -> set[str]:
    sections = re.findall(rf"^#{{2,3}} ({NUMBER})\.? ", REFERENCE, re.MULTILINE)
    return set(sections) | set(re.findall(r"^\| ([KBO]\d+) \|", REFERENCE, re.MULTILINE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("of (reference 7.1, 7.2). Robot", {"7.1", "7.2"}),
        ("reference 7.3 and 7.4.\n", {"7.3", "7.4"}),
        ("reference section 4 and section 14. Raises", {"4", "14"}),
        ("reference\n    # section 12 (what", {"12"}),
        ("the optimisations O1 to O5 (K12)", {"O1", "O5", "K12"}),
        ("a reference of 7.2 and latents_B4", set()),
    ],
)
def test_citations_are_found_in_prose(text: str, expected: set[str]) -> None:
    assert cited(text) == expected


def test_every_anchor_that_the_source_cites_is_there() -> None:
    known, missing, count = anchors(), {}, 0
    for folder in ("astra_studio", "engine", "ui", "tests", "packaging"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path == Path(__file__):
                continue
            found = cited(path.read_text(encoding="utf-8"))
            count += len(found)
            if found - known:
                missing[path.relative_to(ROOT).as_posix()] = sorted(found - known)
    assert missing == {}
    assert count > 60


def test_ids_are_numbered_without_gaps() -> None:
    for letter, last in (("K", 12), ("B", 13), ("O", 14)):
        assert re.findall(rf"^\| {letter}(\d+) \|", REFERENCE, re.MULTILINE) == [str(n) for n in range(1, last + 1)]
