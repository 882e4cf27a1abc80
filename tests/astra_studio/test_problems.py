"""What the user is told: every error in words, and no word of the table orphaned."""

from __future__ import annotations

import ast
import builtins
import errno
from functools import cache
from pathlib import Path

import pytest
import torch

from astra_studio import problems
from astra_studio.problems import Problem, UserError, problem_of
from engine.trajectories.astra_json import TrajectoryError

ROOT = Path(__file__).parents[2]


@cache
def exceptions() -> dict[str, type[Exception]]:
    """Every exception that the program defines, by name.

    Made anew from the source, by name and bases, which is what `problem_of` goes by: importing some takes seconds.
    """
    bases: dict[str, list[str]] = {}
    for package in ("engine", "astra_studio"):
        for path in (ROOT / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    known = {
        name: kind for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, Exception)
    }
    ours: dict[str, type[Exception]] = {}
    while found := [name for name in bases if name not in ours and any(base in known | ours for base in bases[name])]:
        for name in found:
            ours[name] = type(name, tuple((known | ours)[base] for base in bases[name] if base in known | ours), {})
    return ours


def named(name: str) -> type[Exception]:
    """The exception class of that name: ours, torch's or Python's."""
    if name in exceptions():
        return exceptions()[name]
    return getattr(torch if name == "OutOfMemoryError" else builtins, name)


@pytest.mark.parametrize("name", problems._TABLE)
def test_every_name_in_the_table_is_an_exception_that_exists(name):
    assert issubclass(named(name), Exception)


@pytest.mark.parametrize("name", problems._TABLE)
def test_every_exception_in_the_table_is_told_by_its_own_entry(name):
    problem = problem_of(named(name)("the spoon is bent"))
    assert (problem.what, problem.todo) == problems._TABLE[name]
    assert problem.why == "The spoon is bent"


@pytest.mark.parametrize("name", ["WeightsError", "WeightsMissing", "PictureError", "PoseLineError"])
def test_a_class_without_an_entry_is_told_as_its_nearest_base(name):
    below = type("Below", (named(name),), {})
    assert problem_of(below("why")) == problem_of(named(name)("why"))
    assert problem_of(below("why")).what != "Something went wrong inside Astra Studio"


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("boom"), AssertionError(), ZeroDivisionError("y"), Exception()]
)
def test_what_is_not_expected_is_our_mistake_and_says_how_to_find_it(error):
    problem = problem_of(error)
    assert problem.what == "Something went wrong inside Astra Studio"
    assert type(error).__name__ in problem.why
    assert str(error) in problem.why
    assert "report it" in problem.todo
    assert "--debug" in problem.todo


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "no room left"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "larger"),
        (errno.EACCES, "may not read or write"),
        (errno.EPERM, "may not read or write"),
        (errno.EROFS, "read-only"),
        (errno.ENOENT, "does not exist"),
        (errno.ENOTDIR, "is a file, not a folder"),
        (errno.EISDIR, "is a folder"),
        (errno.ENAMETOOLONG, "too long"),
        (errno.EIO, "reported an error"),
    ],
)
def test_an_error_of_the_disk_names_the_file_and_the_reason(number, words):
    problem = problem_of(OSError(number, "as the system says", "/videos/walk.mp4"))
    assert problem.what == "The file /videos/walk.mp4 cannot be read or written"
    assert words in problem.why
    assert problem.todo


def test_every_reason_of_the_disk_is_tested():
    tested = test_an_error_of_the_disk_names_the_file_and_the_reason.pytestmark[0].args[1]
    assert {number for number, _ in tested} == set(problems._DISK)


def test_a_real_error_of_the_disk_is_told(tmp_path):
    with pytest.raises(OSError, match="No such file") as caught:
        (tmp_path / "no" / "walk.mp4").write_bytes(b"")
    assert problem_of(caught.value).what == f"The file {tmp_path}/no/walk.mp4 cannot be read or written"


def test_an_error_of_the_disk_without_a_file_is_told_too():
    assert problem_of(OSError(errno.ENOSPC, "full")).what == "The file cannot be read or written"


def test_an_error_of_the_system_without_an_entry_is_told_in_its_own_words():
    problem = problem_of(OSError(errno.EADDRINUSE, "in use", "v.mp4"))
    assert problem.what == "The file v.mp4 cannot be read or written"
    assert problem.why == "The reason: in use"


def test_an_error_that_can_tell_itself_does():
    problem = Problem("The cup is empty", "Somebody drank it", "Fill it")
    assert problem_of(UserError(problem)) is problem
    assert str(UserError(problem)) == "The cup is empty"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_error_without_a_word_says_that_there_is_none(text):
    assert problem_of(ValueError(text)).why == "No reason was given"


def test_the_graphics_cards_memory_is_told_from_the_computers():
    assert "graphics card" in problem_of(torch.OutOfMemoryError("CUDA out of memory")).what
    assert "computer" in problem_of(MemoryError()).what


def test_every_exception_of_ours_is_told_in_words_for_it():
    """But for those that hold their Problem, those that are always caught inside the engine, and Cancelled, which is no
    error."""
    internal = {"ChildGone", "HistoryUnavailable", "Refused"}
    told = {name: kind for name, kind in exceptions().items() if not issubclass(kind, named("UserError"))}
    ours = {name: kind for name, kind in told.items() if not name.startswith("_") and name not in internal}
    mistaken = problem_of(Exception()).what
    assert [name for name, kind in ours.items() if problem_of(kind("why")).what == mistaken] == ["Cancelled"]


def test_our_exceptions_are_found():
    assert {"Cancelled", "UserError", "WeightsMismatch"} <= set(exceptions())
    assert [kind.__name__ for kind in exceptions()["TrajectoryError"].__mro__] == [
        kind.__name__ for kind in TrajectoryError.__mro__
    ]


@pytest.mark.parametrize(
    ("why", "shown"), [("It is bent", "It is bent. "), ("Is it bent?", "Is it bent? "), ("It is bent.", "It is bent. ")]
)
def test_a_paragraph_is_three_sentences(why, shown):
    assert Problem("The spoon broke!", why, "Take another").paragraph(200) == f"The spoon broke! {shown}Take another."


def test_a_paragraph_is_broken_at_its_width():
    lines = Problem("word " * 30, "why " * 30, "todo " * 30).paragraph(40).split("\n")
    assert len(lines) > 5
    assert max(map(len, lines)) <= 40


def test_the_name_of_a_file_keeps_its_letters():
    said = ("walk.json holds none", "frame78 of it is empty", "poses hold none")
    assert [problem_of(ValueError(why)).why for why in said] == [*said[:2], "Poses hold none"]
