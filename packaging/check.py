"""The project's one check: format, lint, types, import contracts and tests, with the Python that has them installed.

Without arguments everything runs, the tests on all cores with the other checks beside them, and a closing table says
what passed and how long it took; `--fix` lets ruff format and mend what it can first. Any other arguments are for
pytest, which then runs alone and in one process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
INTERRUPTED = 130
MAX_WORKERS = 8
"""Each worker is a Python with torch and Qt in it, about 1 GB of memory."""
LOW_PRIORITY = 10

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
# All of them run even after a failure: one run should tell everything there is to mend.
STATIC_CHECKS = (
    Check("ruff format", ("-m", "ruff", "format", "--check")),
    Check("ruff check", ("-m", "ruff", "check")),
    Check("mypy", ("-m", "mypy")),
    Check("import contracts", LINT_IMPORTS),
)


def num_workers(num_cores: int) -> int:
    """Processes that share the tests: one per core, as far as memory goes."""
    return max(1, min(num_cores, MAX_WORKERS))


def all_tests(workers: int) -> Check:
    """All tests. Each worker begins with neighbouring files, so that it makes what they share once."""
    spread = ("-n", str(workers), "--dist", "worksteal") if workers > 1 else ()
    return Check("pytest", ("-m", "pytest", "-q", *spread, "--durations", "20"))


def chosen(arguments: Sequence[str], num_cores: int) -> tuple[tuple[Check, ...], tuple[Check, ...], Check]:
    """Return what these arguments ask for: what runs first, what runs beside the tests, and the tests."""
    if list(arguments) == ["--fix"]:
        return FIXES, STATIC_CHECKS, all_tests(num_workers(num_cores))
    if arguments:
        return (), (), Check("pytest", ("-m", "pytest", *arguments))
    return (), STATIC_CHECKS, all_tests(num_workers(num_cores))


def run(check: Check) -> Outcome:
    """Run one check in the checkout, its output going where ours goes."""
    say(f"== {check.name}")
    started = time.monotonic()
    exit_code = subprocess.call([sys.executable, *check.arguments], cwd=ROOT)
    return Outcome(check.name, exit_code == 0, time.monotonic() - started)


def run_beside(check: Check) -> Outcome:
    """Run one check while the tests run, which go first; what it said is written in one piece when it is done."""
    started = time.monotonic()
    child = subprocess.Popen(
        [sys.executable, *check.arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
    )
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, child.pid, LOW_PRIORITY)
    output, _ = child.communicate()
    outcome = Outcome(check.name, child.returncode == 0, time.monotonic() - started)
    say(f"\n== {check.name}\n{output.rstrip()}")
    return outcome


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
    first, beside, tests = chosen(arguments, os.cpu_count() or 1)
    if not first and not beside:
        # pytest's own exit code says more than ours could.
        return subprocess.call([sys.executable, *tests.arguments], cwd=ROOT)
    outcomes = [run(check) for check in first]
    neighbours: list[Outcome] = []
    thread = threading.Thread(target=lambda: neighbours.extend(map(run_beside, beside)))
    thread.start()
    tested = run(tests)
    thread.join()
    outcomes += [*neighbours, tested]
    say(table(outcomes))
    return 0 if all(outcome.passed for outcome in outcomes) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
