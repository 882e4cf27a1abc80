"""Errors of trajectories from outside."""

from __future__ import annotations


class TrajectoryError(ValueError):
    """A trajectory that cannot be read; names the place in the file and the remedy."""


ALL_CAMERAS = "all"
"""What to ask for where the pictures of one camera look like those of several."""


class CameraChoice(TrajectoryError):
    """A file that holds several cameras, of which nothing says which one is wanted.

    Attributes:
        cameras: what may be asked for: their names, and ALL_CAMERAS where one camera may have taken everything.
    """

    def __init__(self, file: str, cameras: tuple[str, ...], *, may_be_one: bool = False) -> None:
        shown = ", ".join(cameras[:12]) + (f" and {len(cameras) - 12} more" if len(cameras) > 12 else "")
        more = f", or {ALL_CAMERAS} if one camera took them all" if may_be_one else ""
        super().__init__(f"{file} holds {len(cameras)} cameras: {shown}. Say which with --camera{more}")
        self.cameras = (*cameras, ALL_CAMERAS) if may_be_one else cameras
