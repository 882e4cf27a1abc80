"""Makes tiny pipelines of diffusers with random weights, in the layout in which large ones are published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.builders import write_tokenizer

WAN_SIZE = (32, 16)
SANA_SIZE = (96, 64)
"""Width and height in pixels: 4 x 2 latents, and 3 x 2."""


def write_wan(folder: Path, *, from_picture: bool) -> Path:
    """A Wan pipeline that starts from a picture, with an image encoder as the 14 billion have it, or from text."""
    import diffusers
    import torch
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModel, UMT5Config, UMT5EncoderModel

    torch.manual_seed(11)
    channels = 4
    parts: dict[str, Any] = {
        "tokenizer": _tokenizer(folder),
        "text_encoder": UMT5EncoderModel(
            UMT5Config(vocab_size=16, d_model=16, d_kv=4, d_ff=16, num_layers=1, num_heads=4)
        ),
        "vae": diffusers.AutoencoderKLWan(
            base_dim=4,
            z_dim=channels,
            dim_mult=[1, 1, 1, 1],
            num_res_blocks=1,
            temperal_downsample=[False, True, True],
            latents_mean=[0.1] * channels,
            latents_std=[0.8] * channels,
        ),
        "transformer": diffusers.WanTransformer3DModel(
            num_attention_heads=2,
            attention_head_dim=12,
            # Beside the noise: what the first frame says, and which latents it says it of.
            in_channels=3 * channels if from_picture else channels,
            out_channels=channels,
            text_dim=16,
            freq_dim=16,
            ffn_dim=16,
            num_layers=1,
            image_dim=16 if from_picture else None,
            rope_max_seq_len=64,
        ),
        "scheduler": diffusers.UniPCMultistepScheduler(
            prediction_type="flow_prediction", use_flow_sigmas=True, flow_shift=3.0
        ),
    }
    if from_picture:
        encoder = CLIPVisionConfig(
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=16,
            patch_size=8,
        )
        square = {"height": 16, "width": 16}
        parts["image_encoder"] = CLIPVisionModel(encoder)
        parts["image_processor"] = CLIPImageProcessorPil(size={"shortest_edge": 16}, crop_size=square)
    kind = diffusers.WanImageToVideoPipeline if from_picture else diffusers.WanPipeline
    return _write(kind(**parts), folder, WAN_SIZE)


def write_sana_wm(folder: Path) -> Path:
    """A SANA-WM pipeline."""
    import diffusers
    import torch
    from transformers import Gemma2Config, Gemma2ForCausalLM

    torch.manual_seed(12)
    channels = 8
    language = Gemma2Config(
        vocab_size=16,
        hidden_size=16,
        intermediate_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
    )
    transformer = diffusers.SanaWMTransformer3DModel(
        in_channels=channels,
        num_layers=2,
        hidden_size=32,
        num_attention_heads=2,
        softmax_every_n=2,
        linear_head_dim=16,
        caption_channels=16,
        mlp_ratio=1.0,
        chunk_plucker_post_attn_blocks=2,
    )
    # Its camera parts begin at zero, to be trained from there.
    with torch.no_grad():
        for parameter in transformer.parameters():
            if not parameter.any():
                parameter.normal_(std=0.1)
    pipeline = diffusers.SanaWMPipeline(
        tokenizer=_tokenizer(folder),
        text_encoder=Gemma2ForCausalLM(language),
        vae=diffusers.AutoencoderKLLTX2Video(
            latent_channels=channels,
            block_out_channels=(8, 16, 32, 64),
            decoder_block_out_channels=(8, 16, 32),
            layers_per_block=(1, 1, 1, 1, 1),
            decoder_layers_per_block=(1, 1, 1, 1),
            decoder_causal=False,
            spatial_compression_ratio=32,
            temporal_compression_ratio=8,
        ),
        transformer=transformer,
        scheduler=diffusers.FlowMatchEulerDiscreteScheduler(shift=9.0),
    )
    return _write(pipeline, folder, SANA_SIZE)


def _tokenizer(folder: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(write_tokenizer(folder.with_name(f"{folder.name}-words")))


def _write(pipeline: Any, folder: Path, size: tuple[int, int]) -> Path:
    with _without_bars():
        pipeline.save_pretrained(str(folder))
    width, height = size
    (folder / "world.json").write_text(json.dumps({"name": f"tiny {folder.name}", "width": width, "height": height}))
    return folder


@contextmanager
def _without_bars() -> Iterator[None]:
    from transformers.utils import logging

    logging.disable_progress_bar()
    yield
