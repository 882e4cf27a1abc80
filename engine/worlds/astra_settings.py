"""Settings of an Astra world: how a chunk is denoised. Knows no torch, so that they can be shown before a world is
open."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from engine.settings import Settings, SettingSpec, SettingsPreset, Specs

Solver = Literal["euler", "unipc"]
HistoryNoiseOn = Literal["recent", "all"]
HistoryMode = Literal["upstream", "aligned", "anchored"]

ASTRA_SETTINGS: Specs = (
    SettingSpec(
        name="guidance",
        label="Action guidance",
        short_label="Guidance",
        kind="number",
        default=2.0,
        minimum=0.0,
        usual=(0.0, 5.0),
        step=0.1,
        unit="×",
        rule="guidance scales must not be negative",
        help="How strongly actions are followed (Action-Free Guidance); 1 is off, 0 ignores the actions",
        can_have_keys=True,
        changes_during_drive=True,
        free_values=(1.0, 0.0),
        icon="sliders-horizontal",
    ),
    SettingSpec(
        name="history_noise",
        label="History noise",
        kind="number",
        default=0.0,
        minimum=0.0,
        maximum=1.0,
        is_open_above=True,
        step=0.01,
        rule="history noise must lie in 0 (clean) up to but not including 1",
        help="Noise mixed into what came before, 0 (clean) to 0.99: more freedom from the past",
        can_have_keys=True,
        changes_during_drive=True,
        icon="drop",
    ),
    SettingSpec(
        name="history_noise_on",
        label="Noise on",
        phrase="history noise on",
        kind="choice",
        default="recent",
        choices=("recent", "all"),
        rule='history noise goes on "recent" or "all" latents',
        prominence="detail",
        help="History noise on the two newest latents, as the released training, or on all, as the paper",
    ),
    SettingSpec(
        name="history_mode",
        label="History mode",
        kind="choice",
        default="anchored",
        choices=("upstream", "aligned", "anchored"),
        rule="the history mode must be upstream, aligned or anchored",
        help="How action rows are laid beside the history: as released, aligned, or aligned with the start kept",
        prominence="hidden",
    ),
    SettingSpec(
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
        rule="the number of denoising steps must be a whole number from 1",
        help="Denoising steps per chunk: time grows with them",
        counts_steps=True,
    ),
    SettingSpec(
        name="solver",
        label="Solver",
        kind="choice",
        default="euler",
        choices=("euler", "unipc"),
        rule="the solver must be euler or unipc",
        help="How each denoising step is taken: euler plain, unipc good with few steps",
    ),
    SettingSpec(
        name="text_guidance",
        label="Text guidance",
        kind="number",
        default=1.0,
        minimum=0.0,
        usual=(0.0, 10.0),
        step=0.5,
        decimals=1,
        unit="×",
        rule="guidance scales must not be negative",
        help="How strongly the prompt is followed; 1 is off, 0 follows the negative prompt alone",
        can_have_keys=True,
        changes_during_drive=True,
        needs_text=True,
        free_values=(1.0, 0.0),
        icon="text-t",
    ),
    SettingSpec(
        name="shift",
        label="Flow shift",
        kind="number",
        default=5.0,
        minimum=0.0,
        is_open_below=True,
        step=0.1,
        rule="the flow shift must be positive",
        help="Flow shift of the noise schedule: more of the steps at high noise",
        prominence="hidden",
    ),
)
"""Defaults are the released model's. The order is also that of the words in the names of a batch's files: keep it."""

ASTRA_PRESETS: tuple[SettingsPreset, ...] = (
    SettingsPreset(name="Draft", changes=(("num_steps", 2), ("guidance", 1.0))),
    SettingsPreset(name="Careful", changes=(("num_steps", 8), ("guidance", 1.5), ("solver", "unipc"))),
    SettingsPreset(name="Follow closely", changes=(("guidance", 2.5),)),
)


@dataclass(frozen=True, kw_only=True)
class AstraSettings:
    """How a chunk is denoised, typed. Ranges are those of `ASTRA_SETTINGS`.

    Attributes:
        shift: flow shift of the noise schedule.
        guidance: Action-Free Guidance scale; 1 is off, 0 the action-free prediction alone (reference section 8).
        text_guidance: 1 is off. Ignored by worlds without text.
        history_noise: level in [0, 1) mixed into the history; 0 is clean.
        history_noise_on: "recent": the two full-resolution history latents, as the released training; "all": all of
            them, as the paper.
    """

    num_steps: int = 50
    solver: Solver = "euler"
    shift: float = 5.0
    guidance: float = 2.0
    text_guidance: float = 1.0
    history_noise: float = 0.0
    history_noise_on: HistoryNoiseOn = "recent"
    history_mode: HistoryMode = "anchored"

    @classmethod
    def of(cls, settings: Settings) -> AstraSettings:
        """The typed form of settings that were checked against `ASTRA_SETTINGS`; what is not named has its default."""
        names = {field.name for field in fields(cls)}
        given: dict[str, Any] = {name: value for name, value in settings.items() if name in names}
        return cls(**given)
