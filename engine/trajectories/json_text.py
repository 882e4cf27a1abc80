"""Reader of JSON from untrusted files: limited in memory before parsing, with the place of an error."""

from __future__ import annotations

import json
from typing import Any

from engine.trajectories.errors import TrajectoryError

MAX_VALUES = 8_000_000
"""Some 400,000 poses of 16 numbers. Each value that is read takes up to a hundred bytes."""


def parsed(text: str, called: str) -> Any:
    """What JSON text stands for; `called` is its name in messages. Raises TrajectoryError."""
    # Every value but the first stands behind one of these.
    if sum(map(text.count, ",[{")) > MAX_VALUES:
        raise TrajectoryError(
            f"{called} holds more than {MAX_VALUES:,} values, which no trajectory does. Cut it to the part that is "
            "wanted"
        )
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TrajectoryError(
            f"{called} is not whole JSON: {error.msg} at line {error.lineno}, column {error.colno}. "
            "Copy or export it again"
        ) from error
    except RecursionError as error:
        raise TrajectoryError(f"{called} is nested too deeply to be a trajectory. Is it whole?") from error
    except ValueError as error:
        raise TrajectoryError(f"{called} cannot be read as JSON: {error}. Copy or export it again") from error
