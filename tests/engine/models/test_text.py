import json

import pytest
import torch

from engine.models.text import TextEncoder, clean_prompt, load_tokenizer
from engine.models.weights.load import load_text_encoder
from tests.builders import GOLDENS, umt5_tensors, write_tokenizer

CLEANING = json.loads((GOLDENS / "text_a.json").read_text())["cleaning"]


@pytest.mark.parametrize("pair", CLEANING, ids=range(len(CLEANING)))
def test_prompts_are_cleaned_as_wan_cleans_them(pair):
    assert clean_prompt(pair["raw"]) == pair["clean"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("text")
    torch.save(umt5_tensors(), folder / "enc.pth")
    return TextEncoder(load_text_encoder(folder / "enc.pth"), load_tokenizer(write_tokenizer(folder / "tokenizer")))


def test_a_prompt_fills_512_rows_with_zeros_after_the_text(encoder):
    rows = encoder.encode("a sunlit street")
    assert rows.shape == (1, 512, 48)
    assert rows[0, :4].abs().sum(-1).gt(0).all()
    assert not rows[0, 4:].any()


def test_the_empty_prompt_keeps_the_row_of_its_end_mark(encoder):
    rows = encoder.encode("")
    assert rows[0, 0].any()
    assert not rows[0, 1:].any()


def test_a_prompt_longer_than_512_tokens_is_cut(encoder):
    assert encoder.encode("street " * 700)[0].abs().sum(-1).gt(0).all()


def test_prompts_that_clean_to_the_same_text_are_encoded_once(encoder):
    assert encoder.encode("a  street ") is encoder.encode("a street")
