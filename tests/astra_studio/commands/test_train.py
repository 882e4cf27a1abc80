from __future__ import annotations

import argparse
import time

import pytest

from astra_studio.commands import OK, train


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    train.add(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    return parser.parse_args(["train", *arguments])


def test_smoke_runs_every_stage_in_under_a_minute_and_says_so(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    started = time.process_time()
    assert train.run(parsed("--smoke")) == OK
    assert time.process_time() - started < 60
    printed = capsys.readouterr()
    assert printed.out.startswith("smoke: all stages ran in ")
    assert "33 frames of 48 x 32" in printed.out
    stages = ("rendering", "autoencoder", "encoding", "training the transformer", "refining", "decoder", "exporting")
    places = [printed.err.index(stage) for stage in stages]
    assert places == sorted(places)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("mine.toml", "--smoke")])
def test_it_is_a_config_or_a_smoke_run(arguments, capsys):
    with pytest.raises(SystemExit):
        parsed(*arguments)
    assert "CONFIG.toml" in capsys.readouterr().err
