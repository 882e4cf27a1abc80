"""Use of actions by an Astra network: errors of its clean latents, and what its codec alone loses.

These need the network itself, which a world keeps to itself: it is loaded a second time, from the same files.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from engine.actions.modality import CAMERA
from engine.analysis.quality import psnr
from engine.evaluation.settings import EvaluationSettings
from engine.evaluation.starts import Start, to_pictures
from engine.evaluation.walks import NUM_CHUNKS, chunk_ends, random_paths
from engine.messages import WorldInfo
from engine.models.codec import VideoCodec
from engine.models.weights.load import load_codec, load_transformer
from engine.training.loop import action_errors
from engine.training.shards import encode_clips, write_shard
from engine.training.synthetic.clips import RENDERED, ClipConfig, render_shard
from engine.training.windows import WindowConfig, WindowSource
from engine.worlds.astra import EMPTY_TEXT_ROWS
from engine.worlds.config import load_world_config
from engine.worlds.layout import find_world_files

BATCH = 16
"""Windows per batch of errors."""
CLIPS_PER_BATCH = 8
"""Clips rendered for each batch; windows are drawn from all of them."""
MAX_PIXELS = 224 * 128
"""Largest frame for which clips are rendered and encoded; beyond, that would take hours on a CPU."""
_SOURCE = "held-out procedural scenes of engine.evaluation"


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkSamples:
    """What was measured on the network."""

    errors: NDArray[np.float64]
    """(batches, 1, 3): mean square error of normalised clean latents predicted from pure noise with the right actions,
    with those of another window, and with none. Of camera clips."""
    others: dict[str, NDArray[np.float64]]
    """(fewer batches, 1, 3) of each other modality that the world knows, by name."""
    codec: NDArray[np.float64]
    """(G, 1, chunks): decibels of PSNR of the truth, encoded and decoded, at the end of each chunk."""


def why_not(place: Path | None, info: WorldInfo) -> str:
    """Why the network of a world cannot be measured, in words; empty where it can."""
    if place is None:
        return "this world has no files, and so no network to load"
    if info.width * info.height > MAX_PIXELS:
        return (
            f"frames of {info.width} x {info.height} are too large to render and encode clips of; up to "
            f"{MAX_PIXELS} pixels are measured"
        )
    return ""


def measure_network(
    place: Path, info: WorldInfo, starts: Sequence[Start], settings: EvaluationSettings
) -> NetworkSamples:
    """Errors on freshly rendered clips, and the codec's loss on the walks of `compare_with_truth`. On the CPU.

    Raises what loading a world's weights raises.
    """
    files = find_world_files(place)
    config = load_world_config(files.config_folder, info.name)
    model = load_transformer(files.transformer, base=files.base, num_heads=config.num_heads)
    codec, _ = load_codec(files.vae)
    windows = WindowConfig(num_targets=info.clock.latents_per_chunk, row_encoding=config.row_encoding)

    def errors(modality_name: str, num_batches: int) -> NDArray[np.float64]:
        clips = _clips(info, settings, modality_name, CLIPS_PER_BATCH * num_batches)
        source = _window_source(codec, clips, settings, windows, model.config.text_dim)
        batches = [action_errors(model, source, modality_name, BATCH) for _ in range(num_batches)]
        return np.array([[[batch[name] for name in ("right", "shuffled", "none")]] for batch in batches])

    fewer = max(1, settings.num_batches // 3)
    others = [kind.name for kind in RENDERED[1:] if kind.name in info.modalities]  # All but the camera.
    return NetworkSamples(
        errors=errors(CAMERA.name, settings.num_batches),
        others={name: errors(name, fewer) for name in others},
        codec=_codec_likeness(codec, starts, settings, info.clock.latents_per_chunk),
    )


def _clips(info: WorldInfo, settings: EvaluationSettings, modality_name: str, count: int) -> ClipConfig:
    """Clips of the held-out seed, of the size of a world."""
    return ClipConfig(
        height=info.height,
        width=info.width,
        num_ticks=2 * info.clock.latents_per_chunk,
        clips_per_shard=count,
        modality=modality_name,
        seed=settings.seed,
    )


def _window_source(
    codec: VideoCodec, clips: ClipConfig, settings: EvaluationSettings, windows: WindowConfig, text_width: int | None
) -> WindowSource:
    """Windows of clips that are rendered and encoded by the world's codec, without a prompt."""
    frames, rows, kind = render_shard(clips, 0, None)
    shard = encode_clips(codec, frames, rows, kind, _SOURCE)
    if text_width is not None:
        # As where a world has no text encoder: an absent text is all padding, whose rows are zero (K9).
        text = torch.zeros(len(rows), EMPTY_TEXT_ROWS, text_width)
        shard = replace(shard, text=text, text_length=torch.full((len(rows),), EMPTY_TEXT_ROWS))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "held-out.safetensors"
        write_shard(path, shard)
        return WindowSource(windows, [path], torch.Generator().manual_seed(settings.seed))


@torch.no_grad()
def _codec_likeness(
    codec: VideoCodec, starts: Sequence[Start], settings: EvaluationSettings, num_ticks: int
) -> NDArray[np.float64]:
    """(G, 1, chunks) decibels: the truth of the same walks, through the codec and back."""
    found = np.zeros((len(starts), 1, NUM_CHUNKS))
    for g, (start, path) in enumerate(zip(starts, random_paths(len(starts), num_ticks, settings.seed), strict=True)):
        truth = start.shown_from(path)
        pixels = torch.from_numpy(truth).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        decoded, _ = codec.decode(codec.encode(pixels))
        ends = zip(
            chunk_ends(to_pictures(decoded[0].transpose(0, 1)), num_ticks), chunk_ends(truth, num_ticks), strict=True
        )
        found[g, 0] = [psnr(picture, true) for picture, true in ends]
    return found
