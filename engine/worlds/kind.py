"""Protocol of a kind of world: how its worlds are recognised, their requirements, and how they are opened.

A kind is named in `engine.worlds.registry`, or by another package through an entry point. Its module is imported to
list and recognise worlds, so it imports torch only inside `open`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from engine.settings import SettingsPreset, Specs
from engine.worlds.protocol import WorldModel


@dataclass(frozen=True, kw_only=True)
class MissingFile:
    """A file that a world lacks.

    Attributes:
        what: which part of the world it is.
        names: any of them will do.
        num_bytes: about how large it is.
        is_needed: whether nothing works without it.
        source: what it comes with.
    """

    what: str
    names: tuple[str, ...]
    num_bytes: int
    is_needed: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class WorldRequirements:
    """What a world requires of a machine. Sizes are estimates, in bytes.

    Attributes:
        width, height: of its pictures, in pixels; 0 where its files do not tell.
        memory_bytes: of the computer's memory, where it runs on the GPU that it is meant for or needs none.
        cpu_memory_bytes: of the computer's memory, where it runs on the processor.
        gpu_bytes: of a GPU's memory; 0: it is meant for a processor.
        has_text: whether it reads prompts with the files that are there.
        missing: files that it lacks.
        problem: why it cannot be opened, as a sentence; "" where it can.
    """

    width: int = 0
    height: int = 0
    memory_bytes: int = 0
    cpu_memory_bytes: int = 0
    gpu_bytes: int = 0
    has_text: bool = False
    missing: tuple[MissingFile, ...] = ()
    problem: str = ""


class WorldKind(Protocol):
    """One kind of world. Stateless: one object serves the whole program.

    A location is the folder or file of a world as text, or, for a kind without files, what follows the colon of its
    name: `fake:0.4` is the kind `fake` at the location `0.4`, and `fake` is the same kind at "".
    """

    name: str
    """Lower-case letters, digits and hyphens; stands in `world.json` as `kind`."""
    layout: str
    """What its folders or files look like, for people who gave another one; "" for a kind without files."""
    settings: Specs
    """What can be set of chunks in a world of this kind, known before one is open. The world itself may have other
    defaults, and says so in its `WorldInfo`."""
    presets: tuple[SettingsPreset, ...]
    """Settings that go well together."""

    def recognise(self, path: Path) -> bool:
        """Whether a folder or file looks like a world of this kind, complete or not. Raises nothing; False for a kind
        without files."""
        ...

    def requirements(self, location: str) -> WorldRequirements:
        """What the world there requires. Reads no weights. Raises OSError for files that cannot be read; what else is
        wrong with the world is said in `problem`."""
        ...

    def open(self, location: str, device: str) -> WorldModel:
        """Open the world there.

        Args:
            device: "auto" or a torch device string, such as "cpu", "cuda:1" or "mps".

        Raises ValueError, or one of its named kinds, for a world or a device that cannot be used; OSError.
        """
        ...
