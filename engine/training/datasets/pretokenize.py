"""`astra-studio pretokenize`: the clips of a data set through the video autoencoder into latent shards.

Pictures are cut to the wanted size, taken at the wanted rate and encoded; poses at the ticks become action rows. A long
video gives several clips, each encoded as a stream of its own, as a take is: its first latent stands for one picture,
and the next clip begins with the frame that this one ends with. So every clip can be made without the others, and a run
that was stopped goes on where it stood.

Shape letters: C latent channels, T latents, L text rows, D text width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from torch import Tensor

from engine.training.datasets.encoder import WorldEncoder
from engine.training.datasets.errors import ClipError
from engine.training.datasets.footage import Footage, read_shown, shown_frames
from engine.training.datasets.motion import TIME_SLACK, Floats, RowStyle, action_rows
from engine.training.datasets.output import Index, Piece, ShardWriter, Summary, count
from engine.training.datasets.protocol import Clip, EncodedFootage, Entry
from engine.training.datasets.registry import AUTO, open_source
from engine.training.datasets.streaming import encode_stream

DEFAULT_LATENTS = 38
"""As long as the longest window: 30 latents of history and 8 targets."""
CHUNK = 8
SHORTEST = 1 + CHUNK
"""Latents of the shortest window: a picture and one chunk."""
PATCH = 2
"""Latent pixels that the transformer takes together, in each direction."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to make of which data set. None means: as the world has it."""

    source: Path
    out: Path
    layout: str = AUTO
    size: tuple[int, int] | None = None
    """Width and height in pixels."""
    fps: float | None = None
    """Frames per second. Data that tells no times is taken frame by frame, whatever is asked."""
    num_latents: int = DEFAULT_LATENTS
    """Of each clip. What is left of a video makes a shorter one, of 1 + 8 k latents, where at least 9 are left."""
    clips_per_shard: int = 32
    limit: int | None = None
    """Of the data set's own clips, the first so many."""
    row_style: RowStyle | None = None

    def __post_init__(self) -> None:
        if self.num_latents < 2:
            raise ValueError(f"a clip needs at least 2 latents, got {self.num_latents}")
        if self.clips_per_shard < 1:
            raise ValueError(f"a shard needs at least 1 clip, got {self.clips_per_shard}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"the limit must be at least 1 clip, got {self.limit}")
        if self.fps is not None and not 0 < self.fps <= 1000:
            raise ValueError(f"frames per second must be above 0 and at most 1000, got {self.fps}")


def pretokenize(request: Request, encoder: WorldEncoder, say: Callable[[str], None] = lambda _text: None) -> Summary:
    """Make the shards of a request that are not there yet. `say` is told of each shard and of each clip left out.

    Raises LayoutError for a source in no known layout, OutputMismatch for a folder with other shards, ValueError for
    a size that the world cannot have, OSError where nothing can be written. A clip that cannot be read is no error: it
    is left out, or what follows the damage in it, and the summary says why.
    """
    layout, source = open_source(request.source, request.layout)
    terms = _terms(request, encoder, layout)
    index = Index(request.out, {**asdict(terms), "source": request.source.absolute().name})
    summary = Summary(layout=layout)
    words = f"{source.licence}; layout {layout}; {terms.row_style} rows"
    writer = ShardWriter(index, request.clips_per_shard, words, summary, say)
    for entry in islice(source.entries(), request.limit):
        summary.num_present += len(index.present(entry.name))
        if index.is_complete(entry.name):
            continue
        for piece in _until_damage(entry.name, _pieces(entry, terms, encoder, index), summary, say):
            writer.add(piece)
            num_frames = 1 + encoder.codec.frames_per_latent * (len(piece.latents) - 1)
            count(summary, piece, num_frames / terms.fps)
    writer.flush()
    index.save(summary.skipped)
    return summary


@dataclass(frozen=True, kw_only=True)
class _Terms:
    """A request with every choice made: what decides the content of a clip."""

    layout: str
    width: int
    height: int
    fps: float
    num_latents: int
    row_style: RowStyle
    encoder: str

    @property
    def lengths(self) -> list[int]:
        """How many latents a clip may have, the longest first: few lengths, so that shards fill."""
        return [self.num_latents, *reversed(range(SHORTEST, self.num_latents, CHUNK))]


def _terms(request: Request, encoder: WorldEncoder, layout: str) -> _Terms:
    config = encoder.config
    width, height = request.size or (config.width, config.height)
    step = encoder.codec.spatial_factor * PATCH
    if min(width, height) < step or width % step or height % step:
        raise ValueError(f"width and height for {config.name} must be multiples of {step}, got {width} x {height}")
    return _Terms(
        layout=layout,
        width=width,
        height=height,
        fps=float(request.fps or config.fps),
        num_latents=request.num_latents,
        row_style=request.row_style or encoder.row_style,
        encoder=encoder.fingerprint,
    )


def _until_damage(name: str, pieces: Iterator[Piece], summary: Summary, say: Callable[[str], None]) -> Iterator[Piece]:
    """The pieces of a clip up to the first that cannot be made."""
    try:
        yield from pieces
    except (ValueError, OSError) as error:
        summary.skipped[name] = str(error)
        say(f"left out: {name}: {error}")


# ---------------------------------------------------------------------- one clip


@dataclass(frozen=True)
class _Span:
    """A piece within its clip, in latents."""

    first: int
    num_latents: int


@dataclass(frozen=True, kw_only=True, eq=False)
class _Reel:
    """A clip at the wanted rate: so many latents, the poses at their ticks, and how spans of it are encoded."""

    num_latents: int
    ticks: Floats
    """(num_latents, 4, 4), or more where the track goes on."""
    shared_latents: int
    """By how many a piece overlaps the one before."""
    encode: Callable[[list[_Span]], Iterator[tuple[Tensor, Tensor | None]]]
    """Latents and stills (T, C, h, w) float16 of each span, in one pass."""


def _pieces(entry: Entry, terms: _Terms, encoder: WorldEncoder, index: Index) -> Iterator[Piece]:
    """The pieces of a clip that lie in no shard yet. Raises ClipError, or another error of what reads the clip."""
    clip = entry.open()
    if isinstance(clip.footage, EncodedFootage):
        reel = _given_reel(clip, clip.footage, terms, encoder)
    else:
        reel = _filmed_reel(clip, clip.footage, terms, encoder)
    spans = _spans(reel, terms)
    index.expect(entry.name, len(spans))
    present = index.present(entry.name)
    wanted = {number: span for number, span in enumerate(spans) if number not in present}
    text = _text(clip, encoder) if wanted else None
    made = zip(wanted.items(), reel.encode(list(wanted.values())), strict=True)
    for (number, span), (latents, stills) in made:
        if not bool(latents.isfinite().all()):
            raise ClipError("its latents are not finite numbers")
        # One tick more than the piece has, where there is one: released rows leave their latent.
        ticks = reel.ticks[span.first : span.first + span.num_latents + 1]
        rows = action_rows(ticks, clip.modality, span.num_latents, terms.row_style)
        yield Piece(
            entry=entry.name,
            number=number,
            modality=clip.modality,
            latents=latents,
            stills=stills,
            rows=rows,
            text=text,
        )


def _spans(reel: _Reel, terms: _Terms) -> list[_Span]:
    """The pieces of a clip, in order. Raises ClipError where there is not even one."""
    spans: list[_Span] = []
    first = 0
    while (length := next((n for n in terms.lengths if n <= reel.num_latents - first), None)) is not None:
        spans.append(_Span(first, length))
        first += length - reel.shared_latents
    if not spans:
        raise ClipError(f"it is too short: {reel.num_latents} latents, expected at least {terms.lengths[-1]}")
    return spans


def _filmed_reel(clip: Clip, footage: Footage, terms: _Terms, encoder: WorldEncoder) -> _Reel:
    """A clip of pictures. A tick's pose is that of the frame that is shown there, so that rows tell what is seen."""
    track = clip.track.times
    first, last = float(track[0]), float(track[-1])
    shown = shown_frames(footage.times, first, last, terms.fps if clip.is_timed else None)
    per_latent = encoder.codec.frames_per_latent
    tick_frames = shown[::per_latent]

    def encode(spans: list[_Span]) -> Iterator[tuple[Tensor, Tensor | None]]:
        starts = [per_latent * span.first for span in spans]
        lengths = [per_latent * (span.num_latents - 1) + 1 for span in spans]
        numbers = [int(n) for start, length in zip(starts, lengths, strict=True) for n in shown[start : start + length]]
        frames = read_shown(footage, numbers, terms.width, terms.height)
        for span in spans:
            yield encode_stream(encoder.codec, frames, span.num_latents, encoder.device)

    ticks = clip.track.at(footage.times[tick_frames]) if len(tick_frames) else np.empty((0, 4, 4))
    return _Reel(num_latents=len(tick_frames), ticks=ticks, shared_latents=1, encode=encode)


def _given_reel(clip: Clip, footage: EncodedFootage, terms: _Terms, encoder: WorldEncoder) -> _Reel:
    """A clip of latents that are taken as they are. There are no stills: the pictures are not at hand."""
    factor = encoder.codec.spatial_factor
    latents = footage.latents
    expected = (encoder.codec.latent_channels, terms.height // factor, terms.width // factor)
    came = (latents.shape[0], *latents.shape[2:])
    if came != expected:
        raise ClipError(
            f"its latents have {came[0]} channels and {came[1]} x {came[2]} pixels; expected {expected[0]} and "
            f"{expected[1]} x {expected[2]}. Give the world they are for, and their --size"
        )
    track = clip.track.times
    per_latent = encoder.codec.frames_per_latent
    first = int(np.ceil(track[0] / per_latent - TIME_SLACK))
    last = int(np.floor(track[-1] / per_latent + TIME_SLACK))
    stop = min(latents.shape[1], last + 1)

    def encode(spans: list[_Span]) -> Iterator[tuple[Tensor, Tensor | None]]:
        for span in spans:
            begin = first + span.first
            yield latents[:, begin : begin + span.num_latents].transpose(0, 1).half(), None

    ticks = clip.track.at(per_latent * np.arange(first, last + 1, dtype=np.float64))
    return _Reel(num_latents=max(0, stop - first), ticks=ticks, shared_latents=0, encode=encode)


def _text(clip: Clip, encoder: WorldEncoder) -> Tensor | None:
    if isinstance(clip.footage, EncodedFootage):
        return None if clip.footage.text is None else clip.footage.text.half()
    return encoder.text(clip.caption) if encoder.text is not None and clip.caption else None
