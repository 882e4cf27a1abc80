"""Settings of worlds over pipelines of diffusers. Knows no torch, so that they can be shown before a world is open."""

from __future__ import annotations

from dataclasses import replace

from engine.settings import SettingSpec, Specs

TEXT_GUIDANCE = SettingSpec(
    name="text_guidance",
    label="Text guidance",
    kind="number",
    default=5.0,
    minimum=1.0,
    usual=(1.0, 10.0),
    step=0.5,
    decimals=1,
    unit="×",
    help="How strongly the prompt is followed; 1 is off",
    can_have_keys=True,
    free_values=(1.0,),
    icon="text-t",
)
NUM_STEPS = SettingSpec(
    name="num_steps",
    label="Steps",
    phrase="denoising steps",
    aliases=("steps",),
    kind="integer",
    default=50,
    minimum=1,
    usual=(1, 100),
    step=1,
    decimals=0,
    help="Denoising steps per clip: time grows with them",
    counts_steps=True,
)

WAN_SETTINGS: Specs = (
    TEXT_GUIDANCE,
    NUM_STEPS,
    SettingSpec(
        name="shift",
        label="Flow shift",
        kind="number",
        default=3.0,
        minimum=0.0,
        is_open_below=True,
        step=0.1,
        help="More of the steps at high noise; 3 for 480 lines and 5 for 720, as Wan was published",
        prominence="detail",
    ),
)

SANA_WM_SETTINGS: Specs = (
    TEXT_GUIDANCE,
    SettingSpec(
        name="field_of_view",
        label="Field of view",
        kind="number",
        default=60.0,
        minimum=10.0,
        maximum=150.0,
        usual=(30.0, 110.0),
        step=1.0,
        decimals=0,
        unit="°",
        help="From the left edge of the picture to the right one, as its camera saw it",
    ),
    replace(NUM_STEPS, default=60),
)


def wan_settings(shift: float | None) -> Specs:
    """Wan's settings with the flow shift of a checkpoint's scheduler as default; without it where the scheduler has
    none."""
    if shift is None:
        return tuple(spec for spec in WAN_SETTINGS if spec.name != "shift")
    return tuple(replace(spec, default=shift) if spec.name == "shift" else spec for spec in WAN_SETTINGS)
