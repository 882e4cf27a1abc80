"""The Astra transformer: Wan 2.1's video DiT with packed history, ACT-Adapters and action experts.

Built from diffusers' Wan classes and named as diffusers names them, so that a Wan checkpoint in diffusers' layout is a
subset of this one. What it computes is reference section 5; the optimisations O1 to O5 and O7 to O9 of section 15 are
part of its shape: what is constant over the denoising steps of a chunk is computed once (`encode_*`), `velocity` does
the rest.

Shape letters: B batch, C channels, T latents, H W latent height and width, S tokens, D model width, F token frames,
L text rows, N heads, E head width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
import torch.nn.functional as F
from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.attention import FeedForward
from diffusers.models.attention_dispatch import dispatch_attention_fn
from diffusers.models.modeling_utils import ModelMixin
from diffusers.models.normalization import FP32LayerNorm
from diffusers.models.transformers.transformer_wan import WanAttention, WanTimeTextImageEmbedding
from torch import Tensor, nn

from engine.models.action_experts import ActionEmbedder, ActionExperts, RoutedActions, Routing
from engine.models.history import HistoryEmbedder, PackedHistory
from engine.models.rotary import rotary_table, rotate
from engine.models.window import HistoryWindow

NUM_TRAIN_TIMESTEPS = 1000

RELEASED_ROWS: dict[str, int] = {"camera": 12, "driving": 7, "robot": 12}
"""Row widths of the released model's modalities, in the order of its experts."""


@dataclass(frozen=True, kw_only=True)
class HistoryStates:
    """What a chunk's packed history contributes to every denoising step."""

    window: HistoryWindow
    tokens_BSD: Tensor
    token_frame_S: Tensor
    """Token frame of every token of the whole sequence, targets included."""
    rotary: Tensor
    """(S, E / 2) complex."""
    num_target_tokens: int


@dataclass(frozen=True, kw_only=True)
class ActionStates:
    """Action features per block, each (B, F, D), and how they were routed."""

    features: tuple[Tensor, ...]
    routed: RoutedActions


@dataclass(frozen=True, kw_only=True)
class TextStates:
    """Cross-attention keys and values of one prompt: per block, (B, L, N, E) each."""

    keys_values: tuple[tuple[Tensor, Tensor], ...]


class ActAdapter(nn.Module):
    """ACT-Adapter of one block: experts feed the attention input, an identity-initialised layer follows the attention.

    (Paper, "ACT-Adapter"; reference 5.5 steps 1 and 2, K11.)
    """

    def __init__(self, dim: int, unified_dim: int, num_experts: int, expert_hidden_dim: int | None) -> None:
        super().__init__()
        self.experts = ActionExperts(unified_dim, dim, num_experts, expert_hidden_dim)
        projector = nn.Linear(dim, dim)
        nn.init.eye_(projector.weight)
        nn.init.zeros_(projector.bias)
        self.projector: nn.Linear | nn.Identity = projector


class AstraTransformerBlock(nn.Module):
    """A Wan block with an ACT-Adapter. Without text, cross-attention is absent."""

    attn1: Any
    attn2: Any

    def __init__(
        self,
        dim: int,
        ffn_dim: int,
        num_heads: int,
        eps: float,
        has_text: bool,
        unified_dim: int,
        num_experts: int,
        expert_hidden_dim: int | None,
    ) -> None:
        super().__init__()
        head_dim = dim // num_heads
        self.norm1 = FP32LayerNorm(dim, eps, elementwise_affine=False)
        self.attn1 = WanAttention(dim=dim, heads=num_heads, dim_head=head_dim, eps=eps)
        self.norm2: nn.Module | None = None
        self.attn2 = None
        if has_text:
            self.norm2 = FP32LayerNorm(dim, eps, elementwise_affine=True)
            self.attn2 = WanAttention(
                dim=dim, heads=num_heads, dim_head=head_dim, eps=eps, cross_attention_dim_head=head_dim
            )
        self.norm3 = FP32LayerNorm(dim, eps, elementwise_affine=False)
        self.ffn = FeedForward(dim, inner_dim=ffn_dim, activation_fn="gelu-approximate")
        self.scale_shift_table = nn.Parameter(torch.randn(1, 6, dim) / dim**0.5)
        self.act_adapter = ActAdapter(dim, unified_dim, num_experts, expert_hidden_dim)

    def forward(
        self,
        hidden_states: Tensor,
        time_BKD: Tensor,
        action_BFD: Tensor,
        token_frame_S: Tensor,
        rotary: Tensor,
        text: tuple[Tensor, Tensor] | None,
        num_output_tokens: int | None = None,
    ) -> Tensor:
        """One block. With `num_output_tokens`, only that many last tokens are queried and returned (O7)."""
        modulation = (self.scale_shift_table + time_BKD).to(hidden_states.dtype).unsqueeze(2)
        shift_1, scale_1, gate_1, shift_2, scale_2, gate_2 = modulation.unbind(1)

        # The action joins the shift: one row per token frame, spread over the frame's tokens (O3).
        action_shift = (shift_1 + action_BFD).index_select(1, token_frame_S)
        attention_input = torch.addcmul(action_shift, _layer_norm(hidden_states, self.norm1), 1 + scale_1)
        if num_output_tokens is not None:
            hidden_states = hidden_states[:, -num_output_tokens:]
        attended = self.act_adapter.projector(self._self_attention(attention_input, rotary, num_output_tokens))
        hidden_states = torch.addcmul(hidden_states, gate_1, attended)

        if self.attn2 is not None and self.norm2 is not None:
            assert text is not None, "a block with cross-attention needs text states"
            hidden_states = hidden_states + _cross_attention(self.attn2, self.norm2(hidden_states), text)

        fed = self.ffn(torch.addcmul(shift_2, _layer_norm(hidden_states, self.norm3), 1 + scale_2))
        return torch.addcmul(hidden_states, gate_2, fed)

    def _self_attention(self, hidden_states: Tensor, rotary: Tensor, num_output_tokens: int | None) -> Tensor:
        attn = self.attn1
        queried = hidden_states if num_output_tokens is None else hidden_states[:, -num_output_tokens:]
        query = rotate(_heads(attn, attn.norm_q(attn.to_q(queried))), rotary[-queried.shape[1] :])
        key = rotate(_heads(attn, attn.norm_k(attn.to_k(hidden_states))), rotary)
        value = _heads(attn, attn.to_v(hidden_states))
        return attn.to_out[0](_attention(query, key, value).flatten(2))


class AstraTransformer3DModel(ModelMixin, ConfigMixin):
    """Predicts the flow velocity (noise minus data) of a chunk of latents from its history, actions and text.

    Args:
        patch_size: latents, rows and columns of a target patch.
        num_attention_heads, attention_head_dim: their product is the model width D; the head width must be even.
        in_channels, out_channels: latent channels.
        text_dim: width of the text encoder's rows, or None for a model without text (no cross-attention).
        freq_dim: width of the time sinusoid.
        ffn_dim: hidden width of the feed-forward layers.
        num_layers: blocks.
        eps: of every norm.
        row_widths: action row width by modality, without the mask column. The order is that of the fixed experts.
        unified_dim: width into which every modality is projected.
        num_experts, top_k: experts per block, and how many a row uses when routing is learned.
        routing: "fixed" (released: the modality's own expert) or "learned" (paper: router and top-K).
        expert_hidden_dim: hidden width of MLP experts (paper), or None for linear experts (released).
        input_rounding: "bfloat16" rounds timesteps before the sinusoid as the released training did (K8), else "none".
        prediction: what the last layer means: "velocity" (released), or "sample", the clean latents, from which
            `velocity` follows as (noisy - clean) / sigma.
    """

    _supports_gradient_checkpointing = True
    _no_split_modules: ClassVar = ["AstraTransformerBlock"]
    _repeated_blocks: ClassVar = ["AstraTransformerBlock"]
    _skip_layerwise_casting_patterns: ClassVar = ["patch_embedding", "history_embedder", "condition_embedder", "norm"]
    _keep_in_fp32_modules: ClassVar = ["action_embedder", "act_adapter", "scale_shift_table", "time_embedder", "norm2"]

    config: Any
    blocks: Any
    """An nn.ModuleList of AstraTransformerBlock."""

    @register_to_config
    def __init__(
        self,
        patch_size: tuple[int, int, int] = (1, 2, 2),
        num_attention_heads: int = 12,
        attention_head_dim: int = 128,
        in_channels: int = 16,
        out_channels: int = 16,
        text_dim: int | None = 4096,
        freq_dim: int = 256,
        ffn_dim: int = 8960,
        num_layers: int = 30,
        eps: float = 1e-6,
        row_widths: Mapping[str, int] = RELEASED_ROWS,
        unified_dim: int = 25,
        num_experts: int = 3,
        top_k: int = 1,
        routing: Routing = "fixed",
        expert_hidden_dim: int | None = None,
        input_rounding: Literal["none", "bfloat16"] = "bfloat16",
        prediction: Literal["velocity", "sample"] = "velocity",
    ) -> None:
        super().__init__()
        dim = num_attention_heads * attention_head_dim
        patch = (patch_size[0], patch_size[1], patch_size[2])
        self.patch_embedding = nn.Conv3d(in_channels, dim, kernel_size=patch, stride=patch)
        self.history_embedder = HistoryEmbedder(in_channels, dim, patch)
        self.condition_embedder = WanTimeTextImageEmbedding(
            dim=dim, time_freq_dim=freq_dim, time_proj_dim=6 * dim, text_embed_dim=text_dim or 1
        )
        if text_dim is None:
            self.condition_embedder.text_embedder = None
        self.action_embedder = ActionEmbedder(row_widths, unified_dim, num_experts, top_k, routing)
        self.blocks = nn.ModuleList(
            AstraTransformerBlock(
                dim,
                ffn_dim,
                num_attention_heads,
                eps,
                text_dim is not None,
                unified_dim,
                num_experts,
                expert_hidden_dim,
            )
            for _ in range(num_layers)
        )
        self.norm_out = FP32LayerNorm(dim, eps, elementwise_affine=False)
        self.proj_out = nn.Linear(dim, out_channels * patch[0] * patch[1] * patch[2])
        self.scale_shift_table = nn.Parameter(torch.randn(1, 2, dim) / dim**0.5)
        self.gradient_checkpointing = False

    @property
    def compute_dtype(self) -> torch.dtype:
        """The type in which tokens travel; `_keep_in_fp32_modules` stay in float32 beside it."""
        return self.patch_embedding.weight.dtype

    # ------------------------------------------------------------------ once per chunk, prompt or action branch

    def encode_history(self, history: PackedHistory) -> HistoryStates:
        """Embed the packed history and lay out positions for it and the targets (O1, O9)."""
        window = history.window
        height, width = history.full_BCTHW.shape[-2:]
        patch_t, patch_h, patch_w = self.config.patch_size
        if height % patch_h or width % patch_w:
            raise ValueError(f"latents of {height} x {width} do not divide into patches of {patch_h} x {patch_w}")
        tokens, grids = self.history_embedder(history)
        grids = [*grids, (len(window.target) // patch_t, height // patch_h, width // patch_w)]
        tokens_per_frame = torch.tensor([rows * columns for frames, rows, columns in grids for _ in range(frames)])
        token_frame = torch.repeat_interleave(torch.arange(len(tokens_per_frame)), tokens_per_frame).to(tokens.device)
        frames, rows, columns = grids[-1]
        return HistoryStates(
            window=window,
            tokens_BSD=tokens,
            token_frame_S=token_frame,
            rotary=rotary_table(window.time_positions, grids, self.config.attention_head_dim, tokens.device),
            num_target_tokens=frames * rows * columns,
        )

    def encode_actions(self, rows_BRA: Tensor, modality: str, window: HistoryWindow) -> ActionStates:
        """Every block's action feature of every token frame, from rows with the mask as last column (O2, O3)."""
        routed = self.action_embedder(rows_BRA, modality, window.action_rows)
        features = tuple(block.act_adapter.experts(routed).to(self.compute_dtype) for block in self.blocks)
        return ActionStates(features=features, routed=routed)

    def encode_text(self, context_BLD: Tensor | None) -> TextStates | None:
        """Cross-attention keys and values of text-encoder rows (O8). None for a model without text."""
        if self.condition_embedder.text_embedder is None:
            return None
        if context_BLD is None:
            raise ValueError("this model reads text: it needs a text context, also for an empty prompt")
        embedded = self.condition_embedder.text_embedder(context_BLD.to(self.compute_dtype))
        pairs = []
        for block in self.blocks:
            attn = block.attn2
            pairs.append((_heads(attn, attn.norm_k(attn.to_k(embedded))), _heads(attn, attn.to_v(embedded))))
        return TextStates(keys_values=tuple(pairs))

    @torch.no_grad()
    def fold_projectors(self) -> None:
        """Multiply each adapter's projector into the attention's output layer, in float32 (O4).

        The same function with fewer layers: for inference only. A folded model cannot be saved or trained further.
        """
        for block in self.blocks:
            adapter, out = block.act_adapter, block.attn1.to_out[0]
            if isinstance(adapter.projector, nn.Identity):
                continue
            weight = adapter.projector.weight.float()
            out.bias.copy_(weight @ out.bias.float() + adapter.projector.bias.float())
            out.weight.copy_(weight @ out.weight.float())
            adapter.projector = nn.Identity()

    def save_pretrained(self, *args: Any, **kwargs: Any) -> Any:
        """As diffusers', but refuses a folded model, whose file could not be read back."""
        if any(isinstance(block.act_adapter.projector, nn.Identity) for block in self.blocks):
            raise ValueError("the projectors of this model are folded for inference; save it before fold_projectors()")
        return super().save_pretrained(*args, **kwargs)

    # ------------------------------------------------------------------ once per denoising step

    def embed_time(self, timestep_B: Tensor) -> tuple[Tensor, Tensor]:
        """Time embedding (B, D) and the six modulation vectors (B, 6, D) of timesteps in [0, 1000]."""
        embedder = self.condition_embedder
        if self.config.input_rounding == "bfloat16":
            timestep_B = timestep_B.to(torch.bfloat16)
        sinusoid = time_sinusoid(timestep_B, self.config.freq_dim)
        embedded = embedder.time_embedder(sinusoid.to(embedder.time_embedder.linear_1.weight.dtype)).to(
            self.compute_dtype
        )
        return embedded, embedder.time_proj(embedder.act_fn(embedded)).unflatten(1, (6, -1))

    def velocity(
        self,
        latents_BCTHW: Tensor,
        timestep_B: Tensor,
        history: HistoryStates,
        actions: ActionStates,
        text: TextStates | None = None,
    ) -> Tensor:
        """Flow velocity (B, C, T, H, W) of noisy target latents at one denoising step, t in (0, 1000]."""
        predicted = self.predict(latents_BCTHW, timestep_B, history, actions, text)
        if self.config.prediction == "velocity":
            return predicted
        sigma = (timestep_B / NUM_TRAIN_TIMESTEPS).view(-1, 1, 1, 1, 1)
        return (latents_BCTHW - predicted) / sigma

    def predict(
        self,
        latents_BCTHW: Tensor,
        timestep_B: Tensor,
        history: HistoryStates,
        actions: ActionStates,
        text: TextStates | None = None,
    ) -> Tensor:
        """What the last layer says, in the terms of `config.prediction`."""
        grid = tuple(n // p for n, p in zip(latents_BCTHW.shape[2:], self.config.patch_size, strict=True))
        targets = self.patch_embedding(latents_BCTHW.to(self.compute_dtype)).flatten(2).transpose(1, 2)
        history_tokens = history.tokens_BSD.expand(targets.shape[0], -1, -1)
        hidden_states = torch.cat([history_tokens, targets], dim=1)
        embedded_time, modulation = self.embed_time(timestep_B)
        last = len(self.blocks) - 1
        for number, block in enumerate(self.blocks):
            arguments = (
                hidden_states,
                modulation,
                actions.features[number],
                history.token_frame_S,
                history.rotary,
                None if text is None else text.keys_values[number],
                history.num_target_tokens if number == last else None,
            )
            if torch.is_grad_enabled() and self.gradient_checkpointing:
                hidden_states = self._gradient_checkpointing_func(block, *arguments)
            else:
                hidden_states = block(*arguments)
        modulation = (self.scale_shift_table + embedded_time.unsqueeze(1)).to(hidden_states.dtype).unsqueeze(2)
        shift, scale = modulation.unbind(1)
        hidden_states = torch.addcmul(shift, _layer_norm(hidden_states, self.norm_out), 1 + scale)
        return self._unpatchify(self.proj_out(hidden_states), grid)

    def forward(
        self,
        hidden_states: Tensor,
        timestep: Tensor,
        history: PackedHistory,
        action_rows: Tensor,
        modality: str,
        encoder_hidden_states: Tensor | None = None,
    ) -> Tensor:
        """`velocity` with everything encoded anew: for training, and for one-off evaluations.

        Args:
            hidden_states: noisy target latents (B, C, T, H, W).
            timestep: (B,) in [0, 1000].
            action_rows: (B, R, row width + 1), the last column being the mask (1 history, 0 target).
            encoder_hidden_states: text rows (B, L, text_dim).
        """
        states = self.encode_history(history)
        actions = self.encode_actions(action_rows, modality, states.window)
        return self.velocity(hidden_states, timestep, states, actions, self.encode_text(encoder_hidden_states))

    def _unpatchify(self, features_BSP: Tensor, grid: tuple[int, ...]) -> Tensor:
        patch = self.config.patch_size
        parts = features_BSP.unflatten(1, grid).unflatten(-1, (*patch, -1))  # B t h w pt ph pw C
        return parts.permute(0, 7, 1, 4, 2, 5, 3, 6).flatten(6, 7).flatten(4, 5).flatten(2, 3)


def time_sinusoid(timestep_B: Tensor, freq_dim: int) -> Tensor:
    """cos then sin of t x 10000^(-j / half), j = 0..half-1, computed in float64 (reference section 3), as float32."""
    half = freq_dim // 2
    times = timestep_B.cpu() if timestep_B.device.type == "mps" else timestep_B  # which knows no float64
    exponents = -torch.arange(half, dtype=torch.float64, device=times.device) / half
    angles = times.to(torch.float64)[:, None] * 10000.0**exponents
    return torch.cat([angles.cos(), angles.sin()], dim=-1).float().to(timestep_B.device)


def _layer_norm(hidden_states: Tensor, norm: nn.LayerNorm) -> Tensor:
    """Norm without affine part; torch accumulates in float32 whatever the input's type."""
    return F.layer_norm(hidden_states, list(norm.normalized_shape), eps=norm.eps)


def _heads(attn: Any, states_BSD: Tensor) -> Tensor:
    return states_BSD.unflatten(2, (attn.heads, -1))


def _attention(query_BSNE: Tensor, key_BSNE: Tensor, value_BSNE: Tensor) -> Tensor:
    """Attention of every token to every token, (B, S, N, E).

    In bfloat16 on a processor, which is how small models train there, plain products are twice as fast as torch's
    fused kernel for a few hundred tokens.
    """
    if query_BSNE.device.type != "cpu" or query_BSNE.dtype is not torch.bfloat16:
        attended: Tensor = dispatch_attention_fn(query_BSNE, key_BSNE, value_BSNE)
        return attended
    query, key, value = (states.transpose(1, 2) for states in (query_BSNE, key_BSNE, value_BSNE))
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    return (scores.softmax(-1) @ value).transpose(1, 2)


def _cross_attention(attn: Any, hidden_states: Tensor, text: tuple[Tensor, Tensor]) -> Tensor:
    key, value = (part.expand(hidden_states.shape[0], -1, -1, -1) for part in text)
    query = _heads(attn, attn.norm_q(attn.to_q(hidden_states)))
    return attn.to_out[0](dispatch_attention_fn(query, key, value).flatten(2))
