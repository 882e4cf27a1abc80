"""The user's settings: what each may be."""

from __future__ import annotations

import pytest

from astra_studio.settings import Settings


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda:1", "mps", "xpu:0"])
def test_the_device_is_any_that_torch_may_know(device):
    Settings().set("device", device)
    assert Settings().get("device") == device


@pytest.mark.parametrize("device", ["", "GPU 1", "cuda:", "cuda:one"])
def test_what_cannot_be_a_device_is_refused_with_what_can(device):
    with pytest.raises(ValueError, match="Device is one such as auto, cpu, cuda, cuda:1"):
        Settings().set("device", device)
