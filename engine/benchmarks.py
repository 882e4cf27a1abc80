"""Benchmarks of the engine: speed as a ratio against a named peer in the same run, memory as growth over a long
rollout."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import psutil
import torch
from torch import Tensor

from engine.actions.modality import CAMERA, ActionTrack
from engine.actions.presets import preset
from engine.models.history import pack_history
from engine.models.transformer import AstraTransformer3DModel
from engine.models.window import plan_window
from engine.rollout import Rollout
from engine.settings import summary
from engine.worlds.fake import FakeWorld
from engine.worlds.protocol import WorldModel

SHAPE = {
    "num_attention_heads": 8,
    "attention_head_dim": 32,
    "in_channels": 16,
    "out_channels": 16,
    "text_dim": 512,
    "freq_dim": 256,
    "ffn_dim": 1024,
    "num_layers": 6,
}
"""Width 256, 6 blocks."""
LATENT_SIZE, HISTORY, TARGETS, TEXT_ROWS = (30, 52), 20, 8, 512
PEER_GRID = (12, 7, 49)
"""Frames, rows and columns of tokens for the peer: as many as our packed sequence has, 4116."""
LAST_WARM_CHUNK = 3
"""Memory is compared with what it was after this chunk."""


@dataclass(frozen=True)
class Figure:
    """One measured number, what it may be, and how it was found."""

    name: str
    value: float
    limit: float
    unit: str
    detail: str

    def line(self) -> str:
        verdict = "ok  " if self.value <= self.limit else "MISS"
        return f"{verdict} {self.name:<44} {self.value:8.3f} {self.unit:<8} limit {self.limit:g}   {self.detail}"


def run_benchmarks(open_bundled: Callable[[], WorldModel]) -> Iterator[Figure]:
    """All figures, one after the other; takes a few minutes on two cores."""
    yield transformer_ratio()
    yield memory_growth("memory growth, fake world, 200 chunks", FakeWorld(), 200)
    bundled = open_bundled()
    yield chunk_seconds(bundled)
    yield memory_growth("memory growth, bundled world, 20 chunks", bundled, 20)


@torch.no_grad()
def transformer_ratio(num_pairs: int = 9) -> Figure:
    """Time per token of one evaluation against diffusers' plain WanTransformer3DModel of the same sizes, run in
    turn."""
    from diffusers import WanTransformer3DModel

    torch.manual_seed(0)
    ours = AstraTransformer3DModel(**SHAPE).eval()
    ours.fold_projectors()
    peer = WanTransformer3DModel(**SHAPE, cross_attn_norm=True).eval()
    plan = plan_window(HISTORY, TARGETS)
    history = ours.encode_history(pack_history(torch.randn(1, 16, HISTORY, *LATENT_SIZE), plan))
    actions = ours.encode_actions(torch.randn(1, plan.num_rows, 13), "camera", plan.window)
    context = torch.randn(1, TEXT_ROWS, SHAPE["text_dim"])
    text = ours.encode_text(context)
    latents = torch.randn(1, 16, TARGETS, *LATENT_SIZE)
    frames, rows, columns = PEER_GRID
    peer_latents = torch.randn(1, 16, frames, 2 * rows, 2 * columns)
    timestep = torch.tensor([900.0])

    def run_ours() -> Tensor:
        return ours.velocity(latents, timestep, history, actions, text)

    def run_peer() -> Tensor:
        found: Tensor = peer(peer_latents, timestep, context, return_dict=False)[0]
        return found

    tokens_ours, tokens_peer = history.rotary.shape[0], frames * rows * columns
    assert tokens_ours == tokens_peer, "the comparison is made at equal numbers of tokens"
    pairs = [(_seconds(run_ours), _seconds(run_peer)) for _ in range(num_pairs + 1)][1:]
    ratios = sorted(a / b for a, b in pairs)
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    detail = f"{mine:.2f} s against {theirs:.2f} s, {tokens_ours} tokens, ratios {ratios[0]:.2f} to {ratios[-1]:.2f}"
    return Figure("time per token against diffusers' Wan", statistics.median(ratios), 1.0, "x", detail)


def chunk_seconds(world: WorldModel, num_chunks: int = 7) -> Figure:
    """Seconds per later chunk of 32 frames at the world's default settings, decode included."""
    rollout = Rollout(world, _start(world), seed=1)
    track = preset("forward-left", world.info.clock.latents_per_chunk, clock=world.info.clock)
    times = [_seconds(lambda: rollout.step(track)) for _ in range(num_chunks + 1)][1:]
    told = summary(world.info.settings, world.info.defaults, has_text=world.info.has_text)
    detail = f"{told}, {torch.get_num_threads()} threads, {min(times):.2f} to {max(times):.2f}"
    return Figure(f"chunk of {world.info.name}", statistics.median(times), 2.0, "s", detail)


def memory_growth(name: str, world: WorldModel, num_chunks: int) -> Figure:
    """Growth of the process's resident memory from after the third chunk to after the last, as a share."""
    rollout = Rollout(world, _start(world), seed=1)
    track = ActionTrack(CAMERA, preset("forward-left", world.info.clock.latents_per_chunk, clock=world.info.clock).rows)
    process = psutil.Process()
    sizes = []
    for _ in range(num_chunks):
        rollout.step(track)
        sizes.append(process.memory_info().rss)
    before, after = sizes[LAST_WARM_CHUNK - 1], sizes[-1]
    detail = f"{before / 1e6:.0f} MB to {after / 1e6:.0f} MB, at most {max(sizes) / 1e6:.0f} MB"
    return Figure(name, after / before - 1, 0.05, "", detail)


def _start(world: WorldModel) -> np.ndarray:
    """A start frame of smooth colours."""
    y, x = np.mgrid[: world.info.height, : world.info.width]
    picture = np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    return picture[None]


def _seconds(run: Callable[[], object]) -> float:
    started = time.perf_counter()
    run()
    return time.perf_counter() - started
