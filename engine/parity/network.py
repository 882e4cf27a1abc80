"""Parity of the transformer and of whole rollouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.actions.modality import modality
from engine.models.history import PackedHistory, pack_history
from engine.models.transformer import AstraTransformer3DModel, time_sinusoid
from engine.models.weights.load import cast_for_inference, load_transformer
from engine.models.window import UPSTREAM_HISTORY, HistoryMode, HistoryWindow, plan_window
from engine.parity.checks import Check, GoldenFile, largest, relative_rms
from engine.sampling.denoise import denoise
from engine.sampling.guidance import ActionAndTextGuidance, Branch, Guidance, guidance_for
from engine.sampling.schedule import flow_schedule
from engine.sampling.solvers import EulerSolver

OUTPUT_LIMIT = 5e-5
INTERMEDIATE_LIMIT = 1e-5
MIXED_LIMIT = 3e-2
ROLLOUT_LIMIT = 2e-4


def _load(golden: GoldenFile, rounds: bool, dtype: torch.dtype = torch.float32) -> AstraTransformer3DModel:
    """The golden network as the world runs it: projectors folded, and cast after that."""
    heads = golden.content.get("config", {}).get("num_heads")
    model = load_transformer(golden.weights(), num_heads=heads)
    model.register_to_config(input_rounding="bfloat16" if rounds else "none")
    model.fold_projectors()
    cast_for_inference(model, dtype)
    return model


def check_dit(golden: GoldenFile) -> Iterator[Check]:
    """Outputs with and without actions, intermediates, and the released mixed precision."""
    exact = _load(golden, rounds=False)
    rounded = _load(golden, rounds=True)
    mixed = _load(golden, rounds=True, dtype=torch.bfloat16)
    for name, case in golden.content["cases"].items():
        tensors = golden.of_case(name)
        label = f"{golden.name}/{name}"
        pairs = []
        for k, timestep in enumerate(case["timesteps"]):
            for branch, rows in (("cond", tensors["camera"]), ("free", torch.zeros_like(tensors["camera"]))):
                if f"out_{branch}.{k}" in tensors:
                    ours = _evaluate(exact, tensors, case, timestep, rows)
                    pairs.append((ours, tensors[f"out_{branch}.{k}"]))
        yield Check(label, f"velocity, {len(pairs)} outputs", largest(pairs), OUTPUT_LIMIT)
        yield from _window_check(label, tensors, case)
        if case.get("intermediates"):
            yield from _intermediate_checks(label, exact, tensors, case)
        first = case["timesteps"][0]
        if "out_cond_t_rounded.0" in tensors:
            ours = _evaluate(rounded, tensors, case, first, tensors["camera"])
            pair = (ours, tensors["out_cond_t_rounded.0"])
            yield Check(label, "velocity, rounded timestep", largest([pair]), OUTPUT_LIMIT)
        if "out_cond_mixed_bf16.0" in tensors:
            ours = _evaluate(mixed, tensors, case, first, tensors["camera"])
            difference = relative_rms(ours, tensors["out_cond_mixed_bf16.0"])
            yield Check(label, "velocity, bfloat16, relative RMS", difference, MIXED_LIMIT)


def _packed(tensors: dict[str, Tensor]) -> PackedHistory:
    full, medium, coarse = (tensors[f"clean_latents{suffix}"][None] for suffix in ("", "_2x", "_4x"))
    start, newest = tensors["clean_latent_indices"].tolist()
    window = HistoryWindow(
        start_and_newest=(start, newest),
        medium=tuple(tensors["clean_latent_2x_indices"].tolist()),
        coarse=tuple(tensors["clean_latent_4x_indices"].tolist()),
        target=tuple(tensors["latent_indices"].tolist()),
    )
    return PackedHistory(window=window, full_BCTHW=full, medium_BCTHW=medium, coarse_BCTHW=coarse)


@torch.no_grad()
def _evaluate(
    model: AstraTransformer3DModel, tensors: dict[str, Tensor], case: dict[str, Any], timestep: float, rows: Tensor
) -> Tensor:
    kind = modality(case["modality"]).name
    time = torch.tensor([timestep])
    return model(tensors["latents"], time, _packed(tensors), rows[None], kind, tensors["context"]).float()


def _window_check(label: str, tensors: dict[str, Tensor], case: dict[str, Any]) -> Iterator[Check]:
    """The planner must find the indices that the network was given."""
    mode: HistoryMode = case.get("camera_window", "upstream")
    ours = plan_window(case["history"], case["target"], mode).window
    theirs = _packed(tensors).window
    pairs = [
        (torch.tensor(a), torch.tensor(b))
        for a, b in (
            (ours.start_and_newest, theirs.start_and_newest),
            (ours.medium, theirs.medium),
            (ours.coarse, theirs.coarse),
            (ours.target, theirs.target),
        )
    ]
    yield Check(label, "window indices", largest(pairs), 0.0)


@torch.no_grad()
def _intermediate_checks(
    label: str, model: AstraTransformer3DModel, tensors: dict[str, Tensor], case: dict[str, Any]
) -> Iterator[Check]:
    timestep = torch.tensor([case["timesteps"][0]])
    history = model.encode_history(_packed(tensors))
    actions = model.encode_actions(tensors["camera"][None], modality(case["modality"]).name, history.window)
    targets = model.patch_embedding(tensors["latents"]).flatten(2).transpose(1, 2)
    unified = actions.routed.unified_BFU.index_select(1, history.token_frame_S)
    # Positions are re-based here (B4), so tables are compared as rotations against the first token.
    theirs = torch.complex(tensors["rope_cos"], tensors["rope_sin"])
    ours_turn, theirs_turn = history.rotary * history.rotary[:1].conj(), theirs * theirs[:1].conj()
    pairs = {
        "tokens": (torch.cat([history.tokens_BSD, targets], dim=1), tensors["tokens"]),
        "rotary": (torch.view_as_real(ours_turn), torch.view_as_real(theirs_turn)),
        "action tokens": (unified, tensors["action_tokens"]),
        "time sinusoid": (time_sinusoid(timestep, model.config.freq_dim), tensors["time_sinusoid"]),
        "time embedding": (model.embed_time(timestep)[0], tensors["time_embedding"]),
    }
    for what, pair in pairs.items():
        yield Check(label, what, largest([pair]), INTERMEDIATE_LIMIT)

    outputs: list[Tensor] = []
    hooks = [block.register_forward_hook(lambda _m, _i, output: outputs.append(output)) for block in model.blocks]
    model.velocity(tensors["latents"], timestep, history, actions, model.encode_text(tensors["context"]))
    for hook in hooks:
        hook.remove()
    # The last block computes the targets alone (O7).
    block_pairs = [(ours, tensors[f"block_out.{i}"][:, -ours.shape[1] :]) for i, ours in enumerate(outputs)]
    yield Check(label, "block outputs", largest(block_pairs), OUTPUT_LIMIT)


def check_rollout(golden: GoldenFile) -> Iterator[Check]:
    """Whole rollouts from given noise, chunk by chunk."""
    model = _load(golden, rounds=False)
    for name, case in golden.content["cases"].items():
        tensors = golden.of_case(name)
        latents = tensors["initial_latents"][None]
        pairs = []
        for k, num_targets in enumerate(case["chunks"]):
            latents = torch.cat([latents, _chunk(model, case, tensors, latents, k, num_targets)], dim=2)
            if f"chunk.{k}" in tensors:
                pairs.append((latents[:, :, -num_targets:], tensors[f"chunk.{k}"]))
        pairs.append((latents, tensors["final_latents"]))
        yield Check(f"{golden.name}/{name}", f"{len(case['chunks'])} chunks", largest(pairs), ROLLOUT_LIMIT)


@torch.no_grad()
def _chunk(
    model: AstraTransformer3DModel,
    case: dict[str, Any],
    tensors: dict[str, Tensor],
    latents: Tensor,
    k: int,
    num_targets: int,
) -> Tensor:
    mode: HistoryMode = case.get("camera_window", "upstream")
    plan = plan_window(latents.shape[2], num_targets, mode, case.get("max_history", UPSTREAM_HISTORY))
    rows = tensors["camera_full"][plan.first_row : plan.first_row + plan.num_rows].clone()
    rows[:, -1] = torch.from_numpy((np.arange(plan.num_rows) < plan.num_condition_rows).astype(np.float32))
    kind = modality(case["modality"]).name
    history = model.encode_history(pack_history(latents, plan))
    actions = {
        "given": model.encode_actions(rows[None], kind, plan.window),
        "free": model.encode_actions(torch.zeros_like(rows)[None], kind, plan.window),
    }
    texts = {
        "prompt": model.encode_text(tensors["context"]),
        "negative": model.encode_text(tensors["negative_context"]),
    }

    def evaluate(sample: Tensor, timestep: Tensor, branch: Branch) -> Tensor:
        return model.velocity(sample, timestep, history, actions[branch.actions], texts[branch.text])

    schedule = flow_schedule(case["steps"], case.get("shift", 5.0))
    return denoise(evaluate, tensors[f"noise.{k}"], schedule, EulerSolver(schedule), _released_guidance(case))


def _released_guidance(case: dict[str, Any]) -> Guidance:
    """As the released loop guides: with both guidances on, the free branch sees the negative prompt (B11)."""
    # The released code takes a scale below 1 for 1.
    guidance = guidance_for(max(case["guidance"], 1), max(case.get("text_guidance", 1.0), 1))
    if isinstance(guidance, ActionAndTextGuidance):
        return ActionAndTextGuidance(guidance.action_scale, guidance.text_scale, free_text="negative")
    return guidance
