"""Owns the edits of a take's parameter keys, and of its parameters where these have keys.

They touch no chunk: those that were made with other values are stale, which `derived` works out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace

from astra_studio.document import parameters
from astra_studio.document.derived import made_ticks
from astra_studio.document.edits import Edit, changed_take, set_prompt, set_settings
from astra_studio.document.model import Parameter, ParameterKey, ParameterValue, Take, TakeId
from astra_studio.document.parameters import Keys, Place

NAMES: dict[Parameter, str] = {
    "guidance": "guidance",
    "history_noise": "history noise",
    "text_guidance": "text guidance",
    "prompt": "prompt",
}
"""As undo calls them."""


def set_keys(take: TakeId, keys: Keys, label: str, merge_key: str = "") -> Edit:
    """Have these keys and no others, as a drag that began with other ones leaves them.

    Raises ValueError for keys that none can be.
    """

    def change(known: Take) -> Take:
        return replace(known, keys=parameters.checked(keys))

    return Edit(label=label, change=lambda project: changed_take(project, take, change), merge_key=merge_key)


def add_key(take: TakeId, key: ParameterKey) -> Edit:
    """Put a key, in place of any other in its place. Raises ValueError for one that none can be."""

    def change(known: Take) -> Keys:
        parameters.check_key(key)
        return parameters.put(known.keys, key)

    return _edit(f"Add {NAMES.get(key.parameter, 'parameter')} key", take, change)


def set_value(take: TakeId, place: Place, value: ParameterValue, merge_key: str = "") -> Edit:
    """Give a key another value. Raises ValueError for one that is gone, or a value that none can be."""

    def change(known: Take) -> Keys:
        _check_there(known, [place])
        return parameters.changed(known.keys, [place], lambda key: replace(key, value=value))

    return _edit(f"Change {NAMES[place[0]]} key", take, change, merge_key)


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


def move_keys(take: TakeId, places: Collection[Place], ticks: int) -> Edit:
    """Move keys together, not past tick 0; those that they land on go. Raises ValueError for one that is gone."""

    def change(known: Take) -> Keys:
        _check_there(known, places)
        return parameters.moved(known.keys, places, ticks)

    return _edit("Move keys" if len(places) > 1 else "Move key", take, change)


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
    if parameter == "prompt":
        plain = set_prompt(take, str(value), negative_prompt)
    else:
        plain = set_settings(take, {parameter: value})

    def change(known: Take) -> Take:
        keys = parameters.set_from(known.keys, parameter, made_ticks(known), value)
        return replace(known, keys=parameters.checked(keys))

    return replace(
        plain,
        change=lambda project: (
            changed_take(project, take, change)
            if parameters.of(project.take(take).keys, parameter)
            else plain.change(project)
        ),
    )


def _edit(label: str, take: TakeId, change: Callable[[Take], Keys], merge_key: str = "") -> Edit:
    def changed(known: Take) -> Take:
        return replace(known, keys=parameters.checked(change(known)))

    return Edit(label=label, change=lambda project: changed_take(project, take, changed), merge_key=merge_key)


def _check_there(take: Take, places: Collection[Place]) -> None:
    known = {parameters.place_of(key) for key in take.keys}
    for parameter, tick in places:
        if (parameter, tick) not in known:
            raise ValueError(f"{take.name} has no key of {NAMES[parameter]} at tick {tick} any more")
