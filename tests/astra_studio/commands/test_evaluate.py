from __future__ import annotations

import argparse
import json

import pytest

from astra_studio.commands import OK, evaluate
from engine.evaluation.settings import EvaluationSettings
from tests.builders import DATA


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    evaluate.add(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    return parser.parse_args(["evaluate", *arguments])


def test_its_help_tells_the_defaults_of_the_engine(capsys):
    with pytest.raises(SystemExit):
        parsed("--help")
    told = " ".join(capsys.readouterr().out.split())
    settings = EvaluationSettings()
    assert f"(default {settings.num_starts}, with --quick" in told
    assert f"(default {settings.num_seeds}, with --quick" in told
    assert f"long takes (default {settings.num_chunks})" in told


def test_a_quick_evaluation_of_the_fake_world_writes_its_files(tmp_path, capsys):
    out = tmp_path / "out"
    photographs = str(DATA / "photographs")
    options = parsed("--world", "fake", "--photographs", photographs, "--out", str(out), "--quick", "--starts", "1")
    assert evaluate.run(options) == OK
    assert sorted(path.name for path in out.iterdir()) == ["evaluation.json", "evaluation.md", "strip.png"]
    content = json.loads((out / "evaluation.json").read_text())
    assert (content["settings"]["num_starts"], content["settings"]["num_seeds"]) == (1, 1)
    printed = capsys.readouterr()
    assert str(out / "evaluation.md") in printed.out
    assert "following, photographs" in printed.err


def test_a_folder_without_photographs_is_told_before_anything_is_measured(tmp_path):
    options = parsed("--world", "fake", "--photographs", str(tmp_path), "--out", str(tmp_path / "out"), "--quick")
    with pytest.raises(ValueError, match="it holds none"):
        evaluate.run(options)
