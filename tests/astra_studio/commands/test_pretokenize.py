from __future__ import annotations

import argparse

import pytest

from astra_studio.commands import FAILED, OK, pretokenize
from engine.training.datasets.motion import ROW_STYLES
from engine.training.datasets.pretokenize import Request
from engine.training.datasets.registry import AUTO, LAYOUTS
from engine.training.shards import find_shards, read_shard
from tests.engine.training.datasets.builders import write_sekai


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    pretokenize.add(parser.add_subparsers(), argparse.ArgumentParser(add_help=False))
    return parser.parse_args(["pretokenize", *arguments])


def test_it_offers_every_layout_and_row_style_and_the_defaults_of_the_engine(tmp_path):
    assert (AUTO, *LAYOUTS) == pretokenize.LAYOUTS
    options = parsed("in", "out")
    defaults = Request(source=tmp_path, out=tmp_path)
    assert (options.ticks, options.clips_per_shard) == (defaults.num_latents, defaults.clips_per_shard)
    for style in ROW_STYLES:
        assert parsed("in", "out", "--rows", style).rows == style


@pytest.mark.parametrize("size", ["832", "832x", "ax b", "-16x16"])
def test_a_size_that_is_none_is_refused(size, capsys):
    with pytest.raises(SystemExit):
        parsed("in", "out", f"--size={size}")
    assert "write a size as 832x480" in capsys.readouterr().err


def test_a_data_set_becomes_shards_of_the_bundled_world(tmp_path, capsys):
    write_sekai(tmp_path / "in", num_clips=2, num_frames=50)
    broken = sorted((tmp_path / "in").rglob("*.mp4"))[1]
    broken.write_bytes(b"no video")
    options = parsed(str(tmp_path / "in"), str(tmp_path / "out"), "--ticks", "9", "--device", "cpu")
    assert options.command(options) == OK
    (shard,) = map(read_shard, find_shards([tmp_path / "out"]))
    assert shard.latents.shape == (1, 9, 16, 8, 14)
    told = capsys.readouterr()
    assert "1 clips, 1.6 s of video, 0.1 MB in 1 shards (layout sekai)" in told.out
    assert "1 of 1 camera clips move forward on the whole" in told.out
    assert f"  sekai-game-walking/{broken.stem}: " in told.out
    assert "sekai-00000.safetensors: 1 camera clips of 9 latents" in told.err
    assert options.command(options) == OK
    assert "1 clips lay there already" in capsys.readouterr().out


def test_nothing_to_train_on_is_a_failure(tmp_path):
    write_sekai(tmp_path / "in", num_clips=1, num_frames=10)
    options = parsed(str(tmp_path / "in"), str(tmp_path / "out"), "--device", "cpu")
    assert options.command(options) == FAILED
