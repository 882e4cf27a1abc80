"""Mixture of Action Experts: from action rows of any modality to one feature per token frame and block.

One class, two forms, chosen by config. The released form: modality fixes the expert, an expert is one linear layer.
The paper's form: a learned router picks the top K of independent MLP experts. (Paper, "Mixture of Action Experts";
reference 5.3, 5.5 and section 13.)

Shape letters: B batch, R action rows, F token frames, U unified action width, E experts, D model width.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

Routing = Literal["fixed", "learned"]


@dataclass(frozen=True, kw_only=True)
class RoutedActions:
    """Unified actions of each token frame and the weight that each expert gets for it."""

    unified_BFU: Tensor
    weights_BFE: Tensor
    """Rows sum to 1, or, where a learned router chooses one expert, hold its probability; zero for experts that are not
    chosen."""
    probabilities_BFE: Tensor
    """The router's softmax before top-K, one-hot when routing is fixed."""

    def load(self) -> Tensor:
        """(2, E): share of token frames whose weight an expert got, and its mean probability."""
        return torch.stack([self.weights_BFE.mean((0, 1)), self.probabilities_BFE.mean((0, 1))])


class ActionEmbedder(nn.Module):
    """Per-modality projector into one unified width, and the router. Shared by all blocks."""

    def __init__(
        self, row_widths: Mapping[str, int], unified_dim: int, num_experts: int, top_k: int, routing: Routing
    ) -> None:
        super().__init__()
        if not 1 <= top_k <= num_experts:
            raise ValueError(f"top_k must lie in 1..{num_experts} (the number of experts), got {top_k}")
        self.modalities = tuple(row_widths)
        self.routing = routing
        self.top_k = top_k
        self.num_experts = num_experts
        # The mask column joins each row.
        self.projectors = nn.ModuleDict({name: nn.Linear(width + 1, unified_dim) for name, width in row_widths.items()})
        self.router = nn.Linear(unified_dim, num_experts) if routing == "learned" else None

    def forward(self, rows_BRA: Tensor, modality: str, row_of_frame: Sequence[int]) -> RoutedActions:
        """Project the rows, pick the row of each token frame (negative: a zero vector, K3) and route it."""
        if modality not in self.projectors:
            raise ValueError(f"this model knows the modalities {', '.join(self.modalities)}, not {modality!r}")
        projector = self.projectors[modality]
        assert isinstance(projector, nn.Linear)
        projected = projector(rows_BRA.to(projector.weight.dtype))
        index = torch.tensor([max(row, 0) for row in row_of_frame], device=rows_BRA.device)
        present = torch.tensor([row >= 0 for row in row_of_frame], device=rows_BRA.device)
        unified = projected.index_select(1, index) * present[:, None].to(projected.dtype)
        if self.router is None:
            chosen = self.modalities.index(modality)
            chosen = chosen if chosen < self.num_experts else 0
            probabilities = torch.zeros(
                *unified.shape[:2], self.num_experts, dtype=unified.dtype, device=unified.device
            )
            probabilities[..., chosen] = 1.0
            return RoutedActions(unified_BFU=unified, weights_BFE=probabilities, probabilities_BFE=probabilities)
        probabilities = self.router(unified).softmax(-1)
        values, experts = probabilities.topk(self.top_k, dim=-1)
        # A single weight divided by its sum would be 1 whatever the router says, and the router would not learn.
        shares = values / values.sum(-1, keepdim=True) if self.top_k > 1 else values
        weights = torch.zeros_like(probabilities).scatter(-1, experts, shares)
        return RoutedActions(unified_BFU=unified, weights_BFE=weights, probabilities_BFE=probabilities)


class ActionExperts(nn.Module):
    """The experts of one block: linear layers (released) or MLPs with one hidden layer (paper)."""

    def __init__(self, unified_dim: int, dim: int, num_experts: int, hidden_dim: int | None) -> None:
        super().__init__()
        if hidden_dim is None:
            self.experts = nn.ModuleList(nn.Linear(unified_dim, dim) for _ in range(num_experts))
        else:
            self.experts = nn.ModuleList(
                nn.Sequential(nn.Linear(unified_dim, hidden_dim), nn.GELU(), nn.Linear(hidden_dim, dim))
                for _ in range(num_experts)
            )

    def forward(self, actions: RoutedActions) -> Tensor:
        """Features (B, F, D): the experts' outputs, weighted. Experts that no frame chose are not run."""
        features = None
        for number, expert in enumerate(self.experts):
            weight = actions.weights_BFE[..., number : number + 1]
            # When training every expert runs, so that the graph does not depend on the data (and DDP finds every
            # gradient); F is at most 15 rows per sample, so that costs nothing.
            if not torch.is_grad_enabled() and not bool(weight.any()):
                continue
            part = weight * expert(actions.unified_BFU)
            features = part if features is None else features + part
        assert features is not None, "every frame has an expert with a weight above 0"
        return features
