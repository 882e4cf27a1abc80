"""Rules that turn a checkpoint's names into a network's, one name at a time and without leftovers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from engine.models.weights.errors import WeightsMismatch

MAX_LISTED = 8


@dataclass(frozen=True)
class Rule:
    """`theirs` and `ours` are dotted names in which `{i}`, `{j}` stand for numbers and `{x}` for a final part.

    Translates both ways; the two sides must use the same placeholders.
    """

    theirs: str
    ours: str

    def forward(self, name: str) -> str | None:
        return _translate(self.theirs, self.ours, name)

    def backward(self, name: str) -> str | None:
        return _translate(self.ours, self.theirs, name)


@dataclass(frozen=True, kw_only=True)
class NameMap:
    """All rules of one layout."""

    layout: str
    """What users call it."""
    rules: tuple[Rule, ...]
    ignored: tuple[str, ...] = ()
    """Patterns of names in the layout that the network does not use."""

    def ours(self, name: str) -> str | None:
        """Our name of a tensor of this layout; None when no rule knows it."""
        return next((found for rule in self.rules if (found := rule.forward(name)) is not None), None)

    def theirs(self, name: str) -> str | None:
        """The layout's name of one of our tensors; None when no rule knows it."""
        return next((found for rule in self.rules if (found := rule.backward(name)) is not None), None)

    def is_ignored(self, name: str) -> bool:
        return any(_match(pattern, name) is not None for pattern in self.ignored)


@dataclass(frozen=True, kw_only=True)
class Translation:
    """Tensors under our names, and the names for which there was no rule."""

    tensors: dict[str, Tensor]
    unknown: tuple[str, ...]
    ignored: tuple[str, ...]


def translate(tensors: Mapping[str, Tensor], names: NameMap) -> Translation:
    """Rename every tensor of a layout. Raises WeightsMismatch if two become one."""
    renamed: dict[str, Tensor] = {}
    unknown, ignored = [], []
    for name, tensor in tensors.items():
        if names.is_ignored(name):
            ignored.append(name)
        elif (ours := names.ours(name)) is None:
            unknown.append(name)
        elif ours in renamed:
            raise WeightsMismatch(f"two tensors of the {names.layout} file both stand for {ours}; one is {name}")
        else:
            renamed[ours] = tensor
    return Translation(tensors=renamed, unknown=tuple(unknown), ignored=tuple(ignored))


def check_fit(
    tensors: Mapping[str, Tensor], expected_shapes: Mapping[str, tuple[int, ...]], unknown: Iterable[str], source: str
) -> None:
    """Raise WeightsMismatch naming every missing, extra and wrong-shaped tensor, and every one with NaN or infinity."""
    missing = [name for name in expected_shapes if name not in tensors]
    extra = [*unknown, *(name for name in tensors if name not in expected_shapes)]
    shapes = [
        f"{name} is {tuple(tensors[name].shape)} and should be {shape}"
        for name, shape in expected_shapes.items()
        if name in tensors and tuple(tensors[name].shape) != shape
    ]
    parts = []
    if missing:
        parts.append(f"{len(missing)} missing: {_listed(missing)}")
    if extra:
        parts.append(f"{len(extra)} not known: {_listed(extra)}")
    if shapes:
        parts.append(f"{len(shapes)} of another shape: {_listed(shapes)}")
    if parts:
        raise WeightsMismatch(f"the tensors of {source} do not fit the network: " + "; ".join(parts))
    broken = [name for name in expected_shapes if not bool(tensors[name].isfinite().all())]
    if broken:
        raise WeightsMismatch(
            f"{len(broken)} tensors of {source} hold NaN or infinite values: {_listed(broken)}. The file is "
            "damaged, or its training diverged; get it again or use an earlier checkpoint"
        )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
    return ", ".join(names[:MAX_LISTED]) + more


def _match(pattern: str, name: str) -> dict[str, str] | None:
    """Placeholder values if `name` has the form of `pattern`."""
    parts = re.split(r"(\{[a-z]\})", pattern)
    regex = ""
    for part in parts:
        if part in ("{i}", "{j}"):
            regex += rf"(?P<{part[1]}>\d+)"
        elif part == "{x}":
            regex += r"(?P<x>weight|bias)"
        else:
            regex += re.escape(part)
    found = re.fullmatch(regex, name)
    return None if found is None else found.groupdict()


def _translate(source: str, destination: str, name: str) -> str | None:
    values = _match(source, name)
    return None if values is None else destination.format(**values)
