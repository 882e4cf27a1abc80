"""Finds where the wanted build of torch comes from: the user's own pip configuration, or PyTorch's own index."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.machine import OLDEST_DRIVER
from bootstrap.problems import SetupError, failure_message
from bootstrap.steps import Steps

INDEX = "https://download.pytorch.org/whl/"
PUBLISHED = ("cpu", *OLDEST_DRIVER)

# What PyPI's torch, whose version has no label, is on each system.
PYPI_BUILD = {"Linux": "cu130", "Windows": "cpu", "Darwin": "cpu"}


@dataclass(frozen=True)
class Source:
    """One answer to "where from": arguments for pip, and the build that they bring."""

    arguments: tuple[str, ...]
    build: str
    note: str = ""


def build_of(version: str, system: str) -> str:
    """Return the build that a version such as 2.13.0+cpu is."""
    return version.partition("+")[2] or PYPI_BUILD.get(system, "cpu")


def find(steps: Steps, pip: Sequence[str], version: str, build: str, system: str) -> Source:
    """Look at what the user's own pip would take, and only where that is another build, at PyTorch's index.

    This order keeps to the user's mirrors and wheel folders where they have the right build, needs no second index
    where PyPI has it, and tells a dead network early. Where PyTorch's index cannot be reached, another build of the
    same version is better than none.
    """
    offered = build_of(_offered(steps, pip, version), system)
    if offered == build or offered not in PUBLISHED:
        return Source((f"torch=={version}",), offered)
    if _published(steps, pip, version, build):
        return Source(("--index-url", INDEX + build, f"torch=={version}+{build}"), build)
    note = f"note: torch's {build} build cannot be reached at {INDEX}{build}, so this is the {offered} build."
    return Source((f"torch=={version}",), offered, note)


def _offered(steps: Steps, pip: Sequence[str], version: str) -> str:
    """Ask pip which file it would take, without downloading it."""
    question = ["install", "--dry-run", "--quiet", "--no-deps", "--ignore-installed", "--report", "-"]
    exit_code, answer, complaint = steps.ask([*pip, *question, f"torch=={version}"])
    if exit_code != 0:
        raise SetupError(failure_message("asking pip for torch", complaint, exit_code, str(steps.log)))
    return str(json.loads(answer)["install"][0]["metadata"]["version"])


def _published(steps: Steps, pip: Sequence[str], version: str, build: str) -> bool:
    """Ask PyTorch's index, with little patience: behind many firewalls it does not answer at all."""
    hurry = ["--timeout", "10", "--retries", "0"]
    exit_code, answer, _ = steps.ask([*pip, "index", "versions", "torch", "--index-url", INDEX + build, *hurry])
    return exit_code == 0 and f"{version}+{build}" in answer
