"""`astra-studio doctor`: what this machine has, and what each world needs."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from astra_studio import __version__
from astra_studio.commands import OK
from astra_studio.paths import user_data, world_catalogue

_LIBRARIES = ("torch", "diffusers", "transformers", "PySide6_Essentials", "av", "numpy", "safetensors", "pillow")
_TORCH = """
import json, torch
gpus = [{"name": p.name, "memory_gb": round(p.total_memory / 2**30, 1), "capability": f"{p.major}.{p.minor}"}
        for p in map(torch.cuda.get_device_properties, range(torch.cuda.device_count()))]
print(json.dumps({"cuda": torch.version.cuda, "gpus": gpus, "threads": torch.get_num_threads()}))
"""
_QT = """
from PySide6.QtWidgets import QApplication
app = QApplication([])
screen = app.primaryScreen()
print(app.platformName(), screen.size().width(), screen.size().height(), screen.devicePixelRatio())
"""
_TIMEOUT_S = 120


def add(commands: Any, common: argparse.ArgumentParser) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "doctor",
        parents=[common],
        help="say what this machine has, and what each world needs",
        description="Say what this machine has: GPU, memory, drivers, Qt platform, worlds found and what each needs.",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON object with all of it")
    parser.set_defaults(command=run)


def run(options: argparse.Namespace) -> int:
    """Run it; returns the exit code."""
    content = examined()
    if options.json:
        print(json.dumps(content, indent=1))
        return OK
    memory, disk = content["memory"], content["disk"]
    print(f"Astra Studio {content['version']}, Python {content['python']}, {content['system']}")
    print(f"Processor: {content['cores']} cores; memory {memory['free_gb']} of {memory['total_gb']} GB free")
    print(f"Disk: {disk['free_gb']} GB free for {disk['folder']}")
    for gpu in content["torch"].get("gpus", []):
        print(f"GPU: {gpu['name']}, {gpu['memory_gb']} GB, compute capability {gpu['capability']}")
    if not content["torch"].get("gpus"):
        print(f"GPU: none that torch can use{'; driver: ' + content['driver'] if content['driver'] else ''}")
    if "problem" in content["torch"]:
        print(f"torch: {content['torch']['problem']}")
    qt = content["qt"]
    print(f"Window: {qt['problem']}" if "problem" in qt else f"Window: Qt on {qt['platform']}, screen {qt['screen']}")
    print("Libraries: " + ", ".join(f"{name} {found or 'missing'}" for name, found in content["libraries"].items()))
    for world in content["worlds"]:
        size = f"{world['width']} x {world['height']}, {world['bytes'] / 1e6:.0f} MB"
        print(f"World {world['name']}: {size}, needs {world['needs']}")
    return OK


def examined() -> dict[str, Any]:
    """All of it, as plain values. Nothing is written; torch and Qt are asked in processes of their own."""
    memory = psutil.virtual_memory()
    folder = _existing(user_data())
    return {
        "version": __version__,
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "memory": {"total_gb": round(memory.total / 2**30, 1), "free_gb": round(memory.available / 2**30, 1)},
        "disk": {"folder": str(user_data()), "free_gb": round(shutil.disk_usage(folder).free / 2**30, 1)},
        "driver": _driver(),
        "torch": _torch(),
        "qt": _qt(),
        "libraries": {name: _version(name) for name in _LIBRARIES},
        "worlds": [_world(name, place) for name, place in sorted(world_catalogue().items())],
    }


def _world(name: str, place: Path) -> dict[str, Any]:
    from engine.worlds.config import load_world_config

    size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
    try:
        config = load_world_config(place, fallback_name=name)
    except ValueError as error:
        return {
            "name": name,
            "folder": str(place),
            "bytes": size,
            "width": 0,
            "height": 0,
            "needs": f"unusable: {error}",
        }
    is_large = config.width * config.height > 300 * 200
    needs = "a GPU with 24 GB" if is_large else "nothing but a processor"
    return {
        "name": name,
        "folder": str(place),
        "bytes": size,
        "width": config.width,
        "height": config.height,
        "needs": needs,
    }


def _torch() -> dict[str, Any]:
    done = _asked(_TORCH)
    if done is None:
        return {"problem": "it cannot be imported; run the set-up again"}
    found: dict[str, Any] = json.loads(done)
    return found


def _qt() -> dict[str, Any]:
    done = _asked(_QT)
    if done is None:
        return {"problem": "Qt does not start here: no screen, or system libraries are missing"}
    name, width, height, ratio = done.split()
    return {"platform": name, "screen": f"{width} x {height} at {float(ratio):g}"}


def _asked(program: str) -> str | None:
    """The last line that a Python program prints; None where it fails. A Qt that cannot start ends its process."""
    if getattr(sys, "frozen", False):
        return None
    try:
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (subprocess.TimeoutExpired, OSError):
        return None
    lines = done.stdout.strip().splitlines()
    return lines[-1] if done.returncode == 0 and lines else None


def _driver() -> str:
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
    return done.stdout.strip()


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())
