"""Proves that every import contract can fail: a copy of the packages is broken once for each, and must be found out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINT = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract["name"] for contract in SETTINGS["contracts"]}

# Contract, module, and a line that must not be in it.
FAULTS = (
    ("application-layers", "astra_studio/services/rendering/render.py", "import astra_studio.cli"),
    ("application-layers", "astra_studio/problems.py", "import astra_studio.services"),
    ("application-layers", "engine/poses.py", "import astra_studio.problems"),
    ("application-layers", "ui/__init__.py", "import astra_studio.cli"),
    ("application-layers", "astra_studio/services/rendering/render.py", "import ui"),
    ("engine-layers", "engine/poses.py", "import engine.messages"),
    ("engine-layers", "engine/models/window.py", "import engine.sampling.schedule"),
    ("engine-layers", "engine/detail/relief.py", "import engine.models.codec"),
    ("engine-layers", "engine/training/loop.py", "import engine.rollout"),
    ("engine-layers", "engine/rollout.py", "import engine.serving.messages"),
    ("engine-layers", "engine/newcomer.py", ""),
    ("engine-layers", "engine/settings.py", "import engine.whole_files"),
    ("settings-are-plain", "engine/settings.py", "import numpy"),
    ("headless-engine", "engine/actions/modality.py", "import PySide6.QtCore"),
    ("headless-engine", "engine/video/encode.py", "def late(): import astra_studio"),
    ("headless-engine", "engine/worlds/fake.py", "import ui"),
    ("headless-engine", "engine/serving/failures.py", "def late(): import astra_studio.problems"),
    ("torch-is-confined", "ui/__init__.py", "import torch"),
    ("torch-is-confined", "engine/video/encode.py", "import torch"),
    ("torch-is-confined", "engine/rollout.py", "from diffusers.utils import logging"),
    ("torch-is-confined", "astra_studio/problems.py", "def late(): import transformers"),
    ("worlds-are-opened-by-name", "engine/rollout.py", "def late(): from engine.worlds import astra"),
    ("torch-is-confined", "engine/worlds/clip_world.py", "import torch"),
    ("torch-is-confined", "engine/worlds/kinds/wan.py", "def late(): import diffusers"),
    ("worlds-are-opened-by-name", "engine/worlds/registry.py", "def late(): from engine.worlds import wan"),
    ("worlds-are-opened-by-name", "engine/worlds/fake.py", "import engine.models.window"),
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages, Python only, with the contracts that are checked on them."""
    for package in SETTINGS["root_packages"]:
        (tmp_path / package).mkdir()
        for source in (ROOT / package).rglob("*.py"):
            target = tmp_path / source.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    return tmp_path


def lint(folder: Path) -> tuple[int, str]:
    """Run lint-imports there, wide enough for a contract's name and verdict to stay on one line."""
    done = subprocess.run(
        [sys.executable, "-c", LINT, "--no-cache"],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_the_contracts_are_kept_as_things_are(copy: Path) -> None:
    exit_code, said = lint(copy)
    assert exit_code == 0, said
    assert f"{len(CONTRACTS)} kept, 0 broken" in said


@pytest.mark.parametrize(("contract", "module", "line"), FAULTS, ids=lambda value: str(value).replace("/", "."))
def test_a_planted_fault_breaks_its_contract(copy: Path, contract: str, module: str, line: str) -> None:
    with (copy / module).open("a", encoding="utf-8") as source:
        source.write(f"\n{line}\n")
    exit_code, said = lint(copy)
    assert exit_code == 1
    assert f"{CONTRACTS[contract]} BROKEN" in said


def test_every_contract_has_a_planted_fault() -> None:
    assert {contract for contract, _, _ in FAULTS} == set(CONTRACTS)


def test_every_package_is_under_contract() -> None:
    packages = {package for package in ("astra_studio", "engine", "ui") if any((ROOT / package).rglob("*.py"))}
    assert packages == set(SETTINGS["root_packages"])
