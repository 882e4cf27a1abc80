"""The umT5 text encoder as Wan uses it: cleaning, padding to a fixed length, zero rows after the text (K9).

Source: reference section 11.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

import ftfy
import torch
from torch import Tensor

MAX_TOKENS = 512


def clean_prompt(text: str) -> str:
    """Repair mis-decoded characters, undo HTML escapes twice, collapse white space."""
    unescaped = html.unescape(html.unescape(ftfy.fix_text(text)))
    return re.sub(r"\s+", " ", unescaped).strip()


class TextEncoder:
    """Turns prompts into text rows (1, 512, D) float32 for the transformer; remembers what it has encoded."""

    def __init__(self, encoder: Any, tokenizer: Any, max_tokens: int = MAX_TOKENS) -> None:
        self._encoder = encoder.eval().requires_grad_(False)
        self._tokenizer = tokenizer
        self._max_tokens = max_tokens
        self._known: dict[str, Tensor] = {}

    def encode(self, prompt: str) -> Tensor:
        """Text rows of a prompt, cleaned first; rows past the text are zero."""
        cleaned = clean_prompt(prompt)
        if cleaned not in self._known:
            tokens = self._tokenizer(
                [cleaned], padding="max_length", max_length=self._max_tokens, truncation=True, return_tensors="pt"
            )
            self._known[cleaned] = encode_tokens(self._encoder, tokens.input_ids, tokens.attention_mask)
        return self._known[cleaned]


@torch.no_grad()
def encode_tokens(encoder: Any, input_ids_BL: Tensor, attention_mask_BL: Tensor) -> Tensor:
    """Encoder rows (B, L, D) float32 with every row past the text set to zero."""
    device = next(encoder.parameters()).device
    mask = attention_mask_BL.to(device)
    rows = encoder(input_ids=input_ids_BL.to(device), attention_mask=mask).last_hidden_state.float()
    return rows * mask[..., None]


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in a folder, from its files alone."""
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, local_files_only=True)
