"""Protocol of a data set for pretokenization: clips in order, each opened only when its turn comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Protocol

from torch import Tensor

from engine.actions.modality import Modality
from engine.training.datasets.footage import Footage
from engine.training.datasets.motion import PoseTrack


@dataclass(frozen=True, kw_only=True, eq=False)
class EncodedFootage:
    """Latents that somebody encoded before: a stream from its first frame on, latent k ending at frame 4k."""

    latents: Tensor
    """(C, T, h, w), normalised."""
    text: Tensor | None = None
    """(L, D): the encoder's rows of the clip's prompt."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Clip:
    """A clip, ready to be read."""

    modality: Modality
    footage: Footage | EncodedFootage
    track: PoseTrack
    """Of what moves. The clip is what lies within both the footage and the track."""
    is_timed: bool = True
    """Whether times are seconds. Else they count frames, and every frame is taken as it comes, whatever the rate."""
    caption: str = ""


@dataclass(frozen=True)
class Entry:
    """A clip that is not opened yet."""

    name: str
    """Of its own in the data set, and the same whenever the data set is read."""
    open: Callable[[], Clip]
    """Raises ClipError, or another ValueError or OSError, for a clip that cannot be used."""


class ClipSource(Protocol):
    """A data set on disk in one published layout."""

    expects: ClassVar[str]
    """What lies in a folder of this layout, in words."""
    licence: ClassVar[str]
    """The data set and the terms it comes under, in words; written into every shard."""

    def __init__(self, folder: Path) -> None: ...

    @staticmethod
    def recognise(folder: Path) -> str | None:
        """Why this folder is of the layout, in words, or None if it is not. Looks at names only."""
        ...

    def entries(self) -> Iterator[Entry]:
        """All clips in a fixed order. Opens no clip; raises DataSetError where what lists them cannot be read."""
        ...
