"""Problem: what the user is told when something went wrong, and the one table from exceptions to Problems."""

from __future__ import annotations

import errno
import textwrap
from dataclasses import dataclass

from engine.serving.failures import EngineFailure, failure_of


@dataclass(frozen=True)
class Problem:
    """What went wrong, why, and what to do next, each a sentence or two for the person at the screen."""

    what: str
    why: str
    todo: str

    def paragraph(self, width: int = 100) -> str:
        """One paragraph of text."""
        return textwrap.fill(" ".join(map(ended, (self.what, self.why, self.todo))), width)


def ended(sentence: str) -> str:
    """With its full stop, where it has no end yet."""
    return sentence if sentence.endswith((".", "!", "?")) else f"{sentence}."


class UserError(Exception):
    """An error that already has its Problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.what)
        self.problem = problem


# By the name of the class, so that nothing heavy is imported to ask; an exception takes the entry of its nearest base.
_TABLE: dict[str, tuple[str, str]] = {
    "PictureError": (
        "The start picture cannot be used",
        "Choose another picture, or open and save this one in a picture editor",
    ),
    "VideoReadError": ("The video cannot be read", "Choose another file"),
    "PoseLineError": (
        "The trajectory cannot be read",
        "Correct the pose line; astra-studio render --help lists the moves",
    ),
    "CameraChoice": (
        "The trajectory needs the name of a camera",
        "Name one of its cameras, or give a file with a single camera",
    ),
    "TrajectoryError": ("The trajectory cannot be read", "Correct the file or choose another"),
    "WeightsMissing": ("The world cannot be opened", "Add the missing file, or give another --world"),
    "WeightsUnreadable": ("The world cannot be opened", "The file was rejected; nothing in it was run"),
    "WeightsMismatch": ("The world cannot be opened", "Check that the files are complete and belong to one model"),
    "ConfigError": ("The training cannot start", "Correct the config and try again"),
    "ShardError": ("The training data cannot be used", "Repair or remove the shard and try again"),
    "DataSetError": ("The data set cannot be used", "Check the folder, or name its layout with --layout"),
    "OutputMismatch": ("The shards cannot be written there", "Give another OUT folder"),
    "CheckpointError": ("The training cannot continue", "Check the output folder"),
    "TrainingDiverged": (
        "The training has diverged",
        "Continue from its last checkpoint, which is still good, or start again with other settings",
    ),
    "GoldenFileError": ("The golden files cannot be compared", "Check the folder"),
    "OutOfMemoryError": (
        "The graphics card has run out of memory",
        "Close other programs that use it, use a smaller world, or add --device cpu",
    ),
    "EngineStopped": (
        "The engine has stopped",
        "Close other programs or use fewer latents per chunk, then generate again; finished chunks are kept",
    ),
    "MemoryError": ("The computer has run out of memory", "Close other programs, or use a smaller world"),
    "ValueError": ("The request cannot be met", "Correct it and try again"),
    "ProjectError": ("The project cannot be used like this", "Correct it and try again"),
    "NotAProject": ("The file is not an Astra Studio project", "Choose an .astra file"),
    "ProjectNewer": ("The project was made by a newer Astra Studio", "Update Astra Studio, then open it again"),
    "ProjectDamaged": ("The project file is damaged", "Save the intact parts as a new project"),
    "ArtifactDamaged": ("A part of the project is damaged", "Generate the damaged chunk again; the rest can be used"),
    "ProjectInUse": ("The project is open already", "Switch to the window where it is open, or close it there"),
    "ProjectReadOnly": ("The project cannot be saved where it is", "Copy it to a folder of your own and open the copy"),
    "ProjectDiskFull": ("The disk is full", "Make room; the project is as it was before"),
}

_DISK: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("there is no room left on the disk", "Make room or write to another disk"),
    errno.EDQUOT: ("your disk quota is used up", "Make room or write to another disk"),
    errno.EFBIG: ("the file would become larger than allowed there", "Write to another disk"),
    errno.EACCES: ("you may not read or write there", "Choose another place"),
    errno.EPERM: ("you may not read or write there", "Choose another place"),
    errno.EROFS: ("the disk is read-only", "Choose another place"),
    errno.ENOENT: ("the folder does not exist", "Create the folder first, or choose another place"),
    errno.ENOTDIR: ("a part of its path is a file, not a folder", "Choose another place"),
    errno.EISDIR: ("it is a folder", "Give a file name"),
    errno.ENAMETOOLONG: ("its name is too long", "Give it a shorter name"),
    errno.EIO: ("the disk has reported an error", "Check the disk, or use another"),
}


def problem_of(error: BaseException) -> Problem:
    """The Problem for an exception. One without an entry is a bug of ours, and says so."""
    if isinstance(error, UserError):
        return error.problem
    return problem_of_failure(failure_of(error))


def problem_of_failure(failure: EngineFailure) -> Problem:
    """The Problem for a failure of the engine, wherever it runs."""
    name = f" {failure.filename}" if failure.filename else ""
    if failure.errno is not None and failure.errno in _DISK:
        why, todo = _DISK[failure.errno]
        return Problem(f"The file{name} cannot be read or written", f"The reason: {why}", todo)
    if failure.strerror:
        return Problem(
            f"The file{name} cannot be read or written", f"The reason: {failure.strerror}", "Try another place"
        )
    for error in failure.errors:
        if error in _TABLE:
            what, todo = _TABLE[error]
            return Problem(what, _sentence(failure.message), todo)
    return Problem(
        "Something went wrong inside Astra Studio",
        f"{failure.errors[0]}: {failure.message}",
        "Please report it with what you did; --debug shows where it happened",
    )


_OF_NAMES = frozenset("./_0123456789")
"""What words do not have."""


def _sentence(text: str) -> str:
    text = text.strip()
    if not text:
        return "No reason was given"
    # Names of files and keys keep their letters.
    first = text.split(maxsplit=1)[0].rstrip(".:,;")
    return text if set(first) & _OF_NAMES else text[:1].upper() + text[1:]
