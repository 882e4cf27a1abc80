"""Facts about this machine and problems found on it. Writes nothing, imports nothing heavy."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import psutil

from astra_studio import __version__
from astra_studio.paths import user_data
from astra_studio.problems import Problem

_LIBRARIES = ("torch", "diffusers", "transformers", "PySide6_Essentials", "av", "numpy", "safetensors", "pillow")
_ENCODERS = ("libx264", "ffv1", "mjpeg", "magicyuv")
"""What stored chunks and exports are written with."""
_TIMEOUT_S = 120
_LOW_DISK_GB, _LOW_MEMORY_GB = 1.0, 1.5
"""A take of a minute at 832 x 480 takes 130 MB; the program itself, with the bundled world, half a gigabyte."""

Part = Literal["torch", "qt"]


def look_at_machine() -> dict[str, Any]:
    """All facts as plain values, sizes in GiB. torch and Qt are probed in processes of their own, by `doctor --ask`."""
    memory = psutil.virtual_memory()
    folder = user_data()
    return {
        "version": __version__,
        "is_packaged": _is_frozen(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory": {"total_gb": _gb(memory.total), "free_gb": _gb(memory.available)},
        "disk": {
            "folder": str(folder),
            "free_gb": _gb(shutil.disk_usage(_existing(folder)).free),
            "is_writable": os.access(_existing(folder), os.W_OK),
        },
        "driver": _driver(),
        "torch": _probe("torch"),
        "qt": _probe("qt"),
        "encoders": {name: _has_encoder(name) for name in _ENCODERS},
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def problems_of(machine: Mapping[str, Any]) -> list[Problem]:
    """Problems of this machine, the gravest first."""
    found = []
    again = "Install Astra Studio again" if machine["is_packaged"] else "Run python3 packaging/go.py setup"
    missing = [name for name, has in machine["encoders"].items() if not has]
    if "problem" in machine["torch"]:
        found.append(Problem("No world can be opened", f"torch does not start: {machine['torch']['problem']}", again))
    if missing:
        what = f"this build of FFmpeg lacks {', '.join(missing)}"
        found.append(Problem("Chunks cannot be stored or exported", f"The reason: {what}", again))
    if not machine["disk"]["is_writable"]:
        why = f"You may not write to {machine['disk']['folder']}"
        found.append(Problem("Nothing can be kept", why, "Set ASTRA_STUDIO_HOME to a folder of your own"))
    elif machine["disk"]["free_gb"] < _LOW_DISK_GB:
        why = f"{machine['disk']['free_gb']} GB are free for {machine['disk']['folder']}"
        found.append(Problem("The disk is nearly full", why, "Make room, or set ASTRA_STUDIO_HOME to another disk"))
    if machine["memory"]["free_gb"] < _LOW_MEMORY_GB:
        why = f"{machine['memory']['free_gb']} of {machine['memory']['total_gb']} GB are free"
        found.append(Problem("Memory is short", why, "Close other programs"))
    if "problem" in machine["qt"]:
        found.append(_no_window(machine["qt"]["problem"], again))
    torch = machine["torch"]
    if machine["driver"] and "problem" not in torch and not torch["gpus"]:
        cpu_build = "This program was built for the processor" if not torch["cuda"] else "torch does not find the GPU"
        todo = "Install the build for GPUs" if machine["is_packaged"] else "Run python3 packaging/go.py setup --cuda"
        why = f"{cpu_build}, and there is {machine['driver'].splitlines()[0]}"
        found.append(Problem("The GPU is not used", why, todo))
    return found


def command_line(*arguments: str) -> list[str]:
    """The command that starts this program with these arguments, packaged or not."""
    return [sys.executable, *arguments] if _is_frozen() else [sys.executable, "-m", "astra_studio.cli", *arguments]


def without_screen() -> Problem | None:
    """Why no window can be shown without a screen; Qt itself would end the process without a clear message."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform != "linux" or any(os.environ.get(name) for name in names):
        return None
    todo = "Start it from a desktop, or use astra-studio render and export, which need no screen"
    return Problem("The window cannot be shown", "There is no screen here", todo)


def _no_window(why: str, again: str) -> Problem:
    usual = Problem("The window cannot be shown", f"Qt does not start: {why}", f"{again}; it names what is missing")
    return without_screen() or usual


def _probe(part: Part) -> dict[str, Any]:
    """The answer of `doctor --ask` in a process of its own, which Qt ends if it cannot start."""
    try:
        done = subprocess.run(
            command_line("doctor", "--ask", part),
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return {"problem": f"no answer within {_TIMEOUT_S} s"}
    except OSError as error:
        return {"problem": str(error)}
    lines = done.stdout.strip().splitlines()
    try:
        found: dict[str, Any] = json.loads(lines[-1])
    except (IndexError, ValueError):
        lines = [line for line in done.stderr.strip().splitlines() if line.strip()]
        return {"problem": lines[0] if lines else f"it ended with code {done.returncode}"}
    return found


def _driver() -> str:
    """Names and drivers of NVIDIA GPUs, one a line; "" where there is none."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return ""
    try:
        done = subprocess.run(
            [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _has_encoder(name: str) -> bool:
    from av.codec import Codec
    from av.codec.codec import UnknownCodecError

    try:
        Codec(name, "w")
    except UnknownCodecError:
        return False
    return True


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _is_frozen() -> bool:
    return bool(getattr(sys, "frozen", False))


def _gb(num_bytes: float) -> float:
    return round(num_bytes / 2**30, 1)


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
