"""Settings of driving as the user keeps them, as values of the loop."""

from __future__ import annotations

from astra_studio.services.driving.loop import DriveSettings
from astra_studio.settings import Settings

MOUSE_RAD_PER_PX = 0.004
"""At a mouse speed of 100 %."""


def drive_settings(settings: Settings) -> DriveSettings:
    """What is set now."""
    latents = settings.get("drive_latents")
    return DriveSettings(
        num_latents=None if latents == "auto" else int(latents),
        idle=settings.get("drive_idle"),
        park_s=float(settings.get("drive_park_s")),
        mouse_rad_per_px=MOUSE_RAD_PER_PX * settings.get("drive_mouse_percent") / 100,
    )
