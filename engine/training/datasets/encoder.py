"""Encoder of a data set: the parts of a world that encode pictures and captions, without its network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from engine.models.codec import VideoCodec
from engine.models.devices import inference_dtype, resolve_device
from engine.models.text import MAX_TOKENS, clean_prompt, encode_tokens, load_tokenizer
from engine.models.weights.load import load_codec, load_text_encoder
from engine.training.datasets.motion import RowStyle
from engine.worlds.config import WorldConfig, load_world_config
from engine.worlds.layout import WorldFiles, find_world_files, fingerprint


@dataclass(frozen=True, kw_only=True)
class WorldEncoder:
    """The encoders of a world."""

    config: WorldConfig
    codec: VideoCodec
    device: torch.device
    fingerprint: str
    """sha256 over the files of the encoders, in hex."""
    text: Callable[[str], Tensor] | None = None
    """Text rows (L, D) float16 of a caption, as many as it has tokens."""

    @property
    def row_style(self) -> RowStyle:
        """The rows that the world was trained with."""
        return "released" if self.config.row_encoding == "rows" else "aligned"


def open_encoder(place: Path, device: str = "auto", with_text: bool = True) -> WorldEncoder:
    """The encoders of the world at a place, as its opener finds it: bfloat16 on a GPU, float32 on the CPU.

    Raises WeightsError, or ValueError for a wrong world.json or a device that is not there.
    """
    chosen = resolve_device(device)
    files = find_world_files(place)
    codec, module = load_codec(files.vae, inference_dtype(chosen))
    module.to(chosen)
    has_text = with_text and files.text_encoder is not None and files.tokenizer is not None
    # The network has no part in what is encoded here.
    encoders = replace(files, transformer=files.vae, base=None, text_encoder=files.text_encoder if has_text else None)
    return WorldEncoder(
        config=load_world_config(files.config_folder, fallback_name=place.name),
        codec=codec,
        device=chosen,
        fingerprint=fingerprint(encoders, ""),
        text=_CaptionEncoder(files, chosen) if has_text else None,
    )


class _CaptionEncoder:
    """The text encoder, 11 GB in full, loaded when the first caption comes."""

    def __init__(self, files: WorldFiles, device: torch.device) -> None:
        self._files, self._device = files, device
        self._encoder: Any = None
        self._tokenizer: Any = None

    def __call__(self, caption: str) -> Tensor:
        """Rows up to the text's end: training contexts are cut there (reference section 11)."""
        if self._encoder is None:
            assert self._files.text_encoder is not None
            assert self._files.tokenizer is not None
            self._tokenizer = load_tokenizer(self._files.tokenizer)
            self._encoder = load_text_encoder(self._files.text_encoder, torch.bfloat16).to(self._device)
        # Not TextEncoder: it remembers every prompt, 8 MB each, and pads it to 512 rows that are dropped here.
        tokens = self._tokenizer([clean_prompt(caption)], max_length=MAX_TOKENS, truncation=True, return_tensors="pt")
        return encode_tokens(self._encoder, tokens.input_ids, tokens.attention_mask)[0].half().cpu()
