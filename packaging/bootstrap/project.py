"""Needs of the checkout: requirements from pyproject.toml, pins from constraints.txt, and their fingerprint."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["run", "dev", "package"]
"""What is installed for: to run Astra Studio, or, on top of that, to check it, or to pack it as a program."""


@dataclass(frozen=True)
class Project:
    """The checkout as set-up sees it."""

    root: Path
    pyproject: dict[str, Any]
    constraints: str

    @classmethod
    def read(cls, root: Path) -> Project:
        """Read the two files that say what is to be installed."""
        pyproject = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
        return cls(root, pyproject, (root / "packaging" / "constraints.txt").read_text(encoding="utf-8"))

    @property
    def constraints_file(self) -> Path:
        """The pins, as a file for pip."""
        return self.root / "packaging" / "constraints.txt"

    @property
    def torch_version(self) -> str:
        """The pinned version of torch, without the label of a build."""
        match = re.search(r"^torch==(\S+)", self.constraints, re.MULTILINE)
        assert match, "constraints.txt pins torch"
        return match.group(1)

    def requirements(self, kind: Kind) -> list[str]:
        """Return the requirements of a kind. Those to run hold what builds the project too, as pip installs it here."""
        table = self.pyproject["project"]
        if kind != "run":
            return list(table["optional-dependencies"][kind])
        return [*self.pyproject["build-system"]["requires"], *table["dependencies"]]

    def fingerprint(self, kind: Kind, python: str, build: str) -> str:
        """Return a hash of all that decides what a kind installs: where it is the same, there is nothing to do."""
        parts: list[Any] = [kind, python, build, self.constraints, self.requirements(kind)]
        if kind == "run":
            # The entry point and the list of packages are written at installation, so they count as well.
            parts += [self.pyproject["project"].get("scripts"), self.pyproject.get("tool", {}).get("setuptools")]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
