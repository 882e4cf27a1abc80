import pytest
import torch

from engine.training import number_format
from engine.training.number_format import bfloat16_is_quicker, is_quicker, seconds_per_product, uses_bfloat16


@pytest.mark.parametrize(
    ("float32_s", "bfloat16_s", "quicker"), [(4.0, 1.0, True), (1.1, 1.0, False), (1.0, 4.0, False)]
)
def test_bfloat16_must_gain_more_than_a_little(float32_s, bfloat16_s, quicker):
    assert is_quicker(float32_s, bfloat16_s) is quicker


def test_a_named_format_is_taken_and_the_measured_one_is_that_of_this_processor():
    assert uses_bfloat16("bfloat16")
    assert not uses_bfloat16("float32")
    assert uses_bfloat16("measured") == bfloat16_is_quicker()


def test_the_measurement_is_made_once():
    bfloat16_is_quicker()
    before = bfloat16_is_quicker.cache_info().misses
    bfloat16_is_quicker()
    assert bfloat16_is_quicker.cache_info().misses == before


def test_products_take_time_and_more_of_it_when_they_are_larger(monkeypatch):
    usual = seconds_per_product(torch.float32)
    monkeypatch.setattr(number_format, "SHAPE", (8192, 512, 512))
    assert 0 < usual < seconds_per_product(torch.float32)
