"""What torch finds on this machine to compute with."""

from __future__ import annotations

from typing import Any

import torch


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
