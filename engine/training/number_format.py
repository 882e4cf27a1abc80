"""Number format of products in training: the faster one on this processor, as measured.

Processors differ by more than ten: one with AMX or avx512_bf16 multiplies several times faster in bfloat16, one
without has to emulate it and is several times slower. Flags do not tell by how much, so both are tried.
"""

from __future__ import annotations

import functools
import time
from typing import Literal

import torch

NumberFormat = Literal["measured", "float32", "bfloat16"]
"""What a config may say; "measured" is whichever is quicker where the training runs."""
QUICKER_BY = 1.2
"""bfloat16 loses precision and copies weights, so it has to gain at least this factor in products alone."""
SHAPE = (2048, 256, 512)
"""Rows, inner and columns of the products: about those of a small transformer's batch."""
LONG_ENOUGH_S = 0.04


def uses_bfloat16(number_format: NumberFormat) -> bool:
    """Whether products on the CPU shall run in bfloat16."""
    return number_format == "bfloat16" or (number_format == "measured" and bfloat16_is_quicker())


@functools.cache
def bfloat16_is_quicker() -> bool:
    """Measured once per process, in some tens of milliseconds."""
    return is_quicker(seconds_per_product(torch.float32), seconds_per_product(torch.bfloat16))


def is_quicker(float32_s: float, bfloat16_s: float) -> bool:
    """Whether times of one product say that bfloat16 is worth it."""
    return bfloat16_s * QUICKER_BY < float32_s


def seconds_per_product(dtype: torch.dtype) -> float:
    """Processor time of one product of this format, which other work does not count into."""
    rows, inner, columns = SHAPE
    left, right = torch.ones(rows, inner, dtype=dtype), torch.ones(inner, columns, dtype=dtype)
    left @ right  # The first one prepares.
    started, count, spent = time.process_time(), 0, 0.0
    while spent < LONG_ENOUGH_S:
        left @ right
        count += 1
        spent = time.process_time() - started
    return spent / count
