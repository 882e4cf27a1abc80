"""The project's one check: format, lint, types, import contracts and tests, with the Python that has them installed.

Without arguments everything runs, with a closing table of what passed and how long it took; `--fix` lets ruff
format and mend what it can first. Any other arguments are for pytest, which then runs alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130

# lint-imports has no module to run with -m, and the script of that name is not on the path of an inactive environment.
LINT_IMPORTS = ("-c", "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())")


@dataclass(frozen=True)
class Check:
    """One tool, as arguments for Python."""

    name: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """How one check went."""

    name: str
    passed: bool
    seconds: float


FIXES = (
    Check("ruff check --fix", ("-m", "ruff", "check", "--fix")),
    Check("ruff format", ("-m", "ruff", "format")),
)
# The quick ones first, and all of them even after a failure: one run should tell everything there is to mend.
CHECKS = (
    Check("ruff format", ("-m", "ruff", "format", "--check")),
    Check("ruff check", ("-m", "ruff", "check")),
    Check("mypy", ("-m", "mypy")),
    Check("import contracts", LINT_IMPORTS),
    Check("pytest", ("-m", "pytest")),
)


def chosen(arguments: Sequence[str]) -> tuple[Check, ...]:
    """Return what these arguments ask for."""
    if list(arguments) == ["--fix"]:
        return FIXES + CHECKS
    if arguments:
        return (Check("pytest", ("-m", "pytest", *arguments)),)
    return CHECKS


def run(check: Check) -> Outcome:
    """Run one check in the checkout, its output going where ours goes."""
    say(f"== {check.name}")
    started = time.monotonic()
    exit_code = subprocess.call([sys.executable, *check.arguments], cwd=ROOT)
    return Outcome(check.name, exit_code == 0, time.monotonic() - started)


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the closing table."""
    rows = [f"  {o.name:<18} {'passed' if o.passed else 'FAILED'} {o.seconds:8.1f} s" for o in outcomes]
    return "\n".join(["", *rows])


def say(text: str) -> None:
    """Write in step with the tools, which share our stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for and return 0 where all of it passed."""
    checks = chosen(arguments)
    if len(checks) == 1:
        # pytest's own exit code says more than ours could.
        return subprocess.call([sys.executable, *checks[0].arguments], cwd=ROOT)
    outcomes = [run(check) for check in checks]
    say(table(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
