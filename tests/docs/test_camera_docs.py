"""docs/trajectories.md and docs/batch.md: the tables are the program's, the commands run, the examples are read."""

from __future__ import annotations

import argparse
import re
import shlex
from pathlib import Path

import pytest

from astra_studio.cli import main
from astra_studio.commands import trajectory
from astra_studio.services.batch.jobs_file import read_jobs
from astra_studio.services.batch.run import forecast
from engine.trajectories.formats.protocol import Overrides
from engine.trajectories.formats.registry import FORMATS
from engine.worlds.fake import FakeWorld

ROOT = Path(__file__).parents[2]
TRAJECTORIES = (ROOT / "docs/trajectories.md").read_text(encoding="utf-8")
BATCH = (ROOT / "docs/batch.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^astra-studio (trajectory .*)$", TRAJECTORIES, re.MULTILINE)


def test_every_format_has_its_row():
    assert re.findall(r"^\| `(\w+)` \|", TRAJECTORIES, re.MULTILINE) == list(FORMATS)


def test_every_override_is_there():
    parser = argparse.ArgumentParser()
    trajectory.add(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    told = set(re.findall(r"`--(\w+)", TRAJECTORIES))
    assert {name.replace("_", "-") for name in vars(Overrides())} <= told | {"from"}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_runs(command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = shlex.split(command)
    words = [str(ROOT / word) if word.startswith("docs/") else word for word in words]
    if words[1] != "show":
        words[3] = str(tmp_path / words[3])
    assert main(words) == 0
    assert capsys.readouterr().out


def test_what_show_is_said_to_print_it_prints(capsys: pytest.CaptureFixture[str]):
    assert main(["trajectory", "show", str(ROOT / "docs/examples/stroll.txt")]) == 0
    printed = capsys.readouterr().out.splitlines()
    block = TRAJECTORIES.split("```\nstroll.txt: ")[1].split("```")[0]
    told = ["stroll.txt: " + block.splitlines()[0], *block.splitlines()[1:]]
    assert [line for line in printed if line in told] == told
    assert len(printed) - len(told) == 6


def test_the_example_of_a_batch_is_the_one_that_is_shown_and_can_be_rendered(tmp_path: Path):
    path = ROOT / "docs/examples/overnight.toml"
    assert f"```toml\n{path.read_text(encoding='utf-8')}```" in BATCH
    jobs = read_jobs(path)
    assert len(jobs) == 2 * 3 * 2 + 1
    told = forecast(jobs, tmp_path / "out", lambda _spec: FakeWorld().info)
    assert not told.problems
    assert told.jobs[-1].num_chunks == 8


def test_the_message_of_a_mistake_is_told_word_for_word(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "a.toml"
    text = (ROOT / "docs/examples/overnight.toml").read_text()
    path.write_text(text.replace("guidance", "guidence").replace('world = "small-astra"\n', ""))
    assert main(["batch", str(path), "--out", str(tmp_path / "out")]) == 1
    told = " ".join(capsys.readouterr().err.split())
    (shown,) = re.findall(r"`(Line 7, .*?\?)`", BATCH.replace("\n", " "))
    assert shown in told


@pytest.mark.parametrize("page", [TRAJECTORIES, BATCH])
def test_every_link_leads_somewhere(page: str):
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        if not link.startswith("http"):
            assert (ROOT / "docs" / link).exists(), link
