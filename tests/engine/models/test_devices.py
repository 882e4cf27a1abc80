"""Devices by name: torch's own strings, and what is said where one is not there."""

from __future__ import annotations

import pytest
import torch

from engine.models.devices import inference_dtype, resolve_device


@pytest.mark.parametrize("name", ["cpu", "cpu:0"])
def test_the_processor(name):
    assert resolve_device(name) == torch.device(name)
    assert inference_dtype(resolve_device(name)) is torch.float32


def test_auto_is_a_gpu_where_there_is_one():
    assert resolve_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


@pytest.mark.parametrize("name", ["cuda", "cuda:1", "xpu", "mps"])
def test_a_device_that_is_not_there_is_answered_with_what_is(name):
    if torch.get_device_module(name.partition(":")[0]).is_available():
        pytest.skip(f"{name} is there")
    with pytest.raises(ValueError, match=f"device {name} was asked for, but .*; use cpu or auto"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["cpu:1", "cpu:7"])
def test_a_number_that_is_not_there_is_answered_with_those_that_are(name):
    with pytest.raises(ValueError, match=f"device {name} was asked for, but the only one is cpu:0; use one that"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["", "gpu", "CUDA", "cuda:", "cuda:x", "cuda 1", "cpu:-1", "meta", "graphics"])
def test_what_is_no_device_is_answered_with_what_one_looks_like(name):
    with pytest.raises(ValueError, match="the device must be auto, or a device that PyTorch knows, such as cpu"):
        resolve_device(name)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs an NVIDIA GPU")
def test_a_gpu_by_number():
    assert resolve_device("cuda:0") == torch.device("cuda:0")
    assert inference_dtype(resolve_device("cuda:0")) is torch.bfloat16
