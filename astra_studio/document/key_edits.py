"""Edits of a take's parameter keys, and of its parameters where these have keys.

They touch no chunk: those that were made with other values are stale, which `derived` works out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from astra_studio.document import parameters
from astra_studio.document.declared import keyable_specs
from astra_studio.document.derived import made_ticks
from astra_studio.document.edits import Edit, changed_take, set_prompt, set_settings
from astra_studio.document.model import PROMPT, Parameter, ParameterKey, ParameterValue, Project, Take, TakeId
from astra_studio.document.parameters import Keys, Place
from engine.settings import Specs, find_spec


def set_keys(take: TakeId, keys: Keys, label: str, merge_key: str = "") -> Edit:
    """Have these keys and no others, as a drag that began with other ones leaves them.

    Raises ValueError for keys that none can be in the project's world.
    """
    return _edit(label, take, lambda _known: keys, merge_key)


def add_key(take: TakeId, key: ParameterKey) -> Edit:
    """Put a key, in place of any other in its place. Raises ValueError for one that none can be."""
    return _edit(f"Add {key.parameter.replace('_', ' ')} key", take, lambda known: parameters.put(known.keys, key))


def set_value(take: TakeId, place: Place, value: ParameterValue, merge_key: str = "") -> Edit:
    """Give a key another value. Raises ValueError for one that is gone, or a value that none can be."""

    def change(known: Take) -> Keys:
        _check_there(known, [place])
        return parameters.changed(known.keys, [place], lambda key: replace(key, value=value))

    return _edit(f"Change {place[0].replace('_', ' ')} key", take, change, merge_key)


def set_easing(take: TakeId, places: Collection[Place], easing: str) -> Edit:
    """Have keys go on to the next ones "linear", or "hold". Raises ValueError for one that is gone."""

    def change(known: Take) -> Keys:
        _check_there(known, places)
        return parameters.changed(
            known.keys,
            places,
            lambda key: replace(key, easing=easing),  # type: ignore[arg-type]  # checked with the whole
        )

    return _edit("Change easing", take, change)


def delete_keys(take: TakeId, places: Collection[Place]) -> Edit:
    """Remove keys. Raises ValueError for one that is gone."""

    def change(known: Take) -> Keys:
        _check_there(known, places)
        return parameters.removed(known.keys, places)

    return _edit("Delete keys" if len(places) > 1 else "Delete key", take, change)


def set_parameter(take: TakeId, parameter: Parameter, value: ParameterValue, negative_prompt: str = "") -> Edit:
    """Give the take's next chunk another value, and every chunk before it what it had.

    Where the parameter has keys that is a key at the chunk's first tick, where it has none it is the recipe. Raises
    ValueError for a value that none can be.
    """
    if parameter == PROMPT:
        plain = set_prompt(take, str(value), negative_prompt)
    else:
        plain = set_settings(take, {parameter: value})

    keyed = _edit(
        plain.label,
        take,
        lambda known: parameters.set_from(known.keys, parameter, made_ticks(known), value),
    )

    def change(project: Project) -> Project:
        has_keys = bool(parameters.of(project.take(take).keys, parameter))
        return (keyed if has_keys else plain).change(project)

    return replace(plain, change=change)


def _edit(label: str, take: TakeId, change: Callable[[Take], Keys], merge_key: str = "") -> Edit:
    def edited(project: Project) -> Project:
        def changed(known: Take) -> Take:
            keys = parameters.checked(change(known))
            before, specs = frozenset(known.keys), keyable_specs(project.world)
            for key in keys:
                # Keys of other worlds stay as they are, but none are added.
                if key not in before:
                    _check_fits(known, key, specs)
            return replace(known, keys=keys)

        return changed_take(project, take, changed)

    return Edit(label=label, change=edited, merge_key=merge_key)


def _check_fits(take: Take, key: ParameterKey, specs: Specs) -> None:
    """Raise ValueError for a value that the world cannot have; a key of another world may be moved all the same."""
    is_known = find_spec(specs, key.parameter) is not None or not parameters.of(take.keys, key.parameter)
    if is_known:
        parameters.check_value(specs, key.parameter, key.value)


def _check_there(take: Take, places: Collection[Place]) -> None:
    known = {parameters.place_of(key) for key in take.keys}
    for parameter, tick in places:
        if (parameter, tick) not in known:
            name = parameter.replace("_", " ")
            raise ValueError(f"{take.name} has no key of {name} at tick {tick} any more")
