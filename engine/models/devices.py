"""Devices that torch computes on: found, and chosen by name."""

from __future__ import annotations

from typing import Any

import torch

_HALF_TYPES = {"cuda", "xpu"}
"""Types of devices on which networks run in bfloat16."""


def resolve_device(name: str) -> torch.device:
    """The device of a torch device string, or for "auto": the GPU that CUDA or ROCm offers, or else the processor.

    Other accelerators are used where they are named ("mps", "xpu"). Raises ValueError for a name that torch does not
    know, and for a device that is not there.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    known = "auto, or a device that PyTorch knows, such as cpu, cuda, cuda:1, mps or xpu"
    try:
        device = torch.device(name)
        backend = torch.get_device_module(device.type)
    except (RuntimeError, ValueError) as error:
        raise ValueError(f"the device must be {known}, got {name!r}") from error
    if not hasattr(backend, "is_available"):
        raise ValueError(f"the device must be {known}; worlds cannot run on {name!r}")
    if not backend.is_available():
        why = f"finds no {device.type} device"
        if device.type == "cuda":
            why = "has no CUDA in it" if torch.version.cuda is None else "finds no NVIDIA GPU or driver"
        raise ValueError(
            f"the device {name} was asked for, but this PyTorch ({torch.__version__}) {why}; use cpu or auto"
        )
    count = backend.device_count()
    if device.index is not None and device.index >= count:
        there = f"the only one is {device.type}:0" if count == 1 else f"there are {device.type}:0 to :{count - 1}"
        raise ValueError(f"the device {name} was asked for, but {there}; use one that is there, cpu or auto")
    return device


def inference_dtype(device: torch.device) -> torch.dtype:
    """What networks compute in: bfloat16 on GPUs that are fast with it, float32 elsewhere."""
    return torch.bfloat16 if device.type in _HALF_TYPES else torch.float32


def found_devices() -> dict[str, Any]:
    """Plain values: torch's version, its CUDA build ("" for none), threads, and the GPUs that it can use."""
    gpus = []
    for index in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(index)
        free, total = torch.cuda.mem_get_info(index)
        gpus.append(
            {
                "name": about.name,
                "memory_gb": round(total / 2**30, 1),
                "free_gb": round(free / 2**30, 1),
                "capability": f"{about.major}.{about.minor}",
            }
        )
    return {
        "version": torch.__version__,
        "cuda": torch.version.cuda or "",
        "threads": torch.get_num_threads(),
        "gpus": gpus,
    }
