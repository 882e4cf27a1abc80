"""What can be wrong with a trajectory that somebody brought."""

from __future__ import annotations


class TrajectoryError(ValueError):
    """A trajectory that cannot be read; names the place in the file and the remedy."""


class CameraChoice(TrajectoryError):
    """A file that holds several cameras, of which nothing says which one is wanted.

    Attributes:
        cameras: their names, any of which may be asked for.
    """

    def __init__(self, file: str, cameras: tuple[str, ...], more: str = "") -> None:
        shown = ", ".join(cameras[:12]) + (f" and {len(cameras) - 12} more" if len(cameras) > 12 else "")
        super().__init__(f"{file} holds {len(cameras)} cameras: {shown}. Say which with --camera{more}")
        self.cameras = cameras
