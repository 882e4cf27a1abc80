"""Keys of a take's parameters as values: which are valid, their value at a tick, and pure changes of them.

A parameter is a setting that can change along a take. Before its first key the recipe's value applies. From a key on
its value applies, and either changes evenly to the next key's ("linear") or stays until that one ("hold"); text always
stays. A chunk takes the values at its first tick, so a change of a key never reaches a chunk before the previous key.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from astra_studio.document.model import MAX_TICKS, PROMPT, Chunk, Parameter, ParameterKey, ParameterValue, Take
from engine.settings import LARGEST, SettingSpec, Specs, find_spec, is_valid

Keys = tuple[ParameterKey, ...]
Place = tuple[Parameter, int]
"""What a key is known by: its parameter and its tick, where no other of that parameter is."""
MAX_KEYS = 10_000
_MAX_NAME = 200
_DECIMALS = 6
"""Of values between two keys: finer differences are those of rounding, and make no chunk another one."""


def place_of(key: ParameterKey) -> Place:
    return key.parameter, key.tick


def of(keys: Keys, parameter: Parameter) -> Keys:
    """The keys of one parameter, in the order of their ticks."""
    return tuple(key for key in keys if key.parameter == parameter)


def names_of(keys: Iterable[ParameterKey]) -> tuple[Parameter, ...]:
    """The parameters that have keys, sorted."""
    return tuple(sorted({key.parameter for key in keys}))


def value_at(keys: Keys, parameter: Parameter, tick: float) -> ParameterValue | None:
    """What the keys say of a parameter at a tick; None where they say nothing: before its first key."""
    return _value_at(of(keys, parameter), tick)


class Tracks:
    """The keys of a take by parameter, for those who ask at many ticks."""

    def __init__(self, keys: Keys) -> None:
        self._tracks = {name: of(keys, name) for name in names_of(keys)}

    def value(self, parameter: Parameter, tick: float) -> ParameterValue | None:
        """As `value_at`."""
        return _value_at(self._tracks.get(parameter, ()), tick)


def _value_at(track: Keys, tick: float) -> ParameterValue | None:
    number = bisect_right(track, tick, key=_tick) - 1
    if number < 0:
        return None
    key = track[number]
    if number + 1 == len(track) or not is_even(key):
        return key.value
    after = track[number + 1]
    if isinstance(after.value, (bool, str)) or isinstance(key.value, str):
        return key.value
    share = (tick - key.tick) / (after.tick - key.tick)
    return round(key.value + share * (after.value - key.value), _DECIMALS)


def _tick(key: ParameterKey) -> int:
    return key.tick


def is_even(key: ParameterKey) -> bool:
    """Whether the value changes evenly to the next key's: numbers can."""
    return key.easing == "linear" and not isinstance(key.value, (bool, str))


def is_same(first: ParameterValue, second: ParameterValue) -> bool:
    """Whether two values make the same chunk."""
    if isinstance(first, (bool, str)) or isinstance(second, (bool, str)):
        return first == second
    return abs(first - second) <= 2 * 10**-_DECIMALS


# ---------------------------------------------------------------------- what always holds


def ordered(keys: Iterable[ParameterKey]) -> Keys:
    """Keys in their one order, by parameter and tick; of several in one place the last given stays."""
    found = {place_of(key): key for key in keys}
    return tuple(sorted(found.values(), key=place_of))


def checked(keys: Iterable[ParameterKey]) -> Keys:
    """Keys in their one order. Raises ValueError for a name, tick, value or easing that none can be."""
    given = tuple(keys)
    for key in given:
        check_key(key)
    if len(given) > MAX_KEYS:
        raise ValueError(f"a take has at most {MAX_KEYS} keys of parameters, this would be {len(given)}")
    return ordered(given)


def check_key(key: ParameterKey) -> None:
    """Raise ValueError for a key that none can be, whatever the world."""
    if not isinstance(key.parameter, str) or not 0 < len(key.parameter) <= _MAX_NAME:
        raise ValueError(f"a key is of a parameter with a name, got {key.parameter!r}")
    if not isinstance(key.tick, int) or isinstance(key.tick, bool) or not 0 <= key.tick <= MAX_TICKS:
        raise ValueError(f"a key lies at a whole tick from 0 to {MAX_TICKS}, got {key.tick!r}")
    if key.easing not in ("linear", "hold"):
        raise ValueError(f"a key of a parameter goes on linear or hold, got {key.easing!r}")
    if key.parameter == PROMPT:
        if not isinstance(key.value, str):
            raise ValueError(f"a prompt is words, got {key.value!r}")
    elif not isinstance(key.value, (bool, int, float, str)):
        raise ValueError(f"{key.parameter.replace('_', ' ')} is a number, a text or true or false, got {key.value!r}")
    elif not isinstance(key.value, str) and not abs(key.value) <= LARGEST:
        raise ValueError(f"{key.parameter.replace('_', ' ')} must be a finite number, got {key.value!r}")


def check_value(specs: Specs, parameter: Parameter, value: ParameterValue) -> None:
    """Raise ValueError for a parameter that has no keys in a world, or a value that it cannot have."""
    spec = find_spec(specs, parameter)
    if spec is None:
        known = ", ".join(sorted(spec.name for spec in specs))
        raise ValueError(f"there is no parameter {parameter!r}; there are {known}")
    spec.checked(value)


# ---------------------------------------------------------------------- changes


def put(keys: Keys, key: ParameterKey) -> Keys:
    """With a key, in place of any other in its place."""
    return ordered((*keys, key))


def removed(keys: Keys, places: Collection[Place]) -> Keys:
    """Without the keys in these places."""
    return tuple(key for key in keys if place_of(key) not in places)


def moved(keys: Keys, places: Collection[Place], ticks: int, *, keep: bool = False) -> Keys:
    """With the keys in these places moved by `ticks`, together and not past tick 0; `keep` moves copies of them.

    A key that they land on is gone: what was dropped there counts.
    """
    chosen = [key for key in keys if place_of(key) in places]
    if not chosen:
        return keys
    shift = min(max(ticks, -min(key.tick for key in chosen)), MAX_TICKS - max(key.tick for key in chosen))
    rest = keys if keep else removed(keys, places)
    return ordered((*rest, *(replace(key, tick=key.tick + shift) for key in chosen)))


def changed(keys: Keys, places: Collection[Place], change: Callable[[ParameterKey], ParameterKey]) -> Keys:
    """With the keys in these places changed, but for parameter and tick."""
    return tuple(change(key) if place_of(key) in places else key for key in keys)


def split(keys: Keys, parameter: Parameter, tick: int, otherwise: ParameterValue) -> Keys:
    """With a key at a tick that says what is so there already; `otherwise` is what the recipe says."""
    value = value_at(keys, parameter, tick)
    before = [key for key in of(keys, parameter) if key.tick <= tick]
    easing = before[-1].easing if before else ("hold" if isinstance(otherwise, (bool, str)) else "linear")
    return put(
        keys,
        ParameterKey(parameter=parameter, tick=tick, value=otherwise if value is None else value, easing=easing),
    )


def set_from(keys: Keys, parameter: Parameter, tick: int, value: ParameterValue) -> Keys:
    """With another value from a tick on, until the next key, and every tick before it as it was.

    Where the value was on its way to somewhere else it stops one tick before. Without keys of it there are none after.
    """
    track = of(keys, parameter)
    before = [key for key in track if key.tick < tick]
    if not track:
        return keys
    if before and is_even(before[-1]):
        last = value_at(keys, parameter, tick - 1)
        if any(key.tick >= tick for key in track):
            assert last is not None
            stop = ParameterKey(parameter=parameter, tick=tick - 1, value=last, easing="hold")
            keys = put(keys, stop)
        else:
            keys = put(keys, replace(before[-1], easing="hold"))
    here = [key for key in track if key.tick <= tick]
    easing = here[-1].easing if here else track[0].easing
    return put(keys, ParameterKey(parameter=parameter, tick=tick, value=value, easing=easing))


# ---------------------------------------------------------------------- keys and chunks


def made_with(chunk: Chunk, parameter: Parameter) -> ParameterValue | None:
    """What a chunk was made with; None where its world did not have that yet."""
    return chunk.request.prompt if parameter == PROMPT else chunk.request.settings.get(parameter)


def usable_value(spec: SettingSpec, value: ParameterValue | None) -> ParameterValue | None:
    """What a world makes of what keys say: a value in its type, or None where it cannot use that."""
    if value is None or isinstance(value, (bool, str)) or not spec.is_numeric:
        return value if value is not None and is_valid(spec, value) else None
    value = round(value) if spec.kind == "integer" else value
    return value if is_valid(spec, value) else None


def rebuilt(chunks: Sequence[Chunk]) -> Keys:
    """Keys that ask for what keys decided in a chain of chunks: one where a value begins, held."""
    found: dict[Parameter, list[ParameterKey]] = {}
    tick = 0
    for chunk in chunks:
        for parameter in {*chunk.keyed, *found}:
            track, value = found.get(parameter, []), made_with(chunk, parameter)
            if value is not None and (not track or not is_same(track[-1].value, value)):
                key = ParameterKey(parameter=parameter, tick=tick, value=value, easing="hold")
                found.setdefault(parameter, []).append(key)
        tick += chunk.num_ticks
    return ordered(key for track in found.values() for key in track)


def keys_that_made(take: Take) -> Keys:
    """The keys that a take's chunks were made with: its own, or, where these were changed since, some that do.

    Keys that no chunk heard, as of a prompt in a world that reads no text, made nothing and are left out.
    """
    keyed = {parameter for chunk in take.chunks for parameter in chunk.keyed}
    deaf: set[Parameter] = set()
    tracks, tick = Tracks(take.keys), 0
    for chunk in take.chunks:
        for parameter in {*keyed, *names_of(take.keys)}:
            value, made = tracks.value(parameter, tick), made_with(chunk, parameter)
            if parameter not in keyed:
                deaf |= {parameter} if value is not None else set()
                continue
            is_same_made = value is not None and made is not None and is_same(value, made)
            if (value is not None) != (parameter in chunk.keyed) or (value is not None and not is_same_made):
                return rebuilt(take.chunks)
        tick += chunk.num_ticks
    return tuple(key for key in take.keys if key.parameter not in deaf)
