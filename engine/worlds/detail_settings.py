"""Settings of detail, which every world can show: whether there is any, and at which size."""

from __future__ import annotations

from engine.actions.modality import modality
from engine.messages import WorldInfo
from engine.settings import Settings, SettingSpec, Specs
from engine.video.pictures import MAX_SQUASH

DETAIL, SIZE, UNSEEN, FLAT, REFRESH = "detail", "size", "unseen", "flat", "refresh"
INVENT = "invent"
NATIVE = "native"
_NAMES = (DETAIL, SIZE, UNSEEN, FLAT, REFRESH)
SIZES = {"448 x 256": (448, 256), "832 x 480": (832, 480)}
"""Of shown frames, in pixels, beside the world's own; a world of another aspect keeps the height."""
SAME_ASPECT = 0.03
"""Relative difference of aspects that nobody sees."""
DETAIL_IN_WORDS = (
    "detail of the start picture, moved as the world's frames move; what the world has never shown stays soft"
)
INVENTED_IN_WORDS = (
    "detail of the start picture, moved as the world's frames move; what the start picture does not show is invented"
)


def detail_settings(default: str = "off", *, refreshes: bool = False) -> Specs:
    """What can be set of a world's detail; `default` is auto, on or off, `refreshes` whether it refreshes its
    history."""
    return (
        SettingSpec(
            name=DETAIL,
            label="Detail",
            kind="choice",
            default=default,
            choices=("auto", "on", "off"),
            affects_latents=False,
            help=f"{DETAIL_IN_WORDS[0].upper()}{DETAIL_IN_WORDS[1:]}. auto: in takes whose camera moves",
        ),
        SettingSpec(
            name=SIZE,
            label="Shown size",
            kind="choice",
            default=next(iter(SIZES)),
            choices=(NATIVE, *SIZES),
            affects_latents=False,
            help="Size of frames with detail, in pixels; native is the world's own",
        ),
        SettingSpec(
            name=UNSEEN,
            label="Never seen",
            kind="choice",
            default="soft",
            choices=("soft", INVENT),
            affects_latents=False,
            help="soft: as the world shows it. invent: detail is made up of the start picture once, and stays; good "
            "for landscapes, scraps for people, fur and buildings",
        ),
        SettingSpec(
            name=FLAT,
            label="Flat",
            kind="number",
            default=0.0,
            minimum=0.0,
            maximum=1.0,
            step=0.05,
            affects_latents=False,
            help="How far the ground of the start picture is taken for a wall: standing things lean less, and what "
            "lies slides",
        ),
        SettingSpec(
            name=REFRESH,
            label="Refresh the history",
            kind="switch",
            default=refreshes,
            help="Shown frames correct what the world goes on from, so that it does not melt over many chunks: it "
            "makes other chunks than without",
        ),
    )


def without_detail(settings: Settings) -> Settings:
    """What of the settings is the world's own."""
    return Settings({name: value for name, value in settings.items() if name not in _NAMES})


def is_detailed(settings: Settings, modality_name: str) -> bool:
    """Whether a chunk of that modality is shown with detail."""
    chosen = settings.get(DETAIL, "off")
    return chosen == "on" or (chosen == "auto" and modality(modality_name).moves_camera)


def is_invented(settings: Settings) -> bool:
    """Whether detail is made up where the start picture shows none."""
    return settings.get(UNSEEN) == INVENT


def in_words(settings: Settings) -> str:
    """What frames that are shown with detail are."""
    return INVENTED_IN_WORDS if is_invented(settings) else DETAIL_IN_WORDS


def refreshes_history(settings: Settings) -> bool:
    """Whether shown frames are to correct what the world goes on from."""
    return bool(settings.get(REFRESH, False))


def refreshed_latents(num_latents: int) -> tuple[int, ...]:
    """Which latents of a chunk are corrected: the only ones that ever stand at full resolution in the history, the last
    of a chunk and the one that becomes the start of a window of 22 when chunks have 8."""
    return tuple(sorted({min(2, num_latents - 1), num_latents - 1}))


def shown_size(info: WorldInfo, settings: Settings, modality_name: str) -> tuple[int, int]:
    """(width, height) of the frames that are shown of a chunk with these settings."""
    size = str(settings.get(SIZE, NATIVE))
    if size == NATIVE or not is_detailed(settings, modality_name):
        return info.width, info.height
    width, height = SIZES[size]
    if abs(width / height / info.aspect - 1) > SAME_ASPECT:
        width = round(height * info.aspect / 16) * 16  # video needs multiples of 16
    return width, height


def largest_size(info: WorldInfo) -> tuple[int, int]:
    """(width, height) of the best picture that a start is worth keeping at for its detail."""
    width, height = max(SIZES.values())
    if info.height >= height:
        return info.width, info.height
    if abs(width / height / info.aspect - 1) > MAX_SQUASH / 2:
        width = round(height * info.aspect)
    return width, height
