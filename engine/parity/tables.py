"""Parity of everything without weights: packing, camera sequences, the noise schedule."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine import poses
from engine.actions.modality import modality, round_to_bfloat16
from engine.actions.presets import (
    driving_rows_from_keyframes,
    released_camera_sequence,
    released_driving_sequence,
    released_robot_sequence,
    rows_from_extrinsics,
)
from engine.models.history import pack_history
from engine.models.window import HistoryMode, plan_window
from engine.parity.checks import Check, GoldenFile, largest
from engine.sampling.schedule import (
    FlowSchedule,
    add_noise,
    flow_schedule,
    nearest_timestep_ids,
    training_target,
    training_weights,
)
from engine.sampling.solvers import EulerSolver

EXACT = 0.0
BFLOAT16_UNIT = 2.0**-8


def check_packing(golden: GoldenFile) -> Iterator[Check]:
    """History, indices, time positions and row choice of every case."""
    size = (golden.content["channels"], golden.content["height"], golden.content["width"])
    for name, case in golden.content["cases"].items():
        expected = golden.of_case(name)
        mode: HistoryMode = case.get("camera_window", "upstream")
        plan = plan_window(case["history"], case["target"], mode)
        packed = pack_history(_packing_history(case["history"], *size)[None], plan)
        window = plan.window
        rows = _packing_rows(case, plan.first_row, plan.num_rows, plan.num_condition_rows)
        pairs = {
            "clean_latents": packed.full_BCTHW[0],
            "clean_latents_2x": packed.medium_BCTHW[0],
            "clean_latents_4x": packed.coarse_BCTHW[0],
            "clean_latent_indices": torch.tensor(window.start_and_newest),
            "clean_latent_2x_indices": torch.tensor(window.medium),
            "clean_latent_4x_indices": torch.tensor(window.coarse),
            "latent_indices": torch.tensor(window.target),
            "camera": rows,
            "time_positions": torch.tensor(window.time_positions),
            "camera_rows": torch.tensor(window.action_rows),
            "group_sizes": torch.tensor(window.group_frames),
        }
        present = [(ours, expected[key]) for key, ours in pairs.items() if key in expected]
        yield Check(f"{golden.name}/{name}", f"window, {len(present)} tensors", largest(present), EXACT)


def _packing_history(num: int, channels: int, height: int, width: int) -> Tensor:
    """The rule in the golden json: 100 (t + 1) + 10 c + y + 0.1 x."""
    c, t, y, x = torch.meshgrid(
        torch.arange(channels), torch.arange(num), torch.arange(height), torch.arange(width), indexing="ij"
    )
    return (100.0 * (t + 1) + 10.0 * c + y + 0.1 * x).float()


def _packing_rows(case: dict[str, Any], first: int, count: int, num_condition: int) -> Tensor:
    """The rule in the golden json: f + 0.01 j, the mask last."""
    width = modality(case["modality"]).width
    frame = torch.arange(first, first + count)[:, None]
    mask = torch.zeros(count, 1)
    mask[:num_condition] = 1
    return torch.cat([(frame + 0.01 * torch.arange(width)).float(), mask], dim=1)


def check_cameras(golden: GoldenFile) -> Iterator[Check]:
    """Presets, synthetic sequences, rows from extrinsics and key frames, relative poses."""
    for family in ("sekai", "nuscenes", "openx"):
        for name, case in golden.content.get(family, {}).items():
            expected = golden.tensors[name]
            rows, limit = _camera_rows(golden, family, name, case, len(expected))
            ours = torch.from_numpy(round_to_bfloat16(rows))
            yield Check(f"{golden.name}/{name}", "action rows, bfloat16", _row_error(ours, expected, limit), limit)
    arrays = {name: tensor.numpy() for name, tensor in golden.tensors.items()}
    for prefix, key, limit, relation in (
        ("rel", "relative_f64", 1e-10, poses.relative),
        ("rel", "relative_torch_f32", 1e-4, poses.relative),
        ("relq", "relative_3x4", 1e-10, poses.relative_7),
    ):
        if f"{prefix}.{key}" in arrays:
            ours = torch.from_numpy(relation(arrays[f"{prefix}.pose_a"], arrays[f"{prefix}.pose_b"]))
            difference = largest([(ours, golden.tensors[f"{prefix}.{key}"])])
            yield Check(f"{golden.name}/{prefix}", key.replace("_", " "), difference, limit)


def _row_error(ours: Tensor, expected: Tensor, limit: float) -> float:
    """Absolute error where rows must be exact; relative to a number's size (one bfloat16 unit) where they come from
    data."""
    theirs = expected[:, : ours.shape[1]]
    if limit == EXACT:
        return largest([(ours, theirs)])
    return largest([((ours - theirs) / theirs.abs().clamp_min(1e-3), torch.zeros_like(ours))])


def _camera_rows(
    golden: GoldenFile, family: str, name: str, case: dict[str, Any], num_rows: int
) -> tuple[np.ndarray, float]:
    """Our rows of a case, and how far they may be off. Past the end of real data the released code has zeros (B13)."""
    start, condition, new = case["start_frame"], case["condition_frames"], case["new_frames"]
    if "cam_type" in case:
        return released_camera_sequence(case["cam_type"], start, condition, new), EXACT
    if family == "nuscenes" and "keyframes" in case:
        translations, rotations = (golden.tensors[f"{name}.{part}"].numpy() for part in ("translation", "rotation"))
        return driving_rows_from_keyframes(translations, rotations, num_rows), EXACT
    if family == "nuscenes":
        return released_driving_sequence(new), EXACT
    source = case.get("uses", f"{name}.extrinsic")
    if source not in golden.tensors:
        return released_robot_sequence(start, condition, new), EXACT
    extrinsics = golden.tensors[source].numpy()
    rows = rows_from_extrinsics(extrinsics, num_rows)
    known = (len(extrinsics) - 1) // 4
    # How far the real rows reach is the released loader's choice; what lies past it must be its padding.
    filled = int((golden.tensors[name][:, :12] != 0).any(1).sum())
    rows[min(known, filled) :] = 0
    return rows, BFLOAT16_UNIT


def check_scheduler(golden: GoldenFile) -> Iterator[Check]:
    """Noise levels, steps, noising, targets and the training table."""
    tensors = golden.tensors
    for name, case in golden.content["cases"].items():
        expected = golden.of_case(name)
        schedule = flow_schedule(case["steps"], case["shift"])
        label = f"{golden.name}/{name}"
        yield Check(label, "sigmas", largest([(schedule.sigmas, expected["sigmas"])]), 1e-6)
        yield Check(label, "timesteps", largest([(schedule.timesteps, expected["timesteps"])]), 1e-3)
        if "timesteps_bf16" in expected:
            rounded = schedule.timesteps.to(torch.bfloat16).float()
            yield Check(label, "timesteps, bfloat16", largest([(rounded, expected["timesteps_bf16"])]), EXACT)
        if "step_ids" in expected:
            pairs = _step_pairs(schedule, expected, tensors)
            yield Check(label, "step, noising, target", largest(pairs), 1e-6)
        if case.get("training"):
            weights = training_weights(schedule.timesteps)
            yield Check(label, "training weights", largest([(weights, expected["weights"])]), 1e-6)
            ids = nearest_timestep_ids(schedule, schedule.timesteps.to(torch.bfloat16).float())
            yield Check(label, "bfloat16 look-up", largest([(ids, expected["bf16_lookup_id"])]), EXACT)
            yield Check(label, "weights looked up", largest([(weights[ids], expected["bf16_lookup_weight"])]), 1e-6)


def _step_pairs(
    schedule: FlowSchedule, expected: dict[str, Tensor], tensors: dict[str, Tensor]
) -> list[tuple[Tensor, Tensor]]:
    sample, noise, velocity = (tensors[key] for key in ("sample", "noise", "model_output"))
    solver = EulerSolver(schedule)
    pairs = [(training_target(sample, noise), expected["training_target"])]
    for place, step in enumerate(expected["step_ids"].tolist()):
        pairs.append((solver.step(step, sample, velocity)[0], expected["step"][place]))
        pairs.append((add_noise(sample, noise, schedule.sigmas[step])[0], expected["add_noise"][place]))
    return pairs
