"""The Astra world: the transformer, a video codec and, where there is one, a text encoder, behind the WorldModel
protocol.

Shape letters: B batch, C latent channels, T latents, H W latent height and width, A row width.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from engine.actions.encoding import encode_rows
from engine.actions.modality import ActionTrack, modality, rest_rows, round_to_bfloat16
from engine.messages import (
    Cancelled,
    ChunkRequest,
    ChunkResult,
    Frames,
    FramesDecoded,
    Listener,
    Picture,
    Preview,
    Progress,
    StoredArrays,
    TakeHistory,
    WorldInfo,
    chunk_seed,
)
from engine.models.codec import START_OF_STREAM, DecoderState, VideoCodec, resume
from engine.models.devices import inference_dtype, resolve_device
from engine.models.group_autoencoder import GroupAutoencoder
from engine.models.history import pack_history
from engine.models.text import TextEncoder, load_tokenizer
from engine.models.transformer import ActionStates, AstraTransformer3DModel, TextStates
from engine.models.weights.load import load_codec, load_text_encoder, load_transformer
from engine.models.window import ANCHOR_REACH, WindowPlan, plan_window
from engine.sampling.denoise import Evaluate, denoise, seeded_noise
from engine.sampling.guidance import Branch, guidance_for
from engine.sampling.history_noise import noise_history
from engine.sampling.schedule import flow_schedule
from engine.sampling.solvers import make_solver
from engine.settings import Settings, with_defaults
from engine.worlds.astra_settings import ASTRA_PRESETS, ASTRA_SETTINGS, AstraSettings
from engine.worlds.config import WorldConfig, load_world_config
from engine.worlds.kept_rows import KeptRows, kept_rows
from engine.worlds.layout import find_world_files, fingerprint
from engine.worlds.protocol import Opened, check_frames, check_request
from engine.worlds.sizes import check_size

EMPTY_TEXT_ROWS = 512
PROMPTS_KEPT = 4
REFRESHED = "refreshed"
"""Name of the array that holds a refreshed history."""


@dataclass(frozen=True, kw_only=True, eq=False)
class AstraState:
    """Where a take stands: a value, cheap to keep, of a size that does not grow with the take."""

    window_BCTHW: Tensor
    """The last latents, at most 30."""
    num_latents: int
    """Of the whole take."""
    rows: KeptRows
    """One row per latent, the start's at rest, as far as later chunks can see them."""
    decoder: DecoderState
    to_rgb: Tensor
    """(C + 1, 3) affine map from a latent pixel to its colour, for previews."""

    @property
    def first_latent(self) -> int:
        """Absolute number of the window's first latent."""
        return self.num_latents - self.window_BCTHW.shape[2]


class AstraWorld:
    """An Astra model of any size. Owns the networks; lives on the engine's thread."""

    def __init__(
        self,
        transformer: AstraTransformer3DModel,
        codec: VideoCodec,
        config: WorldConfig,
        fingerprint: str,
        text_encoder: TextEncoder | None = None,
        device: torch.device | None = None,
    ) -> None:
        self._device = device or torch.device("cpu")
        transformer.fold_projectors()
        self._transformer = transformer
        self._codec = codec
        self._config = config
        self._text_encoder = text_encoder
        self._text_states: dict[str, TextStates | None] = {}
        self.refreshes = isinstance(codec, GroupAutoencoder)
        self.restore_latents = max(ANCHOR_REACH, codec.warmup_latents)
        self.info = WorldInfo(
            name=config.name,
            fingerprint=fingerprint,
            width=config.width,
            height=config.height,
            clock=config.clock(codec.frames_per_latent),
            modalities=tuple(transformer.config.row_widths),
            has_text=text_encoder is not None,
            device=str(self._device),
            licence=config.licence,
            detail=config.detail,
            settings=with_defaults(ASTRA_SETTINGS, asdict(config.defaults)),
            presets=ASTRA_PRESETS,
        )

    # ------------------------------------------------------------------ the protocol

    @torch.no_grad()
    def open(self, frames: Frames, modality_name: str, picture: Picture | None = None) -> Opened:
        """Encode the start frames; nothing is decoded yet."""
        check_frames(frames, self.info)
        if modality_name not in self.info.modalities:
            raise ValueError(
                f"the world {self.info.name} knows {', '.join(self.info.modalities)} actions, not {modality_name!r}"
            )
        pixels = torch.tensor(frames, device=self._device).permute(3, 0, 1, 2)[None].float() / 127.5 - 1
        latents = self._codec.encode(pixels)
        num = latents.shape[2]
        kind = modality(modality_name)
        state = AstraState(
            window_BCTHW=latents,
            num_latents=num,
            rows=kept_rows(ActionTrack(kind, rest_rows(kind, num))),
            decoder=START_OF_STREAM,
            to_rgb=_fit_colours(latents[0, :, 0], pixels[0, :, 0]),
        )
        return Opened(state, latents[0].cpu().numpy())

    @torch.no_grad()
    def step(
        self,
        state: AstraState,
        request: ChunkRequest,
        listener: Listener = lambda _event: None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> tuple[AstraState, ChunkResult]:
        """Denoise and decode one chunk. The first chunk of a take also shows the start frames."""
        check_request(request, self.info, state.rows.modality.name)
        state = self._on_device(state)
        started = time.perf_counter()
        num_targets = len(request.actions)
        settings = self._typed(request.settings)
        plan = plan_window(state.num_latents, num_targets, settings.history_mode)
        rows = state.rows.appended(request.actions)
        bound = self._bind(state, request, settings, plan, rows)
        packed = time.perf_counter()
        latents = self._denoise(bound, state, request, settings, listener, cancelled)
        denoised = time.perf_counter()
        if cancelled():
            raise Cancelled
        # Nothing is decoded when a take opens, so its first chunk decodes the start's latents too.
        stream = latents if state.decoder.num_latents else torch.cat([state.window_BCTHW, latents], dim=2)
        pictures, decoder = self._decode(stream, state.decoder, request.index, listener)
        done = time.perf_counter()
        following = AstraState(
            window_BCTHW=torch.cat([state.window_BCTHW, latents], dim=2)[:, :, -ANCHOR_REACH:].clone(),
            num_latents=state.num_latents + num_targets,
            rows=rows.trimmed(),
            decoder=decoder,
            to_rgb=state.to_rgb,
        )
        result = ChunkResult(
            request=request,
            first_latent=state.num_latents,
            latents=latents[0].cpu().numpy(),
            frames=pictures,
            seconds={"pack": packed - started, "denoise": denoised - packed, "decode": done - denoised},
            routing=bound.routing(num_targets),
        )
        return following, result

    @torch.no_grad()
    def restore(self, history: TakeHistory) -> AstraState:
        """Rebuild a state from stored latents: exactly the one that a fresh run would have."""
        history.check(self.restore_latents)
        # A copy: what crossed from another process may be read-only, which torch does not know.
        held = torch.from_numpy(np.array(history.latents, np.float32)).to(self._device)[None]
        decoder = START_OF_STREAM
        if history.num_latents > history.num_start:
            decoder = DecoderState(history.num_latents, resume(self._codec, held).cache)
        window = held[:, :, -ANCHOR_REACH:].clone()
        if REFRESHED in history.arrays:
            window = torch.from_numpy(np.array(history.arrays[REFRESHED], np.float32)).to(self._device)[None]
        return AstraState(
            window_BCTHW=window,
            num_latents=history.num_latents,
            rows=kept_rows(history.actions),
            decoder=decoder,
            to_rgb=self._colours_from(held),
        )

    @torch.no_grad()
    def refreshed(self, state: AstraState, num_latents: int, frames: Mapping[int, tuple[Frames, Frames]]) -> AstraState:
        """The state with latents of its last chunk moved by what other frames differ from its own, once encoded.

        The decoder's cache keeps the latent that it decoded: frames would jump at the chunk's border otherwise.
        """
        window = state.window_BCTHW.clone()
        for number, (soft, wanted) in frames.items():
            place = window.shape[2] - num_latents + number
            window[:, :, place] += self._encoded(wanted) - self._encoded(soft)
        return replace(state, window_BCTHW=window)

    def refresh_arrays(self, state: AstraState) -> StoredArrays:
        """The refreshed history, which stored latents do not tell."""
        return {REFRESHED: state.window_BCTHW[0].float().cpu().numpy()}

    def _encoded(self, frames: Frames) -> Tensor:
        """(1, C, h, w) latent of the frames of one latent."""
        assert isinstance(self._codec, GroupAutoencoder)
        pixels = torch.tensor(frames, device=self._device).permute(0, 3, 1, 2).float() / 127.5 - 1
        weights = next(self._codec.parameters())
        return self._codec.encode_groups(pixels.flatten(0, 1)[None].to(weights.dtype))

    def state_bytes(self, state: AstraState) -> int:
        tensors = [state.window_BCTHW, state.to_rgb, *state.decoder.tensors]
        return state.rows.num_bytes + sum(tensor.untyped_storage().nbytes() for tensor in tensors)

    def off_device(self, state: AstraState) -> AstraState:
        return _moved(state, torch.device("cpu"))

    def _on_device(self, state: AstraState) -> AstraState:
        return _moved(state, self._device)

    # ------------------------------------------------------------------ one chunk

    def _typed(self, settings: Settings) -> AstraSettings:
        """Settings of a request in their typed form; without an encoder of text its guidance is off."""
        typed = AstraSettings.of(settings)
        return typed if self.info.has_text else replace(typed, text_guidance=1.0)

    def _bind(
        self, state: AstraState, request: ChunkRequest, settings: AstraSettings, plan: WindowPlan, rows: KeptRows
    ) -> _BoundNetwork:
        """Encode all that stays the same over the chunk's denoising steps."""
        history = pack_history(state.window_BCTHW, plan, state.first_latent)
        if settings.history_noise > 0:
            generator = torch.Generator().manual_seed(chunk_seed(request.seed, request.index, "history"))
            history = noise_history(history, settings.history_noise, generator, settings.history_noise_on)
        network = self._transformer
        history_states = network.encode_history(history)
        given = torch.from_numpy(window_rows(rows.read(plan.first_row, plan.num_rows), plan, self._config)).to(
            self._device
        )[None]
        kind = rows.modality.name
        branches = guidance_for(settings.guidance, settings.text_guidance).branches
        # The free branch sees zeros in place of every row, mask included (K10).
        actions = {
            way: network.encode_actions(given if way == "given" else torch.zeros_like(given), kind, plan.window)
            for way in dict.fromkeys(branch.actions for branch in branches)
        }
        prompts = {"prompt": request.prompt, "negative": request.negative_prompt}
        texts = {way: self._encode_prompt(prompts[way]) for way in dict.fromkeys(branch.text for branch in branches)}

        def evaluate(sample: Tensor, timestep: Tensor, branch: Branch) -> Tensor:
            return network.velocity(sample, timestep, history_states, actions[branch.actions], texts[branch.text])

        return _BoundNetwork(evaluate, actions[branches[0].actions])

    def _denoise(
        self,
        bound: _BoundNetwork,
        state: AstraState,
        request: ChunkRequest,
        settings: AstraSettings,
        listener: Listener,
        cancelled: Callable[[], bool],
    ) -> Tensor:
        schedule = flow_schedule(settings.num_steps, settings.shift)
        shape = (1, self._codec.latent_channels, len(request.actions), *state.window_BCTHW.shape[-2:])

        def step_done(step: int, clean_BCTHW: Tensor) -> None:
            listener(Progress(request.index, step, settings.num_steps))
            listener(Preview(request.index, step, _preview(clean_BCTHW[0, :, -1], state.to_rgb)))

        return denoise(
            bound.evaluate,
            seeded_noise(shape, request.seed).to(self._device),
            schedule,
            make_solver(settings.solver, schedule, settings.shift),
            guidance_for(settings.guidance, settings.text_guidance),
            step_done,
            cancelled,
        )

    def _decode(
        self, stream_BCTHW: Tensor, decoder: DecoderState, chunk: int, listener: Listener
    ) -> tuple[Frames, DecoderState]:
        """Decode latents one by one, telling the frames of each."""
        pictures: list[Frames] = []
        num_frames = 0
        for t in range(stream_BCTHW.shape[2]):
            frames, decoder = self._codec.decode(stream_BCTHW[:, :, t : t + 1], decoder)
            pictures.append(_to_uint8(frames))
            listener(FramesDecoded(chunk, num_frames, pictures[-1]))
            num_frames += len(pictures[-1])
        return np.concatenate(pictures), decoder

    def _encode_prompt(self, prompt: str) -> TextStates | None:
        """Keys and values of a prompt for every block; the last few prompts are remembered (O8)."""
        if prompt not in self._text_states:
            if len(self._text_states) >= PROMPTS_KEPT:
                self._text_states.pop(next(iter(self._text_states)))
            self._text_states[prompt] = self._transformer.encode_text(self._text_rows(prompt))
        return self._text_states[prompt]

    def _text_rows(self, prompt: str) -> Tensor | None:
        width = self._transformer.config.text_dim
        if width is None:
            return None
        if self._text_encoder is None:
            # No encoder on disk: an absent text is all padding, whose rows are zero (K9).
            return torch.zeros(1, EMPTY_TEXT_ROWS, width, device=self._device)
        return self._text_encoder.encode(prompt).to(self._device)

    def _colours_from(self, latents_BCTHW: Tensor) -> Tensor:
        """A preview map fitted on the last latent, for takes whose start picture is not at hand."""
        frames, _ = self._codec.decode(latents_BCTHW[:, :, -1:])
        return _fit_colours(latents_BCTHW[0, :, -1], frames[0, :, -1])


@dataclass(frozen=True)
class _BoundNetwork:
    """The network with one chunk's conditions."""

    evaluate: Evaluate
    actions: ActionStates
    """As the first branch sees them: as given, unless the chunk is made free of actions."""

    def routing(self, num_targets: int) -> np.ndarray:
        """(targets, experts) routing weights of the chunk's own latents."""
        return self.actions.routed.weights_BFE[0, -num_targets:].float().cpu().numpy()


def open_astra(place: Path, device_name: str = "auto") -> AstraWorld:
    """Load a world from a folder or checkpoint file: bfloat16 on a GPU, float32 on the CPU.

    Raises WeightsError, or ValueError for a wrong world.json or a device that is not there.
    """
    device = resolve_device(device_name)
    dtype = inference_dtype(device)
    files = find_world_files(place)
    config = load_world_config(files.config_folder, fallback_name=place.stem if place.is_file() else place.name)
    transformer = load_transformer(files.transformer, base=files.base, num_heads=config.num_heads, dtype=dtype)
    codec, module = load_codec(files.vae, dtype)
    _, patch_height, patch_width = transformer.config.patch_size
    factor = codec.spatial_factor
    check_size(config.name, config.width, config.height, (factor * patch_width, factor * patch_height))
    text_encoder = None
    if transformer.config.text_dim is not None and files.text_encoder is not None and files.tokenizer is not None:
        # 11 GB in full: it stays on the CPU, where a prompt takes seconds, once.
        encoder = load_text_encoder(files.text_encoder, torch.bfloat16)
        text_encoder = TextEncoder(encoder, load_tokenizer(files.tokenizer))
    transformer.to(device)
    module.to(device)
    return AstraWorld(transformer, codec, config, fingerprint(files, repr(config.deciding())), text_encoder, device)


def window_rows(chosen: ActionTrack, plan: WindowPlan, config: WorldConfig) -> np.ndarray:
    """The network's action matrix: the rows that the plan names, encoded, with the mask as last column."""
    encoded = encode_rows(chosen.rows, chosen.modality, plan.num_condition_rows, config.row_encoding)
    mask = np.zeros((len(chosen), 1), np.float32)
    mask[: plan.num_condition_rows] = 1
    matrix = np.concatenate([encoded, mask], axis=1).astype(np.float32)
    return round_to_bfloat16(matrix) if config.rounds_actions else matrix


def _moved(state: AstraState, device: torch.device) -> AstraState:
    """The state on a device; what is there already is not copied."""
    return replace(
        state,
        window_BCTHW=state.window_BCTHW.to(device),
        to_rgb=state.to_rgb.to(device),
        decoder=state.decoder.moved(device),
    )


def _to_uint8(frames_B3FHW: Tensor) -> Frames:
    """(N, H, W, 3) uint8 of frames in [-1, 1], rounded (fixes B10, which truncates)."""
    levels = ((frames_B3FHW[0] + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
    return levels.permute(1, 2, 3, 0).contiguous().cpu().numpy()


def _fit_colours(latent_CHW: Tensor, pixels_3HW: Tensor) -> Tensor:
    """Least-squares map (C + 1, 3) from a latent pixel, and 1, to the mean colour of the pixels it stands for.

    Fitted on the take's own picture, so it needs no constants and works for any codec. A little ridge keeps it tame
    for pictures of few colours.
    """
    height, width = latent_CHW.shape[-2:]
    small = F.adaptive_avg_pool2d(pixels_3HW[None].float(), (height, width))[0]
    inputs = _with_one(latent_CHW)
    normal = inputs.T @ inputs + 1e-2 * len(inputs) * torch.eye(inputs.shape[1], device=inputs.device)
    return torch.linalg.solve(normal, inputs.T @ small.flatten(1).T)


def _preview(latent_CHW: Tensor, to_rgb: Tensor) -> Picture:
    """Small rough picture (H, W, 3) uint8 of one latent."""
    colours = (_with_one(latent_CHW) @ to_rgb).view(*latent_CHW.shape[-2:], 3)
    return ((colours + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).cpu().numpy()


def _with_one(latent_CHW: Tensor) -> Tensor:
    flat = latent_CHW.float().flatten(1).T
    return torch.cat([flat, torch.ones_like(flat[:, :1])], dim=1)
