"""Parity of the video autoencoder and the text encoder."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from engine.models.codec import START_OF_STREAM
from engine.models.text import clean_prompt, encode_tokens
from engine.models.tiling import decode_tiled, encode_tiled
from engine.models.weights.load import load_codec, load_text_encoder
from engine.parity.checks import Check, GoldenFile, largest

LIMIT = 1e-4


def check_vae(golden: GoldenFile) -> Iterator[Check]:
    """Encode, decode whole and streamed, and tiled as the released code tiles."""
    codec, _ = load_codec(golden.weights())
    tensors = golden.tensors
    yield Check(golden.name, "encode", largest([(codec.encode(tensors["video"]), tensors["latents"])]), LIMIT)
    whole, _ = codec.decode(tensors["latents"])
    yield Check(golden.name, "decode", largest([(whole, tensors["decoded"])]), LIMIT)
    state, parts = START_OF_STREAM, []
    for latent in tensors["latents"].split(1, dim=2):
        part, state = codec.decode(latent, state)
        parts.append(part)
    yield Check(golden.name, "decode, streamed", largest([(torch.cat(parts, dim=2), tensors["decoded"])]), LIMIT)
    if "video_tiled" not in tensors:
        return
    video = tensors["video_tiled"]
    yield Check(golden.name, "encode, larger", largest([(codec.encode(video), tensors["latents_untiled"])]), LIMIT)
    tile, stride = (tuple(golden.content[key]) for key in ("tile_size_latent", "tile_stride_latent"))
    tiled = encode_tiled(codec, video, tile, stride)
    yield Check(golden.name, "encode, tiled", largest([(tiled, tensors["latents_tiled"])]), LIMIT)
    decoded = decode_tiled(codec, tensors["latents_tiled"], tile, stride)
    yield Check(golden.name, "decode, tiled", largest([(decoded, tensors["decoded_tiled"])]), LIMIT)


def check_text(golden: GoldenFile) -> Iterator[Check]:
    """Encoder rows with zeros past the text, and the cleaning of prompts."""
    encoder = load_text_encoder(golden.weights())
    cases = sorted({name.split(".")[0] for name in golden.tensors})
    for name in cases:
        case = golden.of_case(name)
        rows = encode_tokens(encoder, case["input_ids"], case["attention_mask"])
        yield Check(f"{golden.name}/{name}", "context", largest([(rows, case["context"])]), LIMIT)
    wrong = [pair for pair in golden.content.get("cleaning", []) if clean_prompt(pair["raw"]) != pair["clean"]]
    yield Check(golden.name, "prompts cleaned otherwise", float(len(wrong)), 0.0)
