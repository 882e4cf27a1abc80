"""Networks for the ablations: the same class as the shipped one with one idea taken out.

Shape letters: B batch, R action rows, A row width, F token frames, U unified action width, L context rows, D width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from engine.models.transformer import ActionStates, AstraTransformer3DModel, HistoryStates, TextStates, time_sinusoid
from engine.models.window import HistoryWindow

SHARED = "camera"
"""Whose projector takes the rows of every modality."""


class SharedProjectorTransformer(AstraTransformer3DModel):
    """Rows of every modality, filled up with zeros to one width, through one projector and one expert.

    `row_widths` gives every modality the widest one's width.
    """

    def encode_actions(self, rows_BRA: Tensor, modality: str, window: HistoryWindow) -> ActionStates:
        width = self.config.row_widths[SHARED]
        padded = functional.pad(rows_BRA[..., :-1], (0, width + 1 - rows_BRA.shape[-1]))
        return super().encode_actions(torch.cat([padded, rows_BRA[..., -1:]], dim=-1), SHARED, window)


@dataclass(frozen=True, kw_only=True)
class _ContextActions(ActionStates):
    """Actions as keys and values of cross-attention; the features that join the video's are zero."""

    context: TextStates


class CrossAttentionTransformer(AstraTransformer3DModel):
    """Actions reach the video by the backbone's text cross-attention, and not by the adapters.

    A context row is a projected action row with a sinusoid of its distance to the first target; which frame a query
    belongs to, it knows from self-attention's rotary positions alone, as with text. `text_dim` is the unified width.
    """

    def encode_actions(self, rows_BRA: Tensor, modality: str, window: HistoryWindow) -> ActionStates:
        usual = super().encode_actions(rows_BRA, modality, window)
        projector = self.action_embedder.projectors[modality]
        assert isinstance(projector, nn.Linear)
        projected_BRU = projector(rows_BRA.to(projector.weight.dtype))
        distance_R = torch.arange(rows_BRA.shape[1]) - (rows_BRA.shape[1] - len(window.target))
        # Spread over the sinusoid's range, which is made for timesteps up to 1000.
        position_RU = time_sinusoid(20.0 * (distance_R + 32.0), projected_BRU.shape[-1])
        context = self.encode_text(projected_BRU + position_RU.to(projected_BRU))
        assert context is not None, "this model has cross-attention"
        features = tuple(torch.zeros_like(feature) for feature in usual.features)
        return _ContextActions(features=features, routed=usual.routed, context=context)

    def encode_text(self, context_BLD: Tensor | None) -> TextStates | None:
        return None if context_BLD is None else super().encode_text(context_BLD)

    def predict(
        self,
        latents_BCTHW: Tensor,
        timestep_B: Tensor,
        history: HistoryStates,
        actions: ActionStates,
        text: TextStates | None = None,
    ) -> Tensor:
        assert isinstance(actions, _ContextActions)
        return super().predict(latents_BCTHW, timestep_B, history, actions, actions.context)
