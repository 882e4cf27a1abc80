"""No part of application or window knows a setting of a world by its name: all go through the specs."""

from __future__ import annotations

import io
import tokenize
from pathlib import Path

import pytest

from engine.settings import SettingSpec
from engine.worlds.registry import every_setting

ROOT = Path(__file__).parents[1]
OLDER = ROOT / "astra_studio" / "document" / "older.py"
"""What older versions meant by two of them; it is about files, not about worlds."""
OF_THEIR_OWN = frozenset({"shift", "solver", "num_steps", "detail", "flat", "refresh", "size", "unseen"})
"""Names that also stand for other things: a key held down, an unknown of a curve, the steps of a progress bar, a flat
button, the size of a window."""


def names_in(source: str) -> set[str]:
    """Identifiers, and texts without white space, in code: neither comments nor sentences."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            found.add(token.string)
        elif token.type == tokenize.STRING:
            found.add(token.string.strip("rbfRBF").strip("\"'"))
    return found


def test_names_in_code_are_found_and_sentences_are_not() -> None:
    source = '"""guidance is fine here"""\n# history_noise\nx = settings.solver  # text\ny["shift"] = 1\n'
    assert names_in(source) & {"guidance", "history_noise", "solver", "shift"} == {"solver", "shift"}


@pytest.mark.parametrize("spec", every_setting(), ids=lambda spec: spec.name)
def test_application_and_window_spell_no_setting(spec: SettingSpec) -> None:
    if spec.name in OF_THEIR_OWN:
        pytest.skip("the word has other meanings, too")
    spelled = [
        str(path.relative_to(ROOT))
        for package in ("astra_studio", "ui")
        for path in sorted((ROOT / package).rglob("*.py"))
        if path != OLDER and spec.name in names_in(path.read_text(encoding="utf-8"))
    ]
    assert spelled == [], f"ask the world's specs in place of spelling {spec.name}"
