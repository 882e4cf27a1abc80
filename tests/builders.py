"""Makes small worlds on disk in the layouts that people have, from the golden weights of tests/data."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from safetensors.torch import load_file

DATA = Path(__file__).parent / "data"
GOLDENS = DATA / "goldens"
TINY_SIZE = (48, 32)
"""Width and height in pixels of the tiny world: 4 x 6 latents."""


def astra_tensors() -> dict[str, torch.Tensor]:
    """A tiny transformer under the names of the original Astra checkpoint."""
    return load_file(GOLDENS / "dit_a_weights.safetensors")


def vae_tensors() -> dict[str, torch.Tensor]:
    """A narrow autoencoder under the names of the original Wan file."""
    return load_file(GOLDENS / "vae_a_weights.safetensors")


def write_original_world(folder: Path, steps: int = 2) -> Path:
    """The released layout: a pickled Astra checkpoint beside Wan's autoencoder, and a world.json for what they lack."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(astra_tensors(), folder / "diffusion_pytorch_model.ckpt")
    torch.save({"model_state": vae_tensors()}, folder / "Wan2.1_VAE.pth")
    write_world_json(folder, steps)
    return folder


def write_world_json(folder: Path, steps: int = 2) -> None:
    width, height = TINY_SIZE
    content = {"name": "tiny", "num_heads": 2, "width": width, "height": height, "defaults": {"num_steps": steps}}
    (folder / "world.json").write_text(json.dumps(content))


def write_tokenizer(folder: Path) -> Path:
    """A tokenizer of a few words, in the files that transformers reads."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    words = ["<pad>", "</s>", "<unk>", "▁a", "▁street", "▁sunlit", "▁day", "▁forest"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": "<pad>",
        "eos_token": "</s>",
        "unk_token": "<unk>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return folder


def umt5_tensors(width: int = 48) -> dict[str, torch.Tensor]:
    """A tiny umT5 encoder of that width under the names of the original Wan file."""
    generator = torch.Generator().manual_seed(5)
    heads, hidden, vocabulary, buckets = 4, 40, 16, 32

    def random(*shape: int) -> torch.Tensor:
        return 0.3 * torch.randn(*shape, generator=generator)

    tensors = {"token_embedding.weight": random(vocabulary, width), "norm.weight": torch.ones(width)}
    for i in range(2):
        block = f"blocks.{i}"
        tensors |= {f"{block}.attn.{p}.weight": random(width, width) for p in "qkvo"}
        tensors[f"{block}.norm1.weight"] = torch.ones(width)
        tensors[f"{block}.norm2.weight"] = torch.ones(width)
        tensors[f"{block}.pos_embedding.embedding.weight"] = random(buckets, heads)
        tensors[f"{block}.ffn.gate.0.weight"] = random(hidden, width)
        tensors[f"{block}.ffn.fc1.weight"] = random(hidden, width)
        tensors[f"{block}.ffn.fc2.weight"] = random(width, hidden)
    return tensors


def add_text(folder: Path, width: int = 48) -> None:
    """Put Wan's text encoder and tokenizer beside a world."""
    torch.save(umt5_tensors(width), folder / "models_t5_umt5-xxl-enc-bf16.pth")
    write_tokenizer(folder / "google" / "umt5-xxl")
