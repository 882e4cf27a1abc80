"""Differences between two takes, as text."""

from __future__ import annotations

from astra_studio.document.declared import specs_of, words_of
from astra_studio.document.derived import active_parameters, made_ticks, num_shared, recipe_at, start_of
from astra_studio.document.model import Parameter, Project, Start, Take
from astra_studio.document.parameters import is_even, is_same, of, value_at


def differences(project: Project, first: Take, second: Take) -> tuple[str, ...]:
    """What `second` has that `first` has not, each a short phrase such as "action guidance 4, not 2".

    The chunks after the common ones tell what they were made with; where a take has none of its own, its recipe does.
    No phrase: the two ask for the same.
    """
    shared = num_shared(first, second)
    before, after = _made_with(project, first, shared), _made_with(project, second, shared)
    told = [
        f"{name} {_shown(value)}, not {_shown(before[name])}"
        for name, value in after.items()
        if before.get(name, value) != value
    ]
    if after["start"] == before["start"] and _file(project, first) != _file(project, second):
        told.append("another start of the same name")
    told += _keys_told(project, first, second)
    tick = _first_difference(first, second)
    if tick is not None:
        told.append(f"another path from {tick * second.clock.seconds_per_tick:.1f} s on (tick {tick})")
    return tuple(told)


def _made_with(project: Project, take: Take, shared: int) -> dict[str, object]:
    """What there is to compare, by what people call it."""
    told: dict[str, object] = {}
    others: dict[str, object]
    if len(take.chunks) > shared:
        made = take.chunks[shared].request
        settings, told["world"] = made.settings, made.world[:8]
        others = {"seed": made.seed, "prompt": made.prompt, "negative prompt": made.negative_prompt}
    else:
        tick_recipe = recipe_at(project, take, made_ticks(take))
        settings, recipe = tick_recipe.settings, take.recipe
        others = {"seed": recipe.seed, "prompt": tick_recipe.prompt, "negative prompt": recipe.negative_prompt}
        if project.world.info is not None:
            told["world"] = project.world.info.fingerprint[:8]
    order = [spec.name for spec in specs_of(project.world) if spec.name in settings]
    for name in dict.fromkeys([*order, *settings]):
        told[words_of(project.world, name)] = settings[name]
    told |= others
    return told | _start_told(start_of(project, take))


def _keys_told(project: Project, first: Take, second: Take) -> list[str]:
    """From when on keys of parameters ask for something else."""
    told = []
    for name in active_parameters(project):
        tick = _first_other_value(first, second, name)
        if tick is not None:
            what = "other keys of" if of(first.keys, name) and of(second.keys, name) else "keys of"
            what = what if of(second.keys, name) else "no keys of"
            when = f"{tick * second.clock.seconds_per_tick:.1f} s on (tick {tick})"
            told.append(f"{what} {words_of(project.world, name)} from {when}")
    return told


def _first_other_value(first: Take, second: Take, name: Parameter) -> int | None:
    """First tick at which keys of a parameter say something else, or say something where the others do not."""
    known = {key.tick for take in (first, second) for key in of(take.keys, name)}
    # An even way to another value differs from the tick after its key on.
    ticks = known | {key.tick + 1 for take in (first, second) for key in of(take.keys, name) if is_even(key)}
    for tick in sorted(ticks):
        one, other = value_at(first.keys, name, tick), value_at(second.keys, name, tick)
        if (one is None) != (other is None) or (one is not None and other is not None and not is_same(one, other)):
            return tick
    return None


def _start_told(start: Start | None) -> dict[str, object]:
    if start is None:
        return {"start": "none", "crop": "none"}
    box = start.crop
    crop = "in the middle" if box is None else f"{box.width:.0f} x {box.height:.0f} at {box.left:.0f}, {box.top:.0f}"
    return {"start": start.name or start.kind, "crop": crop}


def _file(project: Project, take: Take) -> str | None:
    start = start_of(project, take)
    return start.artifact if start else None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, float):
        return f"{value:g}"
    return repr(value) if value == "" or (isinstance(value, str) and " " in value) else str(value)


def _first_difference(first: Take, second: Take) -> int | None:
    """First tick at which two takes ask for something else; None where they never do."""
    length = max(len(first.actions), len(second.actions))
    if first.actions.modality != second.actions.modality:
        return 0 if length else None
    rows = first.actions.part(0, length).rows != second.actions.part(0, length).rows
    ticks = rows.any(axis=1).nonzero()[0]
    return int(ticks[0]) if len(ticks) else None
