"""The project as a value of frozen parts. What can be computed from it is in `derived`.

Ticks count from 0 at the first latent after a take's start; tick t of every take is the same moment. Frames count from
0 at the start picture. Ids are random, never counted: a number would come back after an undo and then name two things.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Literal

from astra_studio.document.actions import Actions
from engine.clock import ASTRA_CLOCK, Clock
from engine.messages import WorldInfo
from engine.settings import Settings, SettingValue
from engine.video.pictures import Crop

ArtifactId = str
ChunkId = str
TakeId = str
MarkerId = str
Changes = tuple[tuple[str, SettingValue], ...]
"""Settings that differ from a world's defaults: (name, value), sorted by name, each name once.

Those that the open world does not have are kept for the one that does."""

MAX_SEED = 2**63 - 1
MAX_TICKS = 100_000
"""Longest take, as of a pose line."""

Parameter = str
"""Name of what can have keys along a take: a setting of its chunks that says so, or the prompt."""
PROMPT: Parameter = "prompt"
ParameterValue = SettingValue


def new_id() -> str:
    """An id that nothing else has: 32 hexadecimal digits."""
    return uuid.uuid4().hex


@dataclass(frozen=True, slots=True, kw_only=True)
class StartSource:
    """The file that a start was read from.

    Attributes:
        sha256: of the whole file.
        fps: frames per second of a clip; None of a picture.
        times_s: when the frames that are kept of a clip are shown in it, seconds.
        notes: what was done to understand it, as sentences.
    """

    sha256: str
    fps: float | None = None
    times_s: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What takes start from: a picture, or a clip as history.

    Attributes:
        artifact: a picture's own bytes, as they were given; of a clip the frames that are used.
        kind: whether these are a picture or a video.
        name: the file's name, for people.
        width_px, height_px: of the whole picture, before the crop.
        crop: what of it the world sees; None: the largest box of the world's aspect, in the middle.
        first_frame, num_frames: which frames of a clip; 0 and 1 for a picture.
        scene: name of the scene preset that it came from, "" for the user's own.
        source: the file; None where it came without one, or before that was kept.
    """

    artifact: ArtifactId
    kind: Literal["picture", "clip"] = "picture"
    name: str = ""
    width_px: int
    height_px: int
    crop: Crop | None = None
    first_frame: int = 0
    num_frames: int = 1
    scene: str = ""
    source: StartSource | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Which world makes the chunks. `info` is known once it has been opened."""

    spec: str
    """As `engine.worlds.registry.open_world` takes it."""
    info: WorldInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What the next chunk of a take is made with, besides its actions.

    Attributes:
        changes: sampling settings that differ from the world's defaults.
        seed: of the take, 0 to `MAX_SEED`; every chunk derives its own (`engine.messages.chunk_seed`).
        seed_is_locked: whether a redo keeps the seed.
        num_latents: latents per chunk; None: as many as the world makes by itself.
    """

    changes: Changes = ()
    prompt: str = ""
    negative_prompt: str = ""
    seed: int = 0
    seed_is_locked: bool = False
    num_latents: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Sampling settings under a name."""

    name: str
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Everything that decided a chunk, given the chunk it follows.

    Attributes:
        world: fingerprint of the world.
        start: what its take started from.
        index: number of the chunk in its take, from 0.
        actions: one row per latent of the chunk.
        seed: of the take.
    """

    world: str
    start: Start
    index: int
    actions: Actions
    prompt: str
    negative_prompt: str
    seed: int
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterKey:
    """A value of a parameter from a tick on; see `parameters` for what lies between two keys.

    Attributes:
        easing: how the value goes on to the next key: evenly, or not before it.
    """

    parameter: Parameter
    tick: int
    value: ParameterValue
    easing: Literal["linear", "hold"] = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """A finished chunk: a fact, written once.

    Attributes:
        take: the take that it was made for; others may share it since.
        parent: the chunk it follows; None for the first of a take.
        latents, frames, thumbnail: artifacts. The frames are those that are shown; of a first chunk they have those of
            the start before them.
        soft_frames: artifact of as many frames as the world decoded them; None where these are shown.
        arrays: artifact of what the world wants back (`ChunkResult.arrays`); None where that is nothing.
        start_latents: artifact of the start's latents, with a first chunk; None with others.
        latents_sha256: as `ChunkResult.latents_sha256`.
        first_latent: absolute number of its first latent.
        seconds: wall time by part.
        keyed: parameters whose values keys of the take decided, and not its recipe.
        clock: of the world that made it.
    """

    id: ChunkId
    take: TakeId
    parent: ChunkId | None
    request: Request
    latents: ArtifactId
    frames: ArtifactId
    thumbnail: ArtifactId
    start_latents: ArtifactId | None = None
    soft_frames: ArtifactId | None = None
    arrays: ArtifactId | None = None
    latents_sha256: str
    first_latent: int
    num_frames: int
    seconds: tuple[tuple[str, float], ...] = ()
    keyed: tuple[Parameter, ...] = ()
    clock: Clock = ASTRA_CLOCK

    @property
    def num_ticks(self) -> int:
        return len(self.request.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authored:
    """What a track was made from, such as camera keys, in a form that only its editor reads."""

    format: str
    version: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPath:
    """What a take can ask for, kept under a name.

    Attributes:
        path: what `actions` were made from, where that was an editor.
        source: name of the file that it came from, "" for one that was made here.
        clock: whose ticks the rows of `actions` are.
    """

    name: str
    actions: Actions
    path: Authored | None = None
    source: str = ""
    clock: Clock = ASTRA_CLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A chain of chunks, and what is planned to follow them.

    Attributes:
        parent: the take that it branched from; None for one from the start. From which chunk on they differ is
            worked out, see `derived.num_shared`.
        chunks: the whole chain from the start, those shared with other takes included, so that a take stays whole
            whatever becomes of its parent.
        actions: what is asked for from tick 0 on. A chunk that was made from other actions is stale.
        path: what `actions` were made from, where an editor made them.
        keys: of parameters, in the order of `parameters.ordered`. A chunk that was made with other values is stale.
        locked: chunks that are to be kept as they are; those that are not in the take count for nothing.
        clock: whose ticks and frames the take has: that of the world which made its chunks or, while it has none, of
            the project's world. See `clocks`.
    """

    id: TakeId
    name: str
    is_starred: bool = False
    parent: TakeId | None = None
    recipe: Recipe = Recipe()
    actions: Actions = field(default_factory=Actions)
    path: Authored | None = None
    chunks: tuple[Chunk, ...] = ()
    keys: tuple[ParameterKey, ...] = ()
    locked: tuple[ChunkId, ...] = ()
    clock: Clock = ASTRA_CLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """A named frame."""

    id: MarkerId
    frame: int
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkArea:
    """Frames `start` to `stop` - 1; None is open: from the first, to the last."""

    start: int | None = None
    stop: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is looked at: belongs to the project, and is no undo step.

    Attributes:
        take: the take that is shown and edited.
        compared: the one beside it (A|B).
        ticks: first and past-the-last selected tick of the current take.
    """

    take: TakeId
    compared: TakeId | None = None
    ticks: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project. `takes` has at least one; `check` tells what else always holds.

    Attributes:
        start: what the next take from scratch starts from. Takes that have chunks keep the start they were made from.
        world: what makes the next chunks.
        paths: sorted by name, each name once.
    """

    start: Start | None = None
    world: World
    presets: tuple[Preset, ...] = ()
    paths: tuple[NamedPath, ...] = ()
    takes: tuple[Take, ...]
    selection: Selection
    markers: tuple[Marker, ...] = ()
    work_area: WorkArea = field(default_factory=WorkArea)

    def take(self, take_id: TakeId) -> Take:
        """The take of that id. Raises KeyError where it is gone."""
        for take in self.takes:
            if take.id == take_id:
                return take
        raise KeyError(take_id)

    def has_take(self, take_id: TakeId) -> bool:
        return any(take.id == take_id for take in self.takes)

    @property
    def current(self) -> Take:
        """The take that is shown and edited."""
        return self.take(self.selection.take)


def new_project(world: str) -> Project:
    """An empty project of the world named `world`: one take, nothing in it."""
    first = Take(id=new_id(), name="Take 1")
    return Project(world=World(spec=world), takes=(first,), selection=Selection(take=first.id))
