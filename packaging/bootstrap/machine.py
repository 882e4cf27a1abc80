"""Facts about this machine that decide what can be installed: its system, Python, GPU and free disk."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bootstrap.problems import SetupError

# A build of torch goes by the label of its version: "cpu", or a version of CUDA. The user's own pip configuration may
# offer others, such as one for ROCm; those are taken as they come.
CPU_DISK_GB = 3.0
OTHER_DISK_GB = 9.0
MORE_DISK_GB = 0.5

# Torch 2.13's CUDA 13 build starts at Turing and driver 580; its CUDA 12.6 build knows older cards but not Blackwell.
OLDEST_DRIVER = {"cu126": 525, "cu130": 580}
TURING = (7, 5)
BLACKWELL = (10, 0)

# What the pinned Qt was built for; everything else here asks for less.
OLDEST_GLIBC = {"x86_64": (2, 34), "aarch64": (2, 39)}


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA card as nvidia-smi lists it."""

    name: str
    driver: int
    """The branch of the driver, such as 580."""
    capability: tuple[int, int]


@dataclass(frozen=True)
class Choice:
    """The build of torch that fits this machine, and why, in words for the progress line."""

    build: str
    why: str = ""
    advice: str = ""
    """What the user could do about a build that will not work as things are."""


def _version(text: str) -> tuple[int, int]:
    major, _, rest = text.strip().partition(".")
    minor = rest.partition(".")[0]
    return int(major), int(minor) if minor.isdigit() else 0


def parse_gpus(listing: str) -> list[Gpu]:
    """Read the cards out of what `find_gpus` asks nvidia-smi for; any other line is none."""
    gpus = []
    for line in listing.splitlines():
        fields = [field.strip() for field in line.rsplit(",", 2)]
        if len(fields) == 3 and fields[1][:1].isdigit() and fields[2][:1].isdigit():
            gpus.append(Gpu(fields[0], _version(fields[1])[0], _version(fields[2])))
    return gpus


def find_gpus() -> list[Gpu]:
    """Ask nvidia-smi for the cards; without a working driver there are none, whatever is plugged in."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=name,driver_version,compute_cap", "--format=csv,noheader"]
    try:
        done = subprocess.run(query, capture_output=True, text=True, timeout=30, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return parse_gpus(done.stdout) if done.returncode == 0 else []


def build_name(build: str, system: str) -> str:
    """Name a build and its download for the progress line."""
    if build == "cpu":
        return "build for macOS, about 110 MB" if system == "Darwin" else "CPU build, about 200 MB"
    return f"{build} build, 2 to 3 GB with what it needs"


def choose_build(gpus: list[Gpu], system: str, requested: Literal["cpu", "cuda"] | None = None) -> Choice:
    """Choose torch's build for the best card here, or as the user wishes."""
    if system == "Darwin":
        if requested == "cuda":
            raise SetupError("There is no CUDA on macOS: torch uses the Apple GPU there. Leave out --cuda.")
        return Choice("cpu", "for the Apple GPU")
    if requested == "cpu":
        return Choice("cpu", "as asked for")
    if not gpus:
        return Choice("cu130", "as asked for") if requested == "cuda" else Choice("cpu", "nvidia-smi lists no GPU")
    best = max(gpus, key=lambda gpu: gpu.capability)
    build = _build_for(best)
    advice = ""
    if best.driver < OLDEST_DRIVER[build]:
        advice = (
            f"note: the NVIDIA driver is of branch {best.driver}, but torch needs {OLDEST_DRIVER[build]} or newer to "
            f"use the {best.name}; until you update it, everything runs on the processor."
        )
    return Choice(build, best.name, advice)


def _build_for(gpu: Gpu) -> str:
    if gpu.capability >= BLACKWELL:
        return "cu130"
    return "cu130" if gpu.capability >= TURING and gpu.driver >= OLDEST_DRIVER["cu130"] else "cu126"


def check_platform() -> None:
    """Stop where torch or Qt have no build at all, before pip says so less clearly."""
    problem = platform_problem(platform.system(), platform.machine(), platform.libc_ver(), sys.maxsize)
    if problem:
        raise SetupError(problem)


def platform_problem(system: str, machine: str, libc: tuple[str, str], largest: int) -> str | None:
    """Say why nothing can be installed on this system, or None."""
    if largest <= 2**32:
        return "This Python is a 32-bit one, and torch needs a 64-bit one: get that from https://www.python.org/downloads/."
    if system == "Darwin" and machine == "x86_64":
        return (
            "Torch is no longer built for Intel Macs. On an Apple silicon Mac this message means that this Python\n"
            "runs under Rosetta: install the arm64 Python from https://www.python.org/downloads/ and use that."
        )
    oldest = OLDEST_GLIBC.get(machine)
    if system != "Linux" or oldest is None:
        return None
    if libc[0] != "glibc":
        return (
            "This Linux has no glibc (is it Alpine?), and neither torch nor Qt is built for it. Use a glibc-based one."
        )
    if _version(libc[1]) < oldest:
        return (
            f"This Linux has glibc {libc[1]}; Qt for {machine} needs {oldest[0]}.{oldest[1]} or newer, as in Debian "
            f"{12 if machine == 'x86_64' else 13} or Ubuntu {'22.04' if machine == 'x86_64' else '24.04'}."
        )
    return None


def check_venv_module() -> None:
    """Stop where Python came without the parts that make a virtual environment, as Debian's does."""
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return
    package = f"python3.{sys.version_info.minor}-venv"
    sudo = "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "sudo "
    raise SetupError(
        f"This Python ({sys.executable}) came without venv, which set-up needs. On Debian and Ubuntu it is a package:\n"
        f"    {sudo}apt install python3-venv      (or {package} for this very version)\n"
        "Elsewhere, use the Python from https://www.python.org/downloads/. Then start the same command again."
    )


def disk_needed_gb(build: str) -> float:
    """Return what a whole installation takes, and its downloads while it is made."""
    return CPU_DISK_GB if build == "cpu" else OTHER_DISK_GB


def disk_problem(folder: Path, free_bytes: int, needed_gb: float) -> str | None:
    """Say how much disk is free and how much is needed, or None where it is enough."""
    free_gb = free_bytes / 1e9
    if free_gb >= needed_gb:
        return None
    return (
        f"Too little disk: set-up needs about {needed_gb:g} GB in {folder}, and {free_gb:.1f} GB are free.\n"
        "Make room there, or move the checkout to a larger disk, and start the same command again."
    )


def check_disk(folder: Path, needed_gb: float) -> None:
    """Stop before a download that cannot fit."""
    problem = disk_problem(folder, shutil.disk_usage(folder).free, needed_gb)
    if problem:
        raise SetupError(problem)
