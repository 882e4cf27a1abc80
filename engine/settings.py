"""Settings that a world declares, and the values they have. Plain values without numpy: all of it goes into JSON.

A world says what can be set by a tuple of `SettingSpec`. Whoever shows, stores or reads them goes through that tuple
and knows no setting by its name; only the world itself does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from numbers import Integral, Real
from typing import Any, Literal

SettingValue = bool | int | float | str
SettingKind = Literal["number", "integer", "choice", "switch", "text"]
Prominence = Literal["main", "detail", "hidden"]

LARGEST = 1e6
"""Of any number that is set; also keeps NaN and infinity out."""


@dataclass(frozen=True, kw_only=True)
class SettingSpec:
    """One thing about a world's chunks that a user can set.

    Attributes:
        name: in files and on the command line: lower-case words joined by underscores.
        label: what a form calls it.
        kind: a number, a whole number, one of `choices`, on or off, or words.
        default: its value where nobody sets it.
        help: what it does, in a sentence.
        aliases: other names that files and the command line may use.
        short_label: where there is little room; "" is `label`.
        phrase: in the middle of a sentence; "" is `label` in lower case.
        rule: how an error begins for a value out of range, as far as ", got ..."; "" says the range.
        minimum, maximum: of a number; None is `LARGEST` below or above zero.
        is_open_below, is_open_above: whether `minimum` or `maximum` itself is left out.
        usual: lowest and highest value of a slider, where these are not `minimum` and `maximum`.
        step, decimals: of a slider and its field.
        unit: written after the number.
        choices: what can be chosen.
        can_have_keys: whether it may change along a take.
        changes_during_drive: whether it may change while the world is driven live.
        affects_latents: whether it changes what is generated; what only changes how it is shown makes no chunk stale.
        needs_text: whether it counts in worlds that read text alone.
        prominence: "main" is in every form and summary, "detail" in the inspector and only where it is not the default
            in summaries, "hidden" in no form; files and the command line take all of them.
        counts_steps: whether it is the number of steps that a chunk reports; its time grows with them.
        free_values: values that cost no time; another one costs as much again as a chunk without it. Empty: none does.
        icon: name of the icon of its lane; "" is the usual one.
    """

    name: str
    label: str
    kind: SettingKind
    default: SettingValue
    help: str = ""
    aliases: tuple[str, ...] = ()
    short_label: str = ""
    phrase: str = ""
    rule: str = ""
    minimum: float | None = None
    maximum: float | None = None
    is_open_below: bool = False
    is_open_above: bool = False
    usual: tuple[float, float] | None = None
    step: float = 0.01
    decimals: int = 2
    unit: str = ""
    choices: tuple[str, ...] = ()
    can_have_keys: bool = False
    changes_during_drive: bool = False
    affects_latents: bool = True
    needs_text: bool = False
    prominence: Prominence = "main"
    counts_steps: bool = False
    free_values: tuple[SettingValue, ...] = ()
    icon: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"the name of a setting is lower-case words joined by underscores, got {self.name!r}")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError(f"the setting {self.name} needs choices exactly where it is one, got {self.choices}")
        self.checked(self.default)

    @property
    def short(self) -> str:
        """The label where there is little room."""
        return self.short_label or self.label

    @property
    def words(self) -> str:
        """What it is called in the middle of a sentence."""
        return self.phrase or self.label.lower()

    @property
    def is_numeric(self) -> bool:
        return self.kind in ("number", "integer")

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest number that a form gives: a limit that is left out itself is missed by one step."""
        low = -LARGEST if self.minimum is None else self.minimum + (self.step if self.is_open_below else 0)
        high = LARGEST if self.maximum is None else self.maximum - (self.step if self.is_open_above else 0)
        return low, high

    @property
    def slider(self) -> tuple[float, float]:
        """Lowest and highest value of a slider."""
        return self.usual or self.limits

    def checked(self, value: Any) -> SettingValue:
        """The value as a plain bool, int, float or str. Raises ValueError for one that this setting cannot have."""
        if self.kind == "switch":
            if not isinstance(value, bool):
                raise ValueError(f"{self.rule or f'{self.words} is true or false'}, got {value!r}")
            return value
        if self.kind == "text":
            if not isinstance(value, str):
                raise ValueError(f"{self.rule or f'{self.words} is text'}, got {value!r}")
            return value
        if self.kind == "choice":
            if value not in self.choices:
                raise ValueError(f"{self.rule or f'{self.words} must be {_either(self.choices)}'}, got {value!r}")
            return str(value)
        return self._checked_number(value)

    def cast(self, text: str) -> SettingValue:
        """The value that a text says, as on a command line. Raises ValueError for a text that is none."""
        value: Any = text
        if self.is_numeric:
            try:
                value = int(text) if self.kind == "integer" else float(text)
            except ValueError:
                value = text
        elif self.kind == "switch":
            value = {"true": True, "on": True, "false": False, "off": False}.get(text.strip().lower(), text)
        return self.checked(value)

    def rounded(self, value: float) -> SettingValue:
        """A number in the type of this setting, within its limits, as a slider or a place between two keys gives it."""
        low, high = self.limits
        within = min(max(value, low), high)
        return round(within) if self.kind == "integer" else float(within)

    def _checked_number(self, value: Any) -> int | float:
        is_whole = isinstance(value, Integral) and not isinstance(value, bool)
        if self.kind == "integer" and not is_whole:
            raise ValueError(f"{self._range_rule()}, got {value!r}")
        number: Any = value
        if isinstance(value, bool) or not isinstance(value, Real) or not abs(number) <= LARGEST:
            raise ValueError(f"{self.name.replace('_', ' ')} must be a finite number, got {value!r}")
        is_low = self.minimum is not None and (number <= self.minimum if self.is_open_below else number < self.minimum)
        is_high = self.maximum is not None and (number >= self.maximum if self.is_open_above else number > self.maximum)
        if is_low or is_high:
            raise ValueError(f"{self._range_rule()}, got {value}")
        return int(number) if is_whole else float(number)

    def _range_rule(self) -> str:
        if self.rule:
            return self.rule
        thing = "a whole number" if self.kind == "integer" else "a number"
        low = "" if self.minimum is None else f" from {self.minimum:g}"
        high = "" if self.maximum is None else f" up to {self.maximum:g}"
        but_low = ", not that itself," if self.is_open_below else ""
        but_high = ", not that itself" if self.is_open_above else ""
        return f"{self.words} must be {thing}{low}{but_low}{high}{but_high}"


@dataclass(frozen=True, kw_only=True)
class SettingsPreset:
    """Settings that a world recommends together under a name.

    Attributes:
        changes: (name, value) of those that differ from the defaults; none: the defaults.
    """

    name: str
    changes: tuple[tuple[str, SettingValue], ...] = ()


Specs = tuple[SettingSpec, ...]
"""What a world declares; the order is that of forms and reports."""


class Settings(Mapping[str, SettingValue]):
    """Values of settings by name: immutable, hashable, sorted by name. Which ones a world has, its specs say."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, SettingValue] | Iterable[tuple[str, SettingValue]] = ()) -> None:
        """Raises ValueError for a value that is neither a finite number nor text nor true or false."""
        given = dict(values)
        for name, value in given.items():
            if not isinstance(value, (bool, int, float, str)) or (
                isinstance(value, float) and not math.isfinite(value)
            ):
                raise ValueError(f"the setting {name} is a number, a text or true or false, got {value!r}")
        self._values: dict[str, SettingValue] = {name: given[name] for name in sorted(given)}

    def __getitem__(self, name: str) -> SettingValue:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __eq__(self, other: object) -> bool:
        return self._values == other._values if isinstance(other, Settings) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self._values.items()))

    def __repr__(self) -> str:
        return f"Settings({self._values!r})"

    def __reduce__(self) -> tuple[type[Settings], tuple[dict[str, SettingValue]]]:
        return Settings, (self._values,)

    def number(self, name: str) -> float:
        """A number, as a float. Raises KeyError for a name that is not there, TypeError for text."""
        value = self._values[name]
        if isinstance(value, str):
            raise TypeError(f"{name} is text, {value!r}, and no number")
        return float(value)


def default_settings(specs: Specs) -> Settings:
    """What a chunk is made with where nothing is set."""
    return Settings({spec.name: spec.default for spec in specs})


def changed_settings(specs: Specs, settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Settings with some replaced. Raises ValueError for a name that is not declared, or a value that cannot be."""
    known = {spec.name: spec for spec in specs}
    unknown = sorted(set(changes) - set(known))
    if unknown:
        there = ", ".join(sorted(known)) or "none"
        raise ValueError(f"unknown sampling setting {', '.join(unknown)}; there are {there}")
    return Settings({**settings, **{name: known[name].checked(value) for name, value in changes.items()}})


def usable_changes(specs: Specs, changes: Mapping[str, Any]) -> dict[str, SettingValue]:
    """Those of the changes that a world can use: others were made for another world, and wait for it."""
    known = {spec.name: spec for spec in specs}
    found: dict[str, SettingValue] = {}
    for name, value in changes.items():
        if name in known and is_valid(known[name], value):
            found[name] = known[name].checked(value)
    return found


def is_valid(spec: SettingSpec, value: Any) -> bool:
    """Whether a setting can have a value."""
    try:
        spec.checked(value)
    except ValueError:
        return False
    return True


def find_spec(specs: Iterable[SettingSpec], name: str) -> SettingSpec | None:
    """The setting of a name or an alias; None where there is none."""
    for spec in specs:
        if name == spec.name or name in spec.aliases:
            return spec
    return None


def with_defaults(specs: Specs, defaults: Mapping[str, Any]) -> Specs:
    """The same settings with other defaults. Raises ValueError for a name that is not declared, or a value that cannot
    be."""
    checked = changed_settings(specs, Settings(), defaults)
    return tuple(replace(spec, default=checked[spec.name]) if spec.name in checked else spec for spec in specs)


def num_steps(specs: Specs, settings: Settings) -> int:
    """Steps that a chunk reports: what the setting that counts them says; 1 where none does."""
    for spec in specs:
        if spec.counts_steps:
            return int(settings.number(spec.name))
    return 1


def evaluations_per_step(specs: Specs, settings: Settings, *, has_text: bool) -> int:
    """How many times a step runs the network: once, and once more for each setting that is not at a free value."""
    return 1 + sum(
        bool(spec.free_values) and settings[spec.name] not in spec.free_values
        for spec in specs
        if has_text or not spec.needs_text
    )


def summarised(specs: Specs, settings: Mapping[str, Any], *, has_text: bool) -> list[tuple[SettingSpec, Any]]:
    """The settings that a summary tells, with their values, in the order of the specs."""
    return [
        (spec, settings[spec.name])
        for spec in specs
        if spec.name in settings
        and (has_text or not spec.needs_text)
        and (spec.prominence == "main" or settings[spec.name] != spec.default)
    ]


def summary(specs: Specs, settings: Settings, *, has_text: bool) -> str:
    """Settings in a line, such as "guidance 1.5, history noise 0, steps 4, solver euler"."""
    entries = summarised(specs, settings, has_text=has_text)
    return ", ".join(f"{spec.short.lower()} {shown(value)}" for spec, value in entries)


def shown(value: SettingValue) -> str:
    """A value as people read it."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def spec_to_dict(spec: SettingSpec) -> dict[str, Any]:
    """A spec as a JSON object, without what is as usual."""
    found: dict[str, Any] = {}
    for field in fields(SettingSpec):
        value = getattr(spec, field.name)
        if field.default is MISSING or value != field.default:
            found[field.name] = list(value) if isinstance(value, tuple) else value
    return found


def spec_of_dict(content: Mapping[str, Any]) -> SettingSpec:
    """The spec of a JSON object. Entries that a newer version wrote are passed over. Raises ValueError, TypeError."""
    known = {field.name for field in fields(SettingSpec)}
    found: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in content.items() if name in known
    }
    return SettingSpec(**found)


def _either(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
