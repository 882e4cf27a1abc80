"""Source of the wanted build of torch: the user's own pip configuration, or PyTorch's own index."""

from __future__ import annotations

import re
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
    """Look at what the user's own pip offers, and only where that lacks the build, at PyTorch's index.

    This order keeps to the user's mirrors and wheel folders, needs no second index where PyPI has the right build, and
    tells a dead network early. Where PyTorch's index cannot be reached, another build of the same version is better
    than none.
    """
    offered = _own_offers(steps, pip, version)
    own = choose_offer(offered, build, system)
    if own is not None:
        return Source((f"torch==={own}",), build_of(own, system))
    if _published(steps, pip, f"{version}+{build}", build):
        return Source(("--index-url", INDEX + build, f"torch==={version}+{build}"), build)
    rest = build_of(offered[0], system)
    note = f"note: torch's {build} build cannot be reached at {INDEX}{build}, so this is the {rest} build"
    return Source((f"torch==={offered[0]}",), rest, note)


def choose_offer(offered: Sequence[str], build: str, system: str) -> str | None:
    """Choose from the user's own offers: the wanted build, or one that is not published for all, such as ROCm's."""
    for wanted in (lambda label: label == build, lambda label: label not in PUBLISHED):
        for version in offered:
            if wanted(build_of(version, system)):
                return version
    return None


def read_versions(listing: str, version: str) -> list[str]:
    """Read the builds of one version out of what `pip index versions` prints."""
    available = re.search(r"^Available versions: (.*)$", listing, re.MULTILINE)
    names = [name.strip() for name in available.group(1).split(",")] if available else []
    return [name for name in names if name.partition("+")[0] == version]


def _own_offers(steps: Steps, pip: Sequence[str], version: str) -> list[str]:
    exit_code, answer, complaint = steps.ask([*pip, "index", "versions", "torch"])
    offered = read_versions(answer, version)
    if not offered:
        complaint = complaint if exit_code != 0 else f"No matching distribution found for torch=={version}"
        raise SetupError(failure_message("asking pip for torch", complaint, exit_code, str(steps.log)))
    return offered


def _published(steps: Steps, pip: Sequence[str], wanted: str, build: str) -> bool:
    """Ask PyTorch's index, with little patience: behind many firewalls it does not answer at all."""
    hurry = ["--timeout", "10", "--retries", "0"]
    exit_code, answer, _ = steps.ask([*pip, "index", "versions", "torch", "--index-url", INDEX + build, *hurry])
    return exit_code == 0 and wanted in read_versions(answer, wanted.partition("+")[0])
