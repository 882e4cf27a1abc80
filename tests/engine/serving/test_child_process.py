"""What a process beside the window is like."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

SAID = """
import os, sys
from engine.serving.child_process import lower_priority
assert "torch" not in sys.modules
before = os.nice(0) if hasattr(os, "nice") else 0
lower_priority()
print(os.environ["OMP_WAIT_POLICY"], (os.nice(0) if hasattr(os, "nice") else 1) > before)
"""


@pytest.mark.parametrize(("given", "expected"), [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "ACTIVE"}, "ACTIVE")])
def test_it_leaves_the_cores_to_the_window_unless_told_otherwise(given: dict[str, str], expected: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"} | given
    done = subprocess.run([sys.executable, "-c", SAID], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [expected, "True"]
