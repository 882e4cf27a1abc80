"""Sizes of pictures that a network can make."""

from __future__ import annotations


def check_size(name: str, width: int, height: int, multiple: tuple[int, int]) -> None:
    """Raise ValueError, naming the nearest size that can be made, unless a world's pictures are whole tokens.

    Args:
        width, height: in pixels.
        multiple: pixels across and down that one token of the network stands for.
    """
    across, down = multiple
    if width % across == 0 and height % down == 0:
        return
    near = f"{_nearest(width, across)} x {_nearest(height, down)}"
    raise ValueError(
        f"the world {name} cannot make pictures of {width} x {height}: width and height must be multiples of {across} "
        f"and {down}. The nearest size is {near}; set it in world.json"
    )


def _nearest(size: int, multiple: int) -> int:
    return max(1, (size + multiple // 2) // multiple) * multiple
